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
           or (h.metadata #> '{before,emergency_stop}' = 'true' and h.metadata #> '{after,emergency_stop}' = 'false'))
$$;
comment on function rollout.restarts(uuid) is
    'R7: every moment, as history has it, at which health began afresh.';

create or replace function rollout.replay(config rollout_configuration, since timestamptz)
returns table (run bigint, at timestamptz, jobs bigint, errors bigint, evidence numeric, trips_at text)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    with restarts as (
        select r.at from rollout.restarts(config.id) r (at)
    ), slots as (
        select c.slot_start, sum(c.jobs) as jobs, sum(c.errors) as errors,
               (select count(*) from restarts r where r.at <= c.slot_start) as run
        from rollout.counts c
        where c.rollout_config_id = config.id and c.treated and c.slot_start >= since
        group by c.slot_start
    ), windows as (
        select s.run, s.slot_start,
               greatest(sum(s.jobs) over in_window, 0)::bigint as jobs,
               greatest(sum(s.errors) over in_window, 0)::bigint as errors
        from slots s
        window in_window as (
            partition by s.run order by s.slot_start
            range between make_interval(hours => config.monitoring_window_hours) preceding and current row)
    )
    select w.run, w.slot_start, w.jobs, w.errors, e.evidence,
           case
               when not rollout.crossed(w.errors, w.jobs, config.max_error_rate, config.minimum_sample) then null
               when e.evidence >= l.window_limit or not g.at_reports then 'report'
               when not g.at_checks then 'check'
           end
    from windows w
    cross join lateral rollout.evidence(w.errors, w.jobs, config.max_error_rate) e (evidence)
    cross join rollout.evidence_limits() l
    join rollout.guardrails() g on g.guardrail = config.guardrail
$$;
comment on function rollout.replay(rollout_configuration, timestamptz) is
    'R8: for each recorded slot the window that ends with it, since the last restart (run counts them), and whether it '
    'rolls back: at a report, at a health check, or not (null).';

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
        rollout.active(feature_name), coalesce(rollout.given(settings, 'object', 'settings'), '{}'));
    since constant timestamptz := clock_timestamp()
        - make_interval(days => rollout.within('days', days, 1, 365, 'rollout.backtest(days=30)'));
begin
    return (
        with replayed as (
            select * from rollout.replay(config, since)
        ), trips as (
            select distinct on (r.run) r.* from replayed r where r.trips_at is not null order by r.run, r.at
        ), acted as (
            select h.created_at as at, rollout.object_in(h.metadata, 'evidence') as evidence,
                   (select count(*) from rollout.restarts(config.id) r where r < h.created_at) as run
            from rollout_history h
            where h.rollout_config_id = config.id and rollout.is_recorded(h.metadata)
              and h.triggered_by = 'auto_rollback'
              and h.previous_percentage > h.new_percentage and h.created_at >= since
        )
        select jsonb_build_object(
            'guardrail', config.guardrail, 'max_error_rate', config.max_error_rate,
            'minimum_sample', config.minimum_sample, 'since', since,
            'jobs', (select coalesce(sum(c.jobs), 0) from rollout.counts c
                     where c.rollout_config_id = config.id and c.treated and c.slot_start >= since),
            'trips', coalesce((
                select jsonb_agg(rollout.rate(t.jobs, t.errors) || jsonb_build_object(
                    'at', t.at, 'evidence', round(least(t.evidence, 1e9), 4), 'judged_at', t.trips_at,
                    'acted', exists (select from acted a where a.run = t.run)) order by t.at)
                from trips t), '[]'),
            'missed', coalesce((
                select jsonb_agg(jsonb_build_object(
                    'at', a.at, 'jobs', a.evidence -> 'jobs', 'errors', a.evidence -> 'errors',
                    'error_rate', a.evidence -> 'error_rate') order by a.at)
                from acted a where not exists (select from trips t where t.run = a.run)), '[]')));
end $$;
comment on function public.rollout_backtest(jsonb, integer, text) is
    'rollout.backtest(), R8: when other settings would have rolled back in the recorded days (the first time after '
    'each restart), and which rollbacks of the breaker they would have missed. Stretches within a window are not '
    'replayed.';
