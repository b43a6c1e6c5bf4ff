-- R5 and R18: the emergency stop and the fall to 0 %. They depend on the row that they change and on nothing else.
--
-- No function here calls one of a higher floor or reads a table that it can't do without; none has a variable of a
-- table's type, which PostgreSQL would look up as it compiles the function, and wait there for whoever locks the table.

create or replace function rollout.halt(feature text, command text, reason text, given jsonb)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    ended constant jsonb := rollout.make_way(feature, counts => command <> 'emergencyStop');
    change jsonb := given;
    operation uuid;
    config uuid;
    repeated boolean := false;
begin
    select c.id into config from public.rollout_configuration c
    where c.feature_name = feature and c.is_active for no key update;
    if not found then
        perform rollout.refuse_unseen(feature);
    end if;
    begin
        change := case jsonb_typeof(change)
            when 'string' then (change #>> '{}')::jsonb else change end;  -- encoded twice
    exception when others then
        null;
    end;
    change := case jsonb_typeof(change) when 'object' then change else '{}' end;
    begin
        operation := change ->> 'operation_id';
        repeated := exists (select from public.rollout_history h where h.id = operation);
    exception when others then
        null;  -- no id, or no history: it is not known as a repeat, and made
    end;
    change := change || jsonb_build_object(
        'operation_id', coalesce(operation, gen_random_uuid()), 'command', command, 'ended_sessions', ended,
        'action', case command when 'emergencyStop' then 'emergency_stop' else 'rollback' end,
        'reason', nullif(trim(left(reason, 2000)), ''));
    return rollout.halt_row(config, command = 'emergencyStop', change, repeated)
        || jsonb_build_object('feature_name', feature, 'command', command, 'ended_sessions', ended);
end $$;
comment on function rollout.halt(text, text, text, jsonb) is
    'R18: an emergency stop, or a fall to 0 %: makes way, locks the row and changes it. A repeat is recognised by its '
    'history row, and changes nothing.';

create or replace function rollout.halt_row(config uuid, stops boolean, change jsonb, repeated boolean default false)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    before record;
    after record;
    given constant text := change ->> 'reason';
    changed boolean := false;
    recorded boolean := repeated;
begin
    select c.emergency_stop, c.rollout_percentage, c.emergency_stop_reason into before
    from public.rollout_configuration c where c.id = config;
    if not repeated then
        perform set_config('rollout.change', (change || jsonb_build_object(
            'reason', case when stops then coalesce(given, 'no reason given') else given end))::text, true);
        if stops then
            -- A second stop without a reason must not wipe out the first one's.
            update public.rollout_configuration c
            set emergency_stop = true, updated_at = now(),
                emergency_stop_reason = coalesce(given, c.emergency_stop_reason, 'no reason given')
            where c.id = config and (c.emergency_stop is not true or c.emergency_stop_reason is distinct from
                                     coalesce(given, c.emergency_stop_reason, 'no reason given'));
        else
            update public.rollout_configuration c set rollout_percentage = 0, updated_at = now()
            where c.id = config and c.rollout_percentage is distinct from 0;
        end if;
        changed := found;
    end if;
    select c.emergency_stop, c.rollout_percentage into after from public.rollout_configuration c where c.id = config;
    if not repeated and (stops and after.emergency_stop or not stops and after.rollout_percentage = 0) is not true then
        raise exception 'the row of the rollout can''t be changed by role %: a policy or a trigger keeps it as it is',
            current_user using errcode = '42501';
    end if;
    if changed then
        recorded := rollout.record_plainly(
            config, change, before.rollout_percentage, after.rollout_percentage,
            case when stops then jsonb_build_object('emergency_stop', before.emergency_stop)
                 else jsonb_build_object('rollout_percentage', before.rollout_percentage) end,
            case when stops then jsonb_build_object('emergency_stop', after.emergency_stop)
                 else jsonb_build_object('rollout_percentage', after.rollout_percentage) end);
    end if;
    if not recorded then
        begin  -- R20: what was asked before it does not undo it
            update public.rollout_configuration c set updated_at = now(), unrecorded_halt_at = clock_timestamp()
            where c.id = config;
        exception when others then
            raise warning 'the stop left no row in the history, and is not dated: % (SQLSTATE %)', sqlerrm, sqlstate;
        end;
    end if;
    perform set_config('rollout.change', '', true);
    return jsonb_build_object(
        'operation_id', change ->> 'operation_id', 'changed', changed or repeated, 'repeated', repeated,
        'emergency_stop', after.emergency_stop, 'rollout_percentage', after.rollout_percentage,
        'previous_percentage', before.rollout_percentage, 'recorded', recorded or not changed);
end $$;
comment on function rollout.halt_row(uuid, boolean, jsonb, boolean) is
    'R18: stops a configuration or sets 0 %; raises 42501 if the row then still is as it was. Its history row is left '
    'by the trigger, or else by this function, and if neither can, the stop is made all the same.';

create or replace function rollout.record_plainly(
    config uuid, change jsonb, previous_percentage integer, new_percentage integer, before jsonb, after jsonb
)
returns boolean
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    insert into public.rollout_history (
        id, rollout_config_id, action, previous_percentage, new_percentage, reason, triggered_by, metadata, created_at)
    select (change ->> 'operation_id')::uuid, config, change ->> 'action', previous_percentage, new_percentage,
           change ->> 'reason',
           coalesce(change ->> 'triggered_by', case change ->> 'action' when 'rollback' then 'manual_rollback'
                                               else 'manual' end),
           jsonb_strip_nulls(jsonb_build_object(
               'command', change ->> 'command', 'operator', left(change ->> 'operator', 200),
               'host', left(change ->> 'host', 200), 'ended_sessions', nullif(change -> 'ended_sessions', '[]')))
           || jsonb_build_object('before', before, 'after', after, 'details', '{}'::jsonb), clock_timestamp()
    where not exists (select from public.rollout_history h where h.id = (change ->> 'operation_id')::uuid);
    return true;
exception when others then
    raise warning 'the stop is made, but not recorded in the history: % (SQLSTATE %)', sqlerrm, sqlstate;
    return false;
end $$;
comment on function rollout.record_plainly(uuid, jsonb, integer, integer, jsonb, jsonb) is
    'R10 and R18: leaves the history row of a stop, without details, unless it is there; false and a warning if it '
    'can''t be left.';

create or replace function rollout.refuse_unseen(feature text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    if exists (select from public.rollout_configuration c where c.feature_name = feature and c.is_active)
        or row_security_active('public.rollout_configuration') then
        raise exception 'the row of the rollout can''t be changed by role %: row-level security hides it', current_user
            using errcode = '42501';
    end if;
    raise exception '%', rollout.no_active(feature) using errcode = 'RC003';
end $$;
comment on function rollout.refuse_unseen(text) is
    'R18: refuses a stop whose row was not found: 42501 if row-level security may hide it, else RC003.';

create or replace function rollout.make_way(feature text, counts boolean)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    began constant timestamptz := clock_timestamp();
    ended jsonb := '[]';
    needed text;
    got boolean;
begin
    foreach needed in array array['configuration', 'history', 'counts'] loop
        got := needed = 'counts' and not counts;
        while not got and clock_timestamp()
            < began + case needed when 'configuration' then '4 s' else '2 s' end::interval
        loop
            perform set_config('lock_timeout', '700ms', true);
            begin
                if needed = 'configuration' then
                    lock table public.rollout_configuration in row exclusive mode;
                    -- "No key": history and metrics rows may still refer to the configuration meanwhile.
                    perform from public.rollout_configuration c
                    where c.feature_name = feature and c.is_active for no key update;
                elsif needed = 'history' then
                    lock table public.rollout_history in row exclusive mode;
                else
                    perform from rollout.category_counts c where c.feature_name = feature
                    order by c.category for update;
                end if;
                got := true;
            exception
                when lock_not_available or deadlock_detected then
                    ended := ended || rollout.try_to_end_blockers(feature);
                when others then
                    got := needed <> 'configuration';  -- done without
                    if not got then
                        raise;
                    end if;
            end;
        end loop;
        if needed = 'configuration' and not got then
            perform public.rollout_blocked(feature);
        end if;
    end loop;
    perform set_config('lock_timeout', '200ms', true);  -- from here on nothing is worth waiting for
    return ended;
end $$;
comment on function rollout.make_way(text, boolean) is
    'R18: locks the row, ending those who hold it for longer than a second, and answers whom it has ended; the same '
    'for the history, and for the counts of a fall to 0 %, without which it goes on. RC005 if the row stays locked.';

create or replace function rollout.try_to_end_blockers(feature text)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return rollout.end_blockers(feature);
exception when others then
    return '[]';
end $$;
comment on function rollout.try_to_end_blockers(text) is 'R18: as rollout.end_blockers; nobody, where that fails.';
