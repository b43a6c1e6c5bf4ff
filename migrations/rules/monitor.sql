create or replace function public.rollout_monitor_beat(
    monitor_id uuid, every_seconds integer, feature_name text default 'hybrid_progressive_capture',
    leaving boolean default false, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    beats constant integer := least(greatest($2, 1), 7 * 86400);
begin
    if leaving then
        delete from rollout_monitors m where m.id = monitor_id;
    else
        insert into rollout_monitors (id, feature_name, operator, host, every_seconds)
        values (monitor_id, $3, left(context ->> 'operator', 200), left(context ->> 'host', 200), beats)
        on conflict (id) do update set seen_at = clock_timestamp(), every_seconds = excluded.every_seconds;
    end if;
    delete from rollout_monitors m where m.seen_at < clock_timestamp() - interval '30 days';
    return jsonb_build_object('others', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', m.id, 'operator', m.operator, 'host', m.host, 'every_seconds', m.every_seconds,
            'started_at', m.started_at, 'seen_at', m.seen_at) order by m.started_at), '[]')
        from rollout_monitors m
        where m.feature_name = $3 and m.id <> monitor_id
          -- two missed beats and a minute for one that is blind for a while
          and m.seen_at > clock_timestamp() - make_interval(secs => 2 * m.every_seconds + 60)));
end $$;
comment on function public.rollout_monitor_beat(uuid, integer, text, boolean, jsonb) is
    'A monitor''s sign of life, or its farewell; answers which others are at work on the feature.';

create or replace function public.rollout_claim_alerts(
    raised text[] default '{}', cleared text[] default '{}',
    feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    -- An answer that was lost is asked for again with the same id, and is the same again.
    operation constant uuid := coalesce((context ->> 'operation_id')::uuid, gen_random_uuid());
begin
    insert into rollout_alerts as a (feature_name, event, raised_by)
    select distinct $3, left(e, 200), operation from unnest(raised) e order by 2
    on conflict on constraint rollout_alerts_once do update
    set raised_at = clock_timestamp(), raised_by = excluded.raised_by, cleared_at = null, cleared_by = null
    where a.cleared_at is not null;
    update rollout_alerts a
    set cleared_at = clock_timestamp(), cleared_by = operation
    where a.feature_name = $3 and a.event = any (cleared) and a.cleared_at is null;
    delete from rollout_alerts a where greatest(a.raised_at, a.cleared_at) < clock_timestamp() - interval '90 days';
    return (
        select jsonb_build_object(
            'raised', coalesce(jsonb_agg(a.event) filter (where a.raised_by = operation and a.cleared_at is null), '[]'),
            'cleared', coalesce(jsonb_agg(a.event) filter (where a.cleared_by = operation), '[]'))
        from rollout_alerts a where a.feature_name = $3);
end $$;
comment on function public.rollout_claim_alerts(text[], text[], text, jsonb) is
    'Which of these events the caller is the first to raise, and which it has cleared: an alert is sent by whoever is told so, once.';
