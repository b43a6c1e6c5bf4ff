-- R10: every change leaves one row that nobody can alter. Triggers write it, so that a change made past our
-- functions leaves one too; rollout.open_change tells them who and why.

create or replace function rollout.history_is_append_only()
returns trigger
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    raise exception 'rollout history is append-only: rows can''t be changed or deleted'
        using errcode = 'RC004', hint = 'Deactivate a configuration (is_active = false) instead of deleting it.';
end $$;
comment on function rollout.history_is_append_only() is
    'Trigger, R10: refuses every update, delete and truncate of rollout_history.';
create or replace trigger rollout_history_keep_rows before update or delete on public.rollout_history
    for each row execute function rollout.history_is_append_only();
create or replace trigger rollout_history_keep_table before truncate on public.rollout_history
    for each statement execute function rollout.history_is_append_only();

create or replace function rollout.history_stamp()
returns trigger
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    -- The operator's name is what the caller claims; these two are what the database knows. The triggers that record
    -- a change act as their owner, so the caller's role is the one that its session has taken.
    new.metadata := case when jsonb_typeof(new.metadata) = 'object' then new.metadata else '{}' end
        || jsonb_build_object(
            'database_role', coalesce(nullif(current_setting('role'), 'none'), session_user),
            'recorded_at', clock_timestamp());
    new.reason := left(new.reason, 2000);
    new.created_at := coalesce(rollout.known(new.created_at), clock_timestamp());
    return new;
end $$;
comment on function rollout.history_stamp() is
    'Trigger, R10: adds the database role and the time of recording, which a caller can''t forge.';
create or replace trigger rollout_history_stamp before insert on public.rollout_history
    for each row execute function rollout.history_stamp();

create or replace function rollout.write_history(
    config rollout_configuration, change jsonb, previous_percentage integer, before jsonb, after jsonb
)
returns void
language plpgsql  -- whose plan a session keeps
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    insert into rollout_history (
        id, rollout_config_id, action, previous_percentage, new_percentage, reason, triggered_by, metadata, created_at)
    select
        -- The operation id of a change is the id of its row, so a change that is sent twice is recognised.
        coalesce((change ->> 'operation_id')::uuid, gen_random_uuid()),
        config.id, left(a.action, 50), previous_percentage, config.rollout_percentage, change ->> 'reason',
        left(coalesce(
            change ->> 'triggered_by', case a.action when 'rollback' then 'manual_rollback' else 'manual' end), 100),
        jsonb_strip_nulls(jsonb_build_object(
            'command', change ->> 'command',
            'operator', left(change ->> 'operator', 200),
            'host', left(change ->> 'host', 200),
            'evidence', change -> 'evidence',
            'undoes', change -> 'undoes',
            'ended_sessions', nullif(change -> 'ended_sessions', '[]'),
            'differences', change -> 'differences',
            'restarted_at', change -> 'restarted_at',
            'overwritten', change -> 'overwritten',
            'outside_console', change -> 'outside_console'))
        || jsonb_build_object('before', before, 'after', after, 'details', coalesce(change -> 'details', '{}')),
        clock_timestamp()
    from (select coalesce(change ->> 'action', 'updated') as action) a;
end $$;
comment on function rollout.write_history(rollout_configuration, jsonb, integer, jsonb, jsonb) is
    'R10: the only writer of history rows.';

create or replace function rollout.named_repositories(metadata jsonb)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    names constant text[] := array(
        select n from jsonb_array_elements_text(rollout.array_in(rollout.object_in(metadata, 'details'), 'applied')) n
        where n is not null);  -- others may write rows, too
begin
    return case when cardinality(names) <= rollout.most_named() then to_jsonb(names) else '[]' end;
end $$;
comment on function rollout.named_repositories(jsonb) is
    'R10: the names of the repositories that a change has put on a list, taken off or marked; none if they are many.';

