-- R8, R10 and R17: whether anybody watches, where something waits for a monitor.

create or replace function rollout.running_monitors(feature text)
returns setof rollout.monitors
language sql stable  -- inlined
as $$
    select m.*
    from rollout.monitors m cross join rollout.watch_limits() l
    where m.feature_name = feature
      and m.seen_at > clock_timestamp() - make_interval(secs => l.beats * m.every_seconds + l.grace_seconds)
$$;
comment on function rollout.running_monitors(text) is 'R17: the monitors of a feature that run, by their heartbeats.';

create or replace function rollout.watch(config rollout_configuration)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select jsonb_build_object(
            'checked_at', k.checked_at, 'checked_by', k.checked_by,
            'monitors', m.running,
            'is_watched', m.running > 0 or coalesce(k.checked_at > clock_timestamp() - l.checked_within, false))
        from rollout.watch_limits() l
        cross join lateral (select count(*) as running from rollout.running_monitors(config.feature_name)) m
        left join rollout.health_checks k on k.feature_name = config.feature_name);
end $$;
comment on function rollout.watch(rollout_configuration) is
    'R8, R17: when health was last checked and by whom, how many monitors run, and whether anybody watches: a monitor '
    'runs, or health was checked a short while ago, as by cron.';

create or replace function rollout.is_to_rise(config rollout_configuration)
returns boolean
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return config.auto_advance and rollout.percentage_in_effect(config) > 0
        and not rollout.is_held_for_good(config) and (rollout.step_in_plan(config)).next is not null;
end $$;
comment on function rollout.is_to_rise(rollout_configuration) is
    'R17: whether the ramp is to go up by itself with no further command: never from 0 %, during a stop or a hold '
    'without an end, nor past the end of its plan.';

create or replace function rollout.watch_warnings(config rollout_configuration)
returns table (name text, message text, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
declare
    rises constant boolean := rollout.is_to_rise(config) and rollout.decided_by() is distinct from 'host';
begin
    return query
    select 'nobody_watches',
           format('no monitor runs, and health was %s; %s', case when w.watch ->> 'checked_at' is null
                  then 'never checked' else format('last checked on %s by %s',
                      to_char((w.watch ->> 'checked_at')::timestamptz at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"'),
                      w.watch ->> 'checked_by') end,
                  concat_ws(', and ',
                      case when rises then 'the ramp waits for one to go up by itself' end,
                      case when w.services > 0 then 'alerts wait for one' end)),
           'rollout-console monitor, in a shell'
    from (
        select rollout.watch(config) as watch, (
            select count(*) from rollout.receivers r where r.feature_name = config.feature_name) as services) w
    where (rises or w.services > 0) and not (w.watch -> 'is_watched')::boolean
    union all
    select 'alerts_fail',
           format('%s has taken no alert since %s; %s for it', r.shown_as,
                  to_char(r.failed_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"'),
                  case d.waiting when 1 then '1 waits' else d.waiting || ' wait' end),
           'rollout-console verify --way-out, in a shell'
    from rollout.receivers r
    cross join lateral (
        select count(*) as waiting from rollout.deliveries d
        where d.feature_name = r.feature_name and d.receiver = r.receiver and d.closed_at is null) d
    cross join rollout.delivery_limits() l
    cross join lateral (
        select bool_or(coalesce(r.receiver = any (m.receivers), true)) as is_named
        from rollout.running_monitors(config.feature_name) m) n
    where r.feature_name = config.feature_name and r.failures >= l.failed_alerts and d.waiting > 0
      and n.is_named is not false;  -- else it was taken out of ROLLOUT_ALERT_URLS
end $$;
comment on function rollout.watch_warnings(rollout_configuration) is
    'R10, R17: something waits for a monitor and none runs; a service takes no alerts, and no monitor that runs has '
    'done without it.';
