-- R7 and R8: decides what a window of jobs says: rate, interval, verdict, and why the breaker would trip.

create or replace function rollout.window_of_jobs(config rollout_configuration)
returns rollout.job_counts[]
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    -- as an array, so that the slots are summed once and each part of a screen reads the sums
    return array(
        select (config.id, min(c.slot_start), c.processor_type, 0, sum(c.jobs), sum(c.errors), sum(c.successes),
                sum(c.timed_jobs), sum(rollout.known(c.processing_seconds)), c.treated, sum(c.leaks),
                max(c.last_leak_at),
                sum(c.recorded), max(c.clock_skew))::rollout.job_counts
        from rollout.counts c
        where c.rollout_config_id = config.id and c.slot_start >= (select rollout.window_start(config))
        group by c.processor_type, c.treated
        order by c.processor_type, c.treated desc);
end $$;
comment on function rollout.window_of_jobs(rollout_configuration) is
    'R7: the jobs inside the window, a row for each processor and arm.';

create or replace function rollout.wilson(events bigint, trials bigint, out low numeric, out high numeric)
language plpgsql immutable parallel safe
set search_path = pg_catalog, public, pg_temp
as $$
declare
    n constant float8 := nullif(trials, 0);
    p constant float8 := events / n;
    z constant float8 := 1.959964;
    centre constant float8 := (p + z ^ 2 / (2 * n)) / (1 + z ^ 2 / n);
    spread constant float8 := z * sqrt(p * (1 - p) / n + z ^ 2 / (4 * n * n)) / (1 + z ^ 2 / n);
begin
    if trials > 0 then
        low := round((100 * greatest(0, centre - spread))::numeric, 2);
        high := round((100 * least(1, centre + spread))::numeric, 2);
    end if;
end $$;
comment on function rollout.wilson(bigint, bigint) is
    'R7: the 95 % confidence interval (Wilson) of a rate, in percent, at one look; null without trials.';

create or replace function rollout.rate(jobs bigint, errors bigint)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select jsonb_build_object(
            'jobs', jobs, 'errors', errors, 'error_rate', round(errors * 100.0 / nullif(jobs, 0), 4),
            'error_rate_low', i.low, 'error_rate_high', i.high)
        from rollout.wilson(least(errors, jobs), jobs) i);
end $$;
comment on function rollout.rate(bigint, bigint) is 'R7: an error rate in percent with its 95 % interval, at one look.';

create or replace function rollout.control(config rollout_configuration, seen rollout.job_counts[])
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select rollout.rate(w.jobs, w.errors) || jsonb_build_object(
            'failing', rollout.crossed(w.errors, w.jobs, config.max_error_rate, config.minimum_sample))
        from (
            select greatest(coalesce(sum(s.jobs), 0), 0)::bigint as jobs,
                   greatest(coalesce(sum(s.errors), 0), 0)::bigint as errors
            from unnest(seen) s where not s.treated
        ) w);
end $$;
comment on function rollout.control(rollout_configuration, rollout.job_counts[]) is
    'R7: the jobs outside the rollout; if they fail as well, the rollout is probably not the cause.';

create or replace function rollout.compared(config rollout_configuration)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    -- Since the percentage was changed: before, the treatment had another share of the jobs.
    return (
        select to_jsonb(c) - 'evidence' || jsonb_build_object(
            'since', s.since, 'evidence', round(least(c.evidence, 1e9), 4), 'evidence_limit', l.early_limit,
            'early', c.evidence >= l.early_limit and rollout.percentage_in_effect(config) > 0)
        from rollout.evidence_limits() l
        cross join greatest(rollout.window_start(config), config.percentage_since) s (since)
        cross join lateral rollout.comparison(config, s.since, 'infinity') c);
end $$;
comment on function rollout.compared(rollout_configuration) is
    'R8: both arms over the window, or since the percentage was changed in it, and whether the difference is an early '
    'sign, which warns and holds and never rolls back.';

create or replace function rollout.judged_stretch(
    config rollout_configuration, breach text, since timestamptz, jobs bigint, errors bigint, evidence numeric
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select rollout.rate(jobs, errors) || jsonb_build_object(
            'since', since, 'evidence', round(least(evidence, 1e9), 4),
            'evidence_limit', case breach when 'run' then l.window_limit else l.recent_limit end)
        from rollout.evidence_limits() l);
