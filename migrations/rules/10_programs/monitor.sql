-- R17: monitors that know of each other, since each may advance the ramp.

create or replace function public.rollout_monitor_beat(
    monitor_id uuid, every_seconds integer, feature_name text default 'hybrid_progressive_capture',
    leaving boolean default false, receivers text[] default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    interval_seconds constant integer := rollout.within(
        'the interval in seconds', every_seconds, 1, 7 * 86400, 'rollout-console monitor --every 15m');
    feature constant text := rollout_monitor_beat.feature_name;
    services constant text[] := rollout_monitor_beat.receivers;
    who constant jsonb := rollout.given(context, 'object', 'context');
begin
    if leaving then
        delete from rollout.monitors m where m.id = monitor_id;
    else
        insert into rollout.monitors (id, feature_name, operator, host, every_seconds, receivers)
        values (
            monitor_id, feature, left(who ->> 'operator', 200), left(who ->> 'host', 200), interval_seconds, services)
        on conflict (id) do update
        set seen_at = clock_timestamp(), every_seconds = excluded.every_seconds, receivers = excluded.receivers;
    end if;
    delete from rollout.monitors m where m.seen_at < clock_timestamp() - interval '30 days';
    return jsonb_build_object('others', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', m.id, 'operator', m.operator, 'host', m.host, 'every_seconds', m.every_seconds,
            'started_at', m.started_at, 'seen_at', m.seen_at) order by m.started_at), '[]')
        from rollout.running_monitors(feature) m
        where m.id <> monitor_id));
end $$;
comment on function public.rollout_monitor_beat(uuid, integer, text, boolean, text[], jsonb) is
    'Records a monitor''s heartbeat with the services that it sends alerts to, or removes it as it leaves; answers '
    'which other monitors of the feature run.';
