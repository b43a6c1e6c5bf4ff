-- R8: what a guardrail costs, reckoned exactly: how often it rolls back a healthy day, and how soon it acts.

create or replace function rollout.trip_bounds(config rollout_configuration, jobs integer, check_every integer)
returns integer[]
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    rule record;
    needed constant integer := (select l.window_limit from rollout.evidence_limits() l);
    bounds integer[] := '{}';
    crossing integer;  -- errors from which the threshold is crossed
    strong integer := 0;  -- errors from which the evidence is strong; never fewer at a later job
begin
    select * into rule from rollout.guardrails() g where g.guardrail = config.guardrail;
    for job in 1..jobs loop
        while strong <= job and rollout.evidence(strong, job, config.max_error_rate) < needed loop
            strong := strong + 1;
        end loop;
        crossing := 1 + case
            when job < config.minimum_sample then job else floor(config.max_error_rate * job / 100) end;
        bounds[job] := case
            when job % check_every = 0 and not rule.at_checks then crossing
            when rule.at_reports then greatest(crossing, strong)
            else crossing end;
    end loop;
    return bounds;
end $$;
comment on function rollout.trip_bounds(rollout_configuration, integer, integer) is
    'R8: for each of so many jobs after a restart, the fewest errors among them that roll back, with a health check at '
    'every check_every-th job (null for none).';

create or replace function rollout.trip_chance(
    bounds integer[], error_rate double precision, out chance double precision, out median_job integer
)
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    p constant float8 := error_rate / 100;
    negligible constant float8 := 1e-15;
    alive float8[] := '{1}';  -- alive[k + 1]: the chance of k errors so far and no rollback yet
    most integer := 1;
    fewest integer := 1;  -- below it the chance is negligible
begin
    chance := 0;
    for job in 1..cardinality(bounds) loop
        alive[most + 1] := alive[most] * p;
        for i in reverse most..fewest + 1 loop
            alive[i] := alive[i] * (1 - p) + alive[i - 1] * p;
        end loop;
        alive[fewest] := alive[fewest] * (1 - p);
        most := most + 1;
        while most > bounds[job] and most >= fewest loop
            chance := chance + alive[most];
            most := most - 1;
        end loop;
        if median_job is null and chance >= 0.5 then
            median_job := job;
        end if;
        while fewest < most and alive[fewest] < negligible loop
            fewest := fewest + 1;
        end loop;
        exit when most < fewest or chance > 1 - 1e-12;
    end loop;
end $$;
comment on function rollout.trip_chance(integer[], double precision) is
    'R8: the chance that a rollout with this true error rate, in percent, reaches one of the bounds, by recursion over '
    'jobs and errors; and the job at which half of such rollouts have.';

create or replace function public.rollout_guardrail(
    settings jsonb default '{}', feature_name text default 'hybrid_progressive_capture'
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout.with_settings(
        rollout.active(feature_name), coalesce(rollout.given(settings, 'object', 'settings'), '{}'));
    rule record;
    limits constant record := rollout.evidence_limits();
    today constant bigint := (
        select coalesce(sum(c.jobs), 0) from rollout.counts c
        where c.rollout_config_id = config.id and c.treated
          and c.slot_start >= clock_timestamp() - interval '24 hours');
    -- Reckoned job by job: beyond the upper bound that takes too long for an answer at a prompt.
    jobs constant integer := case when today = 0 then 1000 else greatest(100, least(2000, today)) end;
    check_minutes constant integer := 15;  -- the manual's interval of a monitor
    check_every constant integer := greatest(1, jobs * check_minutes / (24 * 60));
    at_reports constant integer[] := rollout.trip_bounds(config, jobs, null);
    with_checks constant integer[] := rollout.trip_bounds(config, jobs, check_every);
begin
    select * into rule from rollout.guardrails() g where g.guardrail = config.guardrail;
    return jsonb_build_object(
        'guardrail', config.guardrail, 'meaning', rule.meaning,
        'max_error_rate', config.max_error_rate, 'minimum_sample', config.minimum_sample,
        'evidence_limit', limits.window_limit, 'recent_limit', limits.recent_limit,
        'jobs_today', today, 'jobs', jobs, 'check_minutes', check_minutes,
        'healthy', (
            select jsonb_agg(jsonb_build_object(
                'error_rate', r, 'at_reports', round((100 * reports.chance)::numeric, 4),
                'with_checks', round((100 * checks.chance)::numeric, 4)) order by r)
            from unnest('{1, 2, 3, 4}'::integer[]) r
            cross join lateral rollout.trip_chance(at_reports, r) reports
            cross join lateral rollout.trip_chance(with_checks, r) checks),
        'failing', (
            select jsonb_agg(jsonb_build_object('error_rate', r, 'median_job', reports.median_job) order by r)
            from unnest('{10, 20, 30, 50}'::integer[]) r
            cross join lateral rollout.trip_chance(at_reports, r) reports));
end $$;
comment on function public.rollout_guardrail(jsonb, text) is
    'rollout.guardrail(), R8: the rule, the chance that it rolls back a healthy day of so many jobs, at reports alone '
    'and with a health check every 15 minutes, and the job at which a report rolls a failing rollout back.';
