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
        select h.id from rollout_history h
        where h.rollout_config_id = (  -- a value, so that an index answers
            select c.id from rollout_configuration c
            where c.feature_name = rollout_newest_change.feature_name and c.is_active)
        order by h.created_at desc limit 1));
end $$;
comment on function public.rollout_newest_change(text) is
    'The id of a feature''s newest change, and the time: for those who can''t listen, asked every few seconds.';

create or replace function public.rollout_newest_in_order(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return rollout_newest_change(feature_name)
        || jsonb_strip_nulls(jsonb_build_object('id', rollout.newest_in_order(feature_name)));
end $$;
comment on function public.rollout_newest_in_order(text) is
    'R20: the same of the newest change after which no older one commits, if there is one. A process that has seen '
    'nothing asks for it before its first change that raises.';

create or replace function rollout.alert_kind(entry rollout_history)
returns text
language sql immutable
as $$
    select case
        when entry.triggered_by = 'auto_rollback' then 'trip'
        when entry.action = 'emergency_stop' or (not m.was_stopped and m.is_stopped) then 'stop'
        when m.was_stopped and not m.is_stopped then 'resume'
        when entry.triggered_by = 'auto_hold' then 'auto_hold'
        when entry.triggered_by = 'auto_end' then 'ended'
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

create or replace function rollout.recent_changes(feature text)
returns table (event text, kind text, happened_at timestamptz)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select h.id::text, k.kind, h.created_at
    from rollout_history h cross join lateral rollout.alert_kind(h) k (kind)
    where h.rollout_config_id = (
            select c.id from rollout_configuration c where c.feature_name = recent_changes.feature and c.is_active)
      and h.created_at > (select clock_timestamp() - l.told_within from rollout.delivery_limits() l)
      and rollout.is_recorded(h.metadata)  -- a row that others write beside a change is none
      and k.kind is not null
$$;
comment on function rollout.recent_changes(text) is 'R10: the changes that an alert may tell of.';

create or replace function rollout.pass_over(feature text, asked text[], receivers text[], before timestamptz)
returns void
language sql
set search_path = pg_catalog, public, pg_temp
as $$
    insert into rollout.deliveries (feature_name, receiver, event, kind, happened_at, closed_at)
    select pass_over.feature, r.receiver, e.event, e.kind, e.happened_at, clock_timestamp()
    from rollout.receivers r cross join rollout.recent_changes(pass_over.feature) e
    where r.feature_name = pass_over.feature and r.receiver = any (receivers)
      and e.kind = any (asked) and e.kind <> all (r.kinds) and e.happened_at < before
    on conflict do nothing;
    update rollout.receivers r
    set kinds = array(select distinct k from unnest(r.kinds || asked) k order by 1)
    where r.feature_name = pass_over.feature and r.receiver = any (receivers) and not r.kinds @> asked
$$;
comment on function rollout.pass_over(text, text[], text[], timestamptz) is
    'R10: of kinds that a service gets from now on, what was before this moment is not told. Later on nothing is too '
    'old: what commits late is told, too.';

create or replace function rollout.enter_states(feature text, raised jsonb, cleared text[], by uuid)
returns void
language sql
set search_path = pg_catalog, public, pg_temp
as $$
    insert into rollout.alerts as a (feature_name, event, kind, raised_by)
    select enter_states.feature, left(e.key, 200), left(e.value, 200), by from jsonb_each_text(raised) e
    on conflict on constraint alerts_once do update
    set raised_at = clock_timestamp(), raised_by = excluded.raised_by, cleared_at = null, cleared_by = null
    where a.cleared_at is not null;
    update rollout.alerts a
    set cleared_at = clock_timestamp(), cleared_by = by
    where a.feature_name = enter_states.feature and a.event = any (cleared) and a.cleared_at is null
$$;
comment on function rollout.enter_states(text, jsonb, text[], uuid) is
    'R10: notes states that begin, by name and kind, and those that are over.';

create or replace function rollout.fill_outboxes(feature text, asked text[], receivers text[])
returns void
language sql
set search_path = pg_catalog, public, pg_temp
as $$
    insert into rollout.deliveries (feature_name, receiver, event, kind, happened_at)
    select fill_outboxes.feature, r.receiver, e.event, e.kind, e.happened_at
    from unnest(receivers) r (receiver) cross join rollout.recent_changes(fill_outboxes.feature) e
    where e.kind = any (asked) and not exists (
        select from rollout.deliveries d
        where d.feature_name = fill_outboxes.feature and d.event = e.event and d.receiver in (r.receiver, ''))
    on conflict do nothing;
    insert into rollout.deliveries (feature_name, receiver, event, kind, state, happened_at)
    select fill_outboxes.feature, r.receiver, a.event || ' ' || extract(epoch from a.raised_at), a.kind, a.event,
           a.raised_at
    from unnest(receivers) r (receiver)
    join rollout.alerts a on a.feature_name = fill_outboxes.feature and a.cleared_at is null and a.kind = any (asked)
    where a.event <> 'service ' || r.receiver  -- it can't be told of itself
    on conflict do nothing;
    -- That it is over goes to whoever was told, or is to be told, that it began.
    insert into rollout.deliveries (feature_name, receiver, event, kind, state, is_over, happened_at)
    select d.feature_name, d.receiver, d.event || ' is over', d.kind, d.state, true, a.cleared_at
    from rollout.alerts a
    join rollout.deliveries d on d.feature_name = a.feature_name
        and d.event = a.event || ' ' || extract(epoch from a.raised_at)
    where a.feature_name = fill_outboxes.feature and a.cleared_at is not null and d.receiver = any (receivers)
    on conflict do nothing
$$;
comment on function rollout.fill_outboxes(text, text[], text[]) is
    'R10: puts into the outbox of each service what it has not got, whatever its age.';

create or replace function rollout.fill_reminders(feature text, asked text[], receivers text[])
returns void
language sql
set search_path = pg_catalog, public, pg_temp
as $$
    with due as (
        select o.what, o.what || ' since ' || extract(epoch from o.since) as state,
               floor(extract(epoch from clock_timestamp() - o.since) / 86400) as days, o.since
        from rollout.without_an_end(rollout.active(fill_reminders.feature)) o
    ), over as (
        delete from rollout.deliveries d  -- a service that was broken meanwhile is told what is so, and once
        where d.feature_name = fill_reminders.feature and d.kind = 'reminder' and d.closed_at is null and not exists (
            select from due where d.event = due.state || ', day ' || due.days)
    )
    insert into rollout.deliveries (feature_name, receiver, event, kind, state, happened_at)
    select fill_reminders.feature, r.receiver, due.state || ', day ' || due.days, 'reminder', due.what,
           due.since + make_interval(days => due.days::integer)
    from due cross join unnest(receivers) r (receiver)
    where due.days >= 1 and 'reminder' = any (asked)
    on conflict do nothing
$$;
comment on function rollout.fill_reminders(text, text[], text[]) is
    'R8, R10, R17: reminds each service once a day of what is switched off without an end.';

create or replace function public.rollout_claim_alerts(
    kinds text[], every_seconds integer default 900, raised text[] default '{}', cleared text[] default '{}',
    feature_name text default 'hybrid_progressive_capture', receivers jsonb default '{"": "all"}',
    context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    limits constant record := rollout.delivery_limits();
    -- The same for a retry, which so gets the same answer.
    operation constant uuid := coalesce(
        (rollout.given(context, 'object', 'context') ->> 'operation_id')::uuid, gen_random_uuid());
    feature constant text := (rollout.active(rollout_claim_alerts.feature_name)).feature_name;
    shown constant jsonb := rollout.given(receivers, 'object', 'receivers');  -- some APIs send JSON as text
    names constant text[] := array(select jsonb_object_keys(shown));
begin
    insert into rollout.receivers as r (feature_name, receiver, shown_as)
    select feature, e.key, left(e.value, 200) from jsonb_each_text(shown) e
    on conflict on constraint receivers_pkey do update
    set shown_as = excluded.shown_as where r.shown_as <> excluded.shown_as;
    perform rollout.enter_states(
        feature, (select coalesce(jsonb_object_agg(e, e), '{}') from unnest(raised) e where e = any (kinds)), cleared,
        operation);
    perform rollout.pass_over(feature, kinds, names, clock_timestamp() - make_interval(secs => 2 * every_seconds));
    perform rollout.fill_outboxes(feature, kinds, names);
    perform rollout.fill_reminders(feature, kinds, names);

    update rollout.deliveries d set closed_at = clock_timestamp()
    where d.feature_name = feature and d.closed_at is null and d.due_at < clock_timestamp() - limits.patience;
    delete from rollout.deliveries d
    where d.feature_name = feature and d.happened_at < clock_timestamp() - limits.kept;
    update rollout.deliveries d
    set claimed_by = operation, claimed_until = clock_timestamp() + limits.lease
    from (
        select x.receiver, x.event
        from rollout.deliveries x join rollout.receivers r using (feature_name, receiver)
        where x.feature_name = feature and x.receiver = any (names) and x.closed_at is null and x.kind = any (kinds)
          and coalesce(x.claimed_until < clock_timestamp(), true)
          and coalesce(r.next_try_at <= clock_timestamp(), true)
        order by x.receiver, x.event for update of x skip locked) free
    where d.feature_name = feature and d.receiver = free.receiver and d.event = free.event;
    return jsonb_build_object(
        'operation', operation, 'retry_seconds', rollout.next_delivery(feature, names, operation), 'alerts', (
        select coalesce(to_jsonb(array_agg(jsonb_build_object(  -- not jsonb_agg, as in rollout_list_history
            'receiver', d.receiver, 'event', d.event, 'kind', d.kind, 'over', d.is_over, 'state', d.state,
            'subject', coalesce((select s.shown_as from rollout.receivers s
                                 where s.feature_name = feature and d.state = 'service ' || s.receiver),
                                (select o.message from rollout.without_an_end(rollout.active(feature)) o
                                 where d.kind = 'reminder' and o.what = d.state)),
            'change', rollout.full_history_entry(h)) order by d.happened_at, d.event)), '[]')
        from rollout.deliveries d left join rollout_history h on h.id = rollout.uuid_in(d.event)
        where d.feature_name = feature and d.claimed_by = operation and d.closed_at is null));
end $$;
comment on function public.rollout_claim_alerts(text[], integer, text[], text[], text, jsonb, jsonb) is
    'Which alerts the caller has to send to which of its services: nobody has sent them there, and nobody else is '
    'about to. It says which it has sent with rollout_confirm_alerts; if it never does, another may claim them after a '
    'minute.';

create or replace function rollout.next_delivery(feature text, receivers text[], own_claim uuid)
returns double precision
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select extract(epoch from greatest(
        min(greatest(d.claimed_until, r.next_try_at, d.due_at)) - clock_timestamp(), '1 second'))
    from rollout.deliveries d join rollout.receivers r using (feature_name, receiver)
    where d.feature_name = next_delivery.feature and d.receiver = any (receivers) and d.closed_at is null
      and d.claimed_by is distinct from own_claim
    having count(*) > 0  -- greatest() would leave out that there is none
$$;
comment on function rollout.next_delivery(text, text[], uuid) is
    'R10: in how many seconds something else than this claim can be sent to one of these; null if nothing waits.';

create or replace function public.rollout_confirm_alerts(
    operation uuid, sent text[], feature_name text default 'hybrid_progressive_capture', receiver text default '',
    failed boolean default false
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    limits constant record := rollout.delivery_limits();
    feature constant text := rollout_confirm_alerts.feature_name;
    own constant text := rollout_confirm_alerts.receiver;
    state constant text := 'service ' || own;
    unsent bigint;
    failures integer;
begin
    update rollout.deliveries d
    set sent_at = case when d.event = any (sent) then clock_timestamp() end,
        closed_at = case when d.event = any (sent) then clock_timestamp() end,
        claimed_until = null
    where d.feature_name = feature and d.receiver = own and d.claimed_by = operation and d.closed_at is null;
    get diagnostics unsent = row_count;
    unsent := unsent - cardinality(sent);
    update rollout.receivers r
    set failures = case when failed then r.failures + 1 else 0 end,
        failed_since = case when failed then coalesce(r.failed_since, clock_timestamp()) end,
        next_try_at = case when failed then
            clock_timestamp() + least(limits.first_pause * 2 ^ least(r.failures, 20), limits.longest_pause) end
    where r.feature_name = feature and r.receiver = own and (failed or r.failures > 0)
    returning r.failures into failures;
    perform rollout.enter_states(
        feature, case when failures >= limits.failed_alerts then jsonb_build_object(state, 'service') else '{}' end,
        case when failures = 0 then array[state] else '{}' end, operation);
    return jsonb_build_object(
        'unsent', greatest(unsent, 0), 'retry_seconds', rollout.next_delivery(feature, array[own], null));
end $$;
comment on function public.rollout_confirm_alerts(uuid, text[], text, text, boolean) is
    'Which of the claimed alerts a service has taken, and whether it has failed: it is tried again alone, after a '
    'pause that grows, and the other services hear of it.';
