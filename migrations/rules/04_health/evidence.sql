-- R8: how strongly the jobs of a window speak against the rollout, however often one looks.

create or replace function rollout.evidence(errors bigint, jobs bigint, max_error_rate numeric)
returns numeric
language sql immutable strict parallel safe
as $$
    -- A one-sided mixture likelihood ratio: alternatives r times the odds of the tolerated rate p, for small and large
    -- regressions. With a = r p / (1 - p + r p), k ln(a/p) + (n-k) ln((1-a)/(1-p)) is k ln r - n ln(1 - p + r p).
    -- Kept within what a float8 holds: a million jobs would leave it at both ends.
    select case
        when n.p = 0 and n.k > 0 then 1e300
        else (
            select (sum(exp(least(greatest(n.k * ln(r) - n.n * ln(1 - n.p + r * n.p), -690), 690))) / count(*))::numeric
            from unnest('{1.7, 2.6, 4.7, 10, 28}'::float8[]) r)
    end
    from (
        select greatest(least(errors, jobs), 0)::float8 as k, greatest(jobs, 0)::float8 as n,
               least(greatest(max_error_rate, 0), 100)::float8 / 100 as p
    ) n
$$;
comment on function rollout.evidence(bigint, bigint, numeric) is
    'R8: evidence that the true error rate is above max_error_rate percent: at least x ever for at most 1/x of the '
    'rollouts whose rate is not (Ville''s inequality). 1 without jobs; from 1e-300 to 1e300.';

create or replace function rollout.crossed(
    errors bigint, jobs bigint, max_error_rate numeric, minimum_sample integer
)
returns boolean
language sql immutable parallel safe
as $$ select jobs >= minimum_sample and errors * 100 > max_error_rate * jobs $$;
comment on function rollout.crossed(bigint, bigint, numeric, integer) is
    'R8: the threshold is crossed: strictly above max_error_rate with at least minimum_sample jobs.';

create or replace function rollout.stretches(config rollout_configuration)
returns table (slot_start timestamptz, jobs bigint, errors bigint, successes bigint)
language sql stable rows 288  -- a set, so that it becomes part of the statement that uses it
as $$
    select s.slot_start, (sum(s.jobs) over up_to_now)::bigint, (sum(s.errors) over up_to_now)::bigint,
           (sum(s.successes) over up_to_now)::bigint
    from (
        select c.slot_start, sum(c.jobs) as jobs, sum(c.errors) as errors, sum(c.successes) as successes
        from rollout.counts c
        where c.rollout_config_id = config.id and c.treated and c.slot_start >= rollout.window_start(config)
        group by c.slot_start
    ) s
    window up_to_now as (order by s.slot_start desc)
$$;
comment on function rollout.stretches(rollout_configuration) is
    'R8: the treatment''s jobs from the beginning of each slot in the window up to now; the longest is the window.';

create or replace function rollout.treatment(
    config rollout_configuration,
    out jobs bigint, out errors bigint, out successes bigint, out evidence numeric, out crossed boolean,
    out recent_since timestamptz, out recent_jobs bigint, out recent_errors bigint, out recent_evidence numeric,
    out whole_breach boolean, out recent_breach boolean
)
language plpgsql stable  -- asked at each report of a failure
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
declare
    limits constant record := rollout.evidence_limits();
    rule record;
begin
    select * into rule from rollout.guardrails() g where g.guardrail = config.guardrail;
    with stretches as materialized (
        select s.* from rollout.stretches(config) s
    ), strongest as (
        select s.slot_start, s.jobs, s.errors, e.evidence
        from stretches s
        cross join lateral rollout.evidence(s.errors, s.jobs, config.max_error_rate) as e (evidence)
        where rollout.crossed(s.errors, s.jobs, config.max_error_rate, config.minimum_sample)
        order by e.evidence desc limit 1
    )
    -- The web application's own writes can lower counts; a sum is never below zero.
    select greatest(coalesce(w.jobs, 0), 0), greatest(coalesce(w.errors, 0), 0), greatest(coalesce(w.successes, 0), 0),
           r.slot_start, r.jobs, r.errors, r.evidence
    into jobs, errors, successes, recent_since, recent_jobs, recent_errors, recent_evidence
    from (select) one
    left join (select s.* from stretches s order by s.slot_start limit 1) w on true
    left join strongest r on true;
    evidence := rollout.evidence(errors, jobs, config.max_error_rate);
    crossed := rollout.crossed(errors, jobs, config.max_error_rate, config.minimum_sample);
    whole_breach := crossed and (evidence >= limits.window_limit or not rule.at_reports);
    recent_breach := not whole_breach and coalesce(recent_evidence >= limits.recent_limit, false);
end $$;
comment on function rollout.treatment(rollout_configuration) is
    'R7 and R8: the treatment''s jobs in the window, of the stretches up to now in which the threshold is crossed the '
    'one with the strongest evidence, and whether either is a breach that a report trips the breaker for.';
