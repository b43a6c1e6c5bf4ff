-- R10: each change is announced as it commits; of the kinds that somebody wants to hear of, one monitor sends an alert.

create or replace function rollout.history_announce()
returns trigger
language plpgsql security definer  -- whoever may write the history
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    -- R18: a full queue fails the whole transaction as it commits, and the queue is that of all databases. Those who
    -- listen ask every few seconds as well.
    if pg_notification_queue_usage() < 0.5 then
        perform pg_notify('rollout_history', jsonb_build_object(
            'id', new.id,
            'feature', (select c.feature_name from rollout_configuration c where c.id = new.rollout_config_id))::text);
    end if;
    return null;
exception when others then
    return null;
end $$;
comment on function rollout.history_announce() is
    'Trigger: tells those who listen on rollout_history of each change, when it commits: its feature and its id.';
create or replace trigger rollout_history_announce after insert on public.rollout_history
    -- A transaction that is to be prepared can't notify, and a report must not fail for it: a poll finds the row.
    for each row when (current_setting('rollout.reporting', true) is distinct from 'on')
    execute function rollout.history_announce();

create or replace function public.rollout_newest_change(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    return jsonb_build_object('server_time', clock_timestamp(), 'id', (
        select h.id
        from rollout_history h join rollout_configuration c on c.id = h.rollout_config_id
        where c.feature_name = rollout_newest_change.feature_name and c.is_active
        order by h.created_at desc limit 1));
end $$;
comment on function public.rollout_newest_change(text) is
    'The id of a feature''s newest change, and the time: for those who can''t listen, asked every few seconds, and for '
    'R20, before a first change that raises.';

create or replace function rollout.alert_kind(entry rollout_history)
returns text
language sql immutable
as $$
    select case
        when entry.triggered_by = 'auto_rollback' then 'trip'
        when entry.action = 'emergency_stop' or (not m.was_stopped and m.is_stopped) then 'stop'
        when m.was_stopped and not m.is_stopped then 'resume'
        when entry.triggered_by = 'auto_hold' then 'auto_hold'
        when m.command in ('advance', 'hold', 'release', 'undo') then m.command
        when entry.action = 'rollback' then 'rollback'
        when entry.previous_percentage < entry.new_percentage then 'raising'
        when entry.action = 'note' then 'notes'
        when m.command in ('configure', 'plan', 'enableAutoRollback', 'disableAutoRollback') then 'settings'
        end
    from (
        select rollout.text_in(entry.metadata, 'command') as command,
            coalesce(rollout.flag_in(entry.metadata -> 'before', 'emergency_stop'), false) as was_stopped,
            coalesce(rollout.flag_in(entry.metadata -> 'after', 'emergency_stop'), false) as is_stopped) m
$$;
comment on function rollout.alert_kind(rollout_history) is
    'The kind of alert that a change calls for, one of ROLLOUT_ALERT_ON; null for none.';

create or replace function public.rollout_claim_alerts(
    kinds text[], every_seconds integer default 900, raised text[] default '{}', cleared text[] default '{}',
    feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    lease constant interval := '60 seconds';  -- longer than a service takes to accept an alert
    -- The same for a retry, which so gets the same answer.
    operation constant uuid := coalesce(
        (rollout.given(context, 'object', 'context') ->> 'operation_id')::uuid, gen_random_uuid());
    feature constant text := rollout_claim_alerts.feature_name;
    config constant rollout_configuration := rollout.active(feature);
begin
    -- Changes since the check before, and a state that was entered (again).
    insert into rollout.alerts as a (feature_name, event, kind, raised_by)
    select feature, h.id::text, rollout.alert_kind(h), operation
    from rollout_history h
    where h.rollout_config_id = config.id
      and h.created_at > clock_timestamp() - make_interval(secs => 2 * every_seconds)
      and rollout.alert_kind(h) = any (kinds)
      and not rollout.changes_nothing(h) and (rollout.trigger_row_of(h)).id is null
    on conflict on constraint alerts_once do nothing;
    insert into rollout.alerts as a (feature_name, event, kind, raised_by)
    select distinct feature, left(e, 200), left(e, 200), operation from unnest(raised) e where e = any (kinds)
    on conflict on constraint alerts_once do update
    set raised_at = clock_timestamp(), raised_by = excluded.raised_by, cleared_at = null, cleared_by = null,
        claimed_by = null, claimed_until = null, sent_at = null
    where a.cleared_at is not null;
    update rollout.alerts a
    set cleared_at = clock_timestamp(), cleared_by = operation, claimed_by = null, claimed_until = null, sent_at = null
    where a.feature_name = feature and a.event = any (cleared) and a.cleared_at is null;

    update rollout.alerts a
    set claimed_by = operation, claimed_until = clock_timestamp() + lease
    from (
        select x.event from rollout.alerts x
        where x.feature_name = feature and x.sent_at is null and x.kind = any (kinds)
          and coalesce(x.claimed_until < clock_timestamp(), true)
        order by x.event for update skip locked) free
    where a.feature_name = feature and a.event = free.event;
    delete from rollout.alerts a where greatest(a.raised_at, a.cleared_at) < clock_timestamp() - interval '90 days';
    return jsonb_build_object('operation', operation, 'alerts', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'event', a.event, 'kind', a.kind, 'over', a.cleared_at is not null, 'change', rollout.full_history_entry(h))
            order by coalesce(h.created_at, a.raised_at)), '[]')
        from rollout.alerts a left join rollout_history h on h.id::text = a.event
        where a.feature_name = feature and a.claimed_by = operation and a.sent_at is null));
end $$;
comment on function public.rollout_claim_alerts(text[], integer, text[], text[], text, jsonb) is
    'Which alerts the caller has to send: nobody has sent them, and nobody else is about to. It says which it has sent '
    'with rollout_confirm_alerts; if it never does, another may claim them after a minute.';

create or replace function public.rollout_confirm_alerts(
    operation uuid, sent text[], feature_name text default 'hybrid_progressive_capture'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    unsent bigint;
begin
    update rollout.alerts a
    set sent_at = case when a.event = any (sent) then clock_timestamp() end,
        claimed_until = case when a.event = any (sent) then a.claimed_until end
    where a.feature_name = rollout_confirm_alerts.feature_name and a.claimed_by = operation and a.sent_at is null;
    select count(*) into unsent from rollout.alerts a
    where a.feature_name = rollout_confirm_alerts.feature_name and a.claimed_by = operation and a.sent_at is null;
    return jsonb_build_object('unsent', unsent);
end $$;
comment on function public.rollout_confirm_alerts(uuid, text[], text) is
    'Which of the claimed alerts were sent; the others may be claimed again at once, by whichever monitor.';
