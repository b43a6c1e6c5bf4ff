-- R8: the recorded jobs, judged once more by other settings.

create or replace function rollout.restarts(config_id uuid)
returns setof timestamptz
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select coalesce(rollout.time_in(h.metadata, 'restarted_at'), h.created_at)
    from rollout_history h
    where h.rollout_config_id = restarts.config_id and rollout.is_recorded(h.metadata)
      and ((coalesce(h.previous_percentage, 0) = 0 and h.new_percentage > 0)
           or (h.metadata #> '{before,emergency_stop}' = 'true' and h.metadata #> '{after,emergency_stop}' = 'false')
           or rollout.time_in(h.metadata, 'restarted_at') is not null)
$$;
comment on function rollout.restarts(uuid) is
    'R7: every moment, as history has it, at which health began afresh.';

create or replace function rollout.recorded_windows(config rollout_configuration, since timestamptz)
returns table (
    run bigint, slot_start timestamptz, jobs bigint, errors bigint, window_jobs bigint, window_errors bigint
)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    -- A window is 288 slots, the last one included, as it is live: those that begin less than its length
    -- before its end.
    with restarts as (
        select r.at from rollout.restarts(config.id) r (at)
    ), slots as (
        select c.slot_start, sum(c.jobs) as jobs, sum(c.errors) as errors,
               (select count(*) from restarts r where r.at <= c.slot_start) as run
        from rollout.counts c
        where c.rollout_config_id = config.id and c.treated and c.slot_start >= recorded_windows.since
          -- rollout.is_late, as an equality: hashed, and not each slot compared with each restart
          and not exists (select from restarts r where r.at - interval '1 microsecond' = c.slot_start)
        group by c.slot_start
    )
    select s.run, s.slot_start, s.jobs::bigint, s.errors::bigint,
           greatest(sum(s.jobs) over in_window, 0)::bigint, greatest(sum(s.errors) over in_window, 0)::bigint
    from slots s
    window in_window as (
        partition by s.run order by s.slot_start
        range between make_interval(hours => config.monitoring_window_hours) - rollout.slot_length(config) preceding
            and current row)
    order by s.slot_start
$$;
comment on function rollout.recorded_windows(rollout_configuration, timestamptz) is
    'R8: the recorded slots with jobs of the treatment, each with the window that ends with it, since the last restart '
    '(run counts them); without the jobs that were reported after the restart that they began before.';

create or replace function rollout.replay(config rollout_configuration, since timestamptz)
returns table (
    run bigint, at timestamptz, jobs bigint, errors bigint, evidence numeric, judged_at text, held boolean
)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    limits constant record := rollout.evidence_limits();
    rule record;
    p constant float8 := config.max_error_rate / 100;
    slot record;
    starts timestamptz[];
    slot_jobs bigint[];
    slot_errors bigint[];
    run_jobs bigint;
    run_errors bigint;
    sums float8[];  -- of all stretches, by alternative: never less than what those that count are weighed at
    state text;
    by_run boolean;
    total numeric;
    strongest timestamptz;
    recent_jobs bigint;
    recent_errors bigint;
    against record;
begin
    select * into rule from rollout.guardrails() g where g.guardrail = config.guardrail;
    for slot in select * from rollout.recorded_windows(config, since) loop
        if run is distinct from slot.run then
            run := slot.run;
            starts := '{}';
            slot_jobs := '{}';
            slot_errors := '{}';
            run_jobs := 0;
            run_errors := 0;
            sums := '{}';
            state := 'running';
        end if;
        continue when state = 'rolled back';
        starts := (starts || slot.slot_start)[greatest(cardinality(starts) - limits.stretches + 2, 1):];
        slot_jobs := (slot_jobs || slot.jobs)[greatest(cardinality(slot_jobs) - limits.stretches + 2, 1):];
        slot_errors := (slot_errors || slot.errors)[greatest(cardinality(slot_errors) - limits.stretches + 2, 1):];
        run_jobs := run_jobs + slot.jobs;
        run_errors := run_errors + slot.errors;
        sums := array(
            select least((coalesce(a.was, 0) + 1) * exp(greatest(least(
                slot.errors * ln(a.r) - slot.jobs * ln(1 - p + a.r * p), 300), -600)), 1e150)
            from unnest(rollout.alternatives(), sums) a (r, was));
        by_run := rollout.run_trips(config, slot.window_jobs, slot.window_errors, run_jobs, run_errors);
        total := 0;
        strongest := starts[1];
        if by_run or (select avg(a) from unnest(sums) a) >= limits.recent_limit then
            select w.total, coalesce(w.since, strongest), w.jobs, w.errors
            into total, strongest, recent_jobs, recent_errors
            from rollout.weigh_stretches(config, starts, slot_jobs, slot_errors) w;
        end if;
        judged_at := case
            when by_run or rollout.stretches_trip(
                config, total, strongest,
                slot.slot_start - make_interval(hours => config.monitoring_window_hours) + rollout.slot_length(config),
                slot.window_jobs, slot.window_errors) then 'report'
            when not rule.at_checks and rollout.crossed(
                slot.window_errors, slot.window_jobs, config.max_error_rate, config.minimum_sample) then 'check' end;
        continue when judged_at is null;
        held := false;
        if rule.compared then
            against := rollout.comparison(config, strongest, slot.slot_start);
            held := against.control_jobs > 0 and against.evidence < limits.compared_limit;
        end if;
        continue when held and state = 'held';
        state := case when held then 'held' else 'rolled back' end;
        at := least(
            date_bin(rollout.slot_length(config), slot.slot_start, 'epoch') + rollout.slot_length(config),
            (select min(r) from rollout.restarts(config.id) r where r > slot.slot_start), clock_timestamp());
        jobs := case when judged_at = 'check' or by_run and not rule.at_reports then slot.window_jobs
            when by_run then run_jobs else recent_jobs end;
        errors := case when judged_at = 'check' or by_run and not rule.at_reports then slot.window_errors
            when by_run then run_errors else recent_errors end;
        evidence := case when judged_at = 'check' or by_run
            then rollout.evidence(errors, jobs, config.max_error_rate) else total end;
        return next;
    end loop;
end $$;
comment on function rollout.replay(rollout_configuration, timestamptz) is
    'R8: the recorded jobs, judged at the end of each slot, which `at` is, by the functions that judge them live: the '
    'first rollback after each restart, at a report or a health check, and the first hold before it where the control '
    'failed as well.';

create or replace function public.rollout_backtest(
    settings jsonb default '{}', days integer default 30, feature_name text default 'hybrid_progressive_capture'
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config constant rollout_configuration := rollout.with_settings(
        rollout.active(feature_name), coalesce(rollout.given(settings, 'object', 'settings'), '{}'), 'backtest');
    since constant timestamptz := clock_timestamp()
        - make_interval(days => rollout.within('days', days, 1, 365, 'rollout.backtest(days=30)'));
begin
    return (
        with trips as (
            select * from rollout.replay(config, since)
        ), acted as (
            select h.created_at as at, rollout.object_in(h.metadata, 'evidence') as evidence,
                   -- a step back ends the run in which it is made, and begins the next
                   (select count(*) from rollout.restarts(config.id) r
                    where r < coalesce(rollout.time_in(h.metadata, 'restarted_at'), h.created_at)) as run,
                   h.previous_percentage > h.new_percentage as lowered
            from rollout_history h
            where h.rollout_config_id = config.id and rollout.is_recorded(h.metadata) and h.created_at >= since
              and (h.triggered_by = 'auto_rollback' and h.previous_percentage > h.new_percentage
                   or h.triggered_by = 'auto_hold')
              -- on reported jobs, and not on a warning, which nothing here judges
              and coalesce(rollout.object_in(h.metadata, 'evidence') ->> 'verdict', 'breach')
                  in ('breach', 'above_threshold')
        )
        select jsonb_build_object(
            'guardrail', config.guardrail, 'on_breach', config.on_breach, 'max_error_rate', config.max_error_rate,
            'minimum_sample', config.minimum_sample, 'since', since,
            'jobs', (select coalesce(sum(c.jobs), 0) from rollout.counts c
                     where c.rollout_config_id = config.id and c.treated and c.slot_start >= since),
            'trips', coalesce((
                select jsonb_agg(rollout.rate(t.jobs, t.errors) || jsonb_build_object(
                    'at', coalesce(a.at, t.at), 'is_exact', a.at is not null,
                    'evidence', round(least(t.evidence, 1e9), 4), 'judged_at', t.judged_at, 'held', t.held,
                    'acted', exists (select from acted a where a.run = t.run)) order by t.at)
                from trips t
                cross join lateral (
                    select min(a.at) as at from acted a
                    where a.run = t.run and a.at > t.at - rollout.slot_length(config) and a.at <= t.at) a), '[]'),
            'missed', coalesce((
                select jsonb_agg(jsonb_build_object(
                    'at', a.at, 'jobs', a.evidence -> 'jobs', 'errors', a.evidence -> 'errors',
                    'error_rate', a.evidence -> 'error_rate') order by a.at)
                from acted a
                where a.lowered and not exists (select from trips t where t.run = a.run and not t.held)), '[]')));
end $$;
comment on function public.rollout_backtest(jsonb, integer, text) is
    'rollout.backtest(), R8: when other settings would have rolled back in the recorded days (the first time after '
    'each restart), or held, and which rollbacks of the breaker they would have missed.';