create or replace function rollout.history_entry(entry rollout_history)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    ours constant boolean := rollout.is_recorded(entry.metadata);
begin
    return case when entry.id is not null then jsonb_build_object(
        'id', entry.id,
        'at', entry.created_at,
        'action', entry.action,
        'command', rollout.text_in(entry.metadata, 'command'),
        'previous_percentage', entry.previous_percentage,
        'new_percentage', entry.new_percentage,
        'reason', entry.reason,
        'triggered_by', entry.triggered_by,
        'operator', rollout.text_in(entry.metadata, 'operator'),
        'host', rollout.text_in(entry.metadata, 'host'),
        'database_role', rollout.text_in(entry.metadata, 'database_role'),
        'outside_console', ours and coalesce(rollout.flag_in(entry.metadata, 'outside_console'), false),
        'before', case when ours then rollout.object_in(entry.metadata, 'before') end,
        'after', case when ours then rollout.object_in(entry.metadata, 'after') end,
        'undoes', case when ours then rollout.text_in(entry.metadata, 'undoes') end,
        'ended_sessions', case when ours then coalesce(rollout.array_in(entry.metadata, 'ended_sessions'), '[]')
            else '[]' end,
        'evidence', case when ours then rollout.object_in(entry.metadata, 'evidence') end,
        'repositories', case when ours then rollout.named_repositories(entry.metadata) else '[]' end) end;
end $$;
comment on function rollout.history_entry(rollout_history) is 'A history row as the console shows it.';

create or replace function rollout.named_change(entry rollout_history)
returns text
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    select left(case when entry.triggered_by = 'auto_rollback' then 'the automatic rollback'
                     else coalesce(rollout.text_in(entry.metadata, 'command'), entry.action) end, 40)
$$;
comment on function rollout.named_change(rollout_history) is 'What a change is called in a message.';

create or replace function rollout.author_of(entry rollout_history)
returns text
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$ select coalesce(rollout.text_in(entry.metadata, 'operator'), entry.triggered_by) $$;
comment on function rollout.author_of(rollout_history) is 'Who made a change: an operator, or else what triggered it.';

-- The browser console writes the configuration, which our trigger records, and then a row of its own: one change, to
-- be told once, in its words.

create or replace function rollout.changes_nothing(entry rollout_history)
returns boolean
language sql immutable
as $$
    select coalesce(rollout.is_recorded(entry.metadata) is not true and entry.triggered_by = 'auto_rollback'
                    and entry.previous_percentage = entry.new_percentage, false)
$$;
comment on function rollout.changes_nothing(rollout_history) is
    'A row of the web application''s own check, which at 0 % sets 0 % each time it runs.';

create or replace function rollout.trigger_row_of(entry rollout_history)
returns rollout_history
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if rollout.is_recorded(entry.metadata) or rollout.changes_nothing(entry) then
        return null;  -- most rows: asked for each of a screen
    end if;
    return (
        select h from rollout_history h
        where h.rollout_config_id = entry.rollout_config_id and rollout.is_recorded(h.metadata)
          and h.created_at between entry.created_at - (rollout.clock_limits()).echo and entry.created_at
          and rollout.flag_in(h.metadata, 'outside_console')
          -- of a list that it changed, the row has no percentage
          and (h.new_percentage = coalesce(entry.new_percentage, h.new_percentage) or entry.action = 'emergency_stop')
        order by h.created_at desc limit 1);
end $$;
comment on function rollout.trigger_row_of(rollout_history) is
    'Of a row that the browser console or the application wrote beside its change: the row of our trigger for it.';

create or replace function rollout.is_told(entry rollout_history)
returns boolean
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    -- What its own check has changed since the adoption, our trigger tells; during a stop it changes nothing (R5).
    return rollout.is_recorded(entry.metadata) or not rollout.changes_nothing(entry)
        and (entry.triggered_by = 'auto_rollback' and entry.metadata ? 'database_role') is not true
        and (rollout.trigger_row_of(entry)).id is null;
end $$;
comment on function rollout.is_told(rollout_history) is
    'R10: whether a row is a change to be told: not one that stands beside another, nor one of a check that changes '
    'nothing.';

create or replace function rollout.application_row_of(entry rollout_history)
returns rollout_history
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if rollout.flag_in(entry.metadata, 'outside_console') is not true then
        return null;
    end if;
    return (
        select h from rollout_history h
        where h.rollout_config_id = entry.rollout_config_id
          and h.created_at between entry.created_at and entry.created_at + (rollout.clock_limits()).echo
          and (rollout.trigger_row_of(h)).id = entry.id
        order by h.created_at limit 1);
end $$;
comment on function rollout.application_row_of(rollout_history) is
    'The row that the browser console or the application wrote beside a change that our trigger recorded.';

create or replace function rollout.full_history_entry(entry rollout_history)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    echo constant rollout_history := rollout.application_row_of(entry);
begin
    entry.reason := coalesce(echo.reason, entry.reason);
    entry.triggered_by := coalesce(echo.triggered_by, entry.triggered_by);
    return rollout.history_entry(entry);
end $$;
comment on function rollout.full_history_entry(rollout_history) is
    'A history row as the console shows it, with the reason that its echo gives.';