end $$;
comment on function rollout.judged_stretch(
    rollout_configuration, text, timestamptz, bigint, bigint, numeric) is
    'R8: the jobs that a breach rests on where they are not those of the window.';

create or replace function rollout.breach_holds(config rollout_configuration, shared boolean)
returns boolean
language sql immutable
as $$ select config.on_breach = 'hold' or shared $$;
comment on function rollout.breach_holds(rollout_configuration, boolean) is
    'R8 and R17: whether a breach holds the ramp in place of lowering it: as on_breach says, or if the control fails '
    'as well.';

create or replace function rollout.health(config rollout_configuration, seen rollout.job_counts[])
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    t constant record := rollout.treatment(config);
    rule record;
    limits constant record := rollout.evidence_limits();
    window_start constant timestamptz := rollout.window_start(config);
    breach constant boolean := t.whole_breach or t.recent_breach;
    check_rolls_back boolean;
begin
    select * into rule from rollout.guardrails() g where g.guardrail = config.guardrail;
    check_rolls_back := (breach or (t.crossed and not rule.at_checks)) and not t.shared;
    return rollout.rate(t.jobs, t.errors) || jsonb_build_object(
        'window_hours', config.monitoring_window_hours,
        'window_start', window_start,
        'since_restart', coalesce(window_start = config.restarted_at, false),
        'successes', t.successes,
        'success_rate', round(t.successes * 100.0 / nullif(t.jobs, 0), 4),
        'max_error_rate', config.max_error_rate,
        'minimum_sample', config.minimum_sample,
        'guardrail', config.guardrail,
        'evidence', round(least(t.evidence, 1e9), 4),
        'evidence_limit', limits.window_limit,
        'recent', case
            when t.recent_breach then rollout.judged_stretch(
                config, 'stretches', t.recent_since, t.recent_jobs, t.recent_errors, t.recent_evidence)
            when t.whole_breach and rule.at_reports and t.run_jobs <> t.jobs then rollout.judged_stretch(
                config, 'run', config.restarted_at, t.run_jobs, t.run_errors, t.evidence) end,
        'control', rollout.control(config, seen),
        'compared', rollout.compared(config),
        'breach', breach,
        'shared', t.shared,
        'check_rolls_back', check_rolls_back,
        'check_leads_to', case
            when not ((check_rolls_back or t.shared) and rollout.can_trip(config)) then 'nothing'
            when rollout.breach_holds(config, t.shared) then 'hold'
            else 'rollback' end,
        'verdict', case
            when t.jobs = 0 then 'no_data'
            when breach then 'breach'
            when t.jobs < config.minimum_sample then 'small_sample'
            when t.crossed then 'above_threshold'
            else 'healthy'
        end);
end $$;
comment on function rollout.health(rollout_configuration, rollout.job_counts[]) is
    'R7 and R8: the treatment''s rate over the window with its interval and evidence, the control beside it, and the '
    'verdict: breach if a report trips the breaker, above_threshold if the threshold is crossed on weak evidence; '
    'whether that is enough for a health check, and what one would do now.';

create or replace function rollout.health(config rollout_configuration)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return rollout.health(config, rollout.window_of_jobs(config));
end $$;
comment on function rollout.health(rollout_configuration) is 'R7: the health of a rollout now.';

create or replace function rollout.trip_reason(config rollout_configuration, health jsonb)
returns text
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    select case when (health -> 'shared')::boolean then 'both arms fail: ' else '' end
        || format('error rate %s %% (%s of %s jobs%s) above %s %%',
            round((h.judged ->> 'error_rate')::numeric, 2), h.judged ->> 'errors', h.judged ->> 'jobs',
            to_char((h.judged ->> 'since')::timestamptz at time zone 'UTC', '" since "YYYY-MM-DD HH24:MI"Z"'),
            config.max_error_rate)
        || case when (health #>> '{control,jobs}')::bigint > 0
            then format('; control %s %%', round((health #>> '{control,error_rate}')::numeric, 2)) else '' end
        || case when (health -> 'shared')::boolean then format(
                '; held at %s %%, not rolled back', config.rollout_percentage)
            when (health #> '{control,failing}')::boolean then ': probably not the rollout' else '' end
    from (select coalesce(nullif(health -> 'recent', 'null'), health) as judged) h
$$;
comment on function rollout.trip_reason(rollout_configuration, jsonb) is
    'R8: why the breaker tripped, with both arms, in one line of history.';
