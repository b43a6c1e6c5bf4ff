-- R10 and R18: the story of an incident: changes, notes, trips, alerts, errors that appeared, and jobs that leaked, in
-- one order.

create or replace function rollout.alerts_sent(feature text)
returns table (at timestamptz, event text)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select min(d.sent_at), concat_ws(' ', d.kind, case when d.state is null then d.event end)
    from rollout.deliveries d
    where d.feature_name = alerts_sent.feature and d.sent_at is not null
    group by d.event, d.kind, d.state
$$;
comment on function rollout.alerts_sent(text) is
    'Which alerts were sent, and when first: their kind, and the id of the change that they tell of.';

create or replace function rollout.events(
    config rollout_configuration, starts timestamptz, kinds jsonb, max_rows integer
)
returns table (at timestamptz, type text, change jsonb, alert text, error jsonb, leaks bigint)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    (select h.created_at,
            case when h.triggered_by = 'auto_rollback' then 'trip'
                 when rollout.text_in(h.metadata, 'command') = 'note' then 'note' else 'change' end,
            rollout.full_history_entry(h), null, null::jsonb, null::bigint
     from (
        select * from rollout_history x
        where x.rollout_config_id = config.id and x.created_at >= events.starts
          and rollout.is_told(x)
        order by x.created_at desc limit events.max_rows) h)
    union all
    (select a.at, 'alert', null, a.event, null, null
     from rollout.alerts_sent(config.feature_name) a
     where a.at >= events.starts order by a.at desc limit events.max_rows)
    union all
    (select (k ->> 'first_seen_at')::timestamptz, 'error', null, null, k, null
     from jsonb_array_elements(events.kinds) k where (k ->> 'first_seen_at')::timestamptz >= events.starts)
    union all
    (select max(c.last_leak_at), 'leak', null, null, null, sum(c.leaks)::bigint
     from rollout.counts c
     where c.rollout_config_id = config.id and c.leaks > 0 and c.last_leak_at >= events.starts and c.slot_start >= (
         events.starts - make_interval(hours => config.monitoring_window_hours))
     group by c.slot_start order by 1 desc limit events.max_rows)
$$;
comment on function rollout.events(rollout_configuration, timestamptz, jsonb, integer) is
    'What happened since a moment, of each type the newest, in no order.';

create or replace function public.rollout_timeline(
    since text default '2h', max_rows integer default 300, feature_name text default 'hybrid_progressive_capture'
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config constant rollout_configuration := rollout.active(feature_name);
    wanted constant integer := rollout.within('limit', max_rows, 1, 1000, 'rollout.timeline("2h", limit=300)');
    starts constant timestamptz := rollout.moment_since(since, 'rollout.timeline("2h")');
    present constant timestamptz := clock_timestamp();
    -- as many points as there are slots of time, so that no point is empty for want of a slot
    slot constant interval := rollout.slot_length(config);
    points constant integer := greatest(2, least(48, extract(epoch from present - starts) / extract(epoch from slot)));
    kinds constant jsonb := rollout.list_error_kinds(config, (rollout.error_limits()).kinds);
    events jsonb;
    left_out bigint;
begin
    -- not jsonb_agg, as in rollout_list_history
    select coalesce(
               to_jsonb(array_agg(to_jsonb(e) - 'nth' order by e.at, e.type) filter (where e.nth <= wanted)), '[]'),
           -- beyond what was read of the history they are counted, echoes included
           count(*) filter (where e.nth > wanted) + case when count(*) > wanted then (
               select count(*) from rollout_history h
               where h.rollout_config_id = config.id and h.created_at >= starts
                 and h.created_at < min(e.at) filter (where e.change is not null)) else 0 end
    into events, left_out
    from (
        select o.*, row_number() over (order by o.at desc, o.type desc) as nth
        from rollout.events(config, starts, kinds, wanted + 1) o
    ) e;
    return jsonb_build_object(
        'feature_name', config.feature_name,
        'since', starts,
        'server_time', present,
        'percentage_before', coalesce((
            select coalesce(h.previous_percentage, 0) from rollout_history h
            where h.rollout_config_id = config.id and rollout.is_recorded(h.metadata) and h.created_at >= starts
            order by h.created_at limit 1), config.rollout_percentage),
        'rollout_percentage', config.rollout_percentage,
        'emergency_stop', config.emergency_stop,
        'events', events,
        'left_out', left_out,
        'errors', (
            select coalesce(jsonb_agg(k.kind order by k.nth), '[]')
            from jsonb_array_elements(kinds) with ordinality k (kind, nth)
            where (k.kind ->> 'last_seen_at')::timestamptz >= starts),
        'trend', rollout.trend(config, date_bin(slot, starts, 'epoch'), present, points));
end $$;
comment on function public.rollout_timeline(text, integer, text) is
    'rollout.timeline(): what happened since a moment, oldest first, the errors seen since, and their rate.';
