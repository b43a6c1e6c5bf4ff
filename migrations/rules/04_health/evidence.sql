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
        from rollout.job_counts c
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

create or replace function rollout.would_breach(
    config rollout_configuration, jobs bigint, errors bigint, more_errors integer
)
returns boolean
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return rollout.crossed(errors + more_errors, jobs + more_errors, config.max_error_rate, 1)
       and (not (select g.at_reports from rollout.guardrails() g where g.guardrail = config.guardrail)
            or rollout.evidence(errors + more_errors, jobs + more_errors, config.max_error_rate)
               >= (rollout.evidence_limits()).window_limit);
end $$;
comment on function rollout.would_breach(rollout_configuration, bigint, bigint, integer) is
    'R8: whether jobs, some of them errors, could be a breach with so many errors more.';

create or replace function rollout.could_breach(config rollout_configuration)
returns boolean
language plpgsql  -- asked twice at each report of a failure
set search_path = pg_catalog, public, pg_temp
as $$
declare
    -- Each session may be about to commit one failure that nobody else sees yet, and whatever it takes for a sample.
    unseen constant integer := current_setting('max_connections')::integer
        + current_setting('max_prepared_transactions')::integer;
    moment constant timestamptz := clock_timestamp();
    slot constant timestamptz := rollout.slot_start(config, moment);
    answered_for constant text := format('%s %s %s %s %s %s', config.id, config.max_error_rate, config.guardrail,
                                         config.monitoring_window_hours, config.restarted_at, slot);
    answer constant text[] := string_to_array(current_setting('rollout.no_breach', true), '|');
    present record;
    room integer;
begin
    select coalesce(sum(c.jobs), 0)::bigint as jobs, coalesce(sum(c.errors), 0)::bigint as errors into present
    from rollout.job_counts c
    where c.rollout_config_id = config.id and c.treated and c.slot_start = slot;
    -- The last answer of this session holds as long as only so many errors have come since.
    if answer[1] = answered_for and present.jobs >= answer[2]::bigint and present.errors <= answer[3]::bigint then
        return false;
    end if;
    -- Room for many is looked for first: then each of many sessions need not look again so soon. The present slot is
    -- looked at by itself, because it may hold none but the failures that nobody sees, and is then no stretch yet.
    foreach room in array array[16 * unseen, unseen] loop
        if not rollout.would_breach(config, present.jobs, present.errors, room + unseen)
            and not exists (
                select from rollout.stretches(config) s
                where rollout.would_breach(config, s.jobs, s.errors, room + unseen)) then
            perform set_config('rollout.no_breach',
                format('%s|%s|%s', answered_for, present.jobs, present.errors + room), false);
            return false;
        end if;
    end loop;
    return true;
end $$;
comment on function rollout.could_breach(rollout_configuration) is
    'R8: whether the window could be in breach if every other session were about to commit a failure.';
