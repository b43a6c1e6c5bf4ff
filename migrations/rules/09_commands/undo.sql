-- R19: undo. A history row holds what was before; taking it back is a change like any other, with a row of its own.

create or replace function rollout.not_undoable(entry rollout_history)
returns text
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    select case
        when entry.action = 'note' then 'a note changes nothing'
        when entry.action = 'created' then 'it created the rollout; to halt it, type rollout.emergencyStop()'
        when entry.metadata -> 'after' ? 'transitions' then 'categories follow from the repositories'
        when entry.metadata -> 'after' ? 'decided_by' then
            'the decision is chosen in a shell: rollout-console migrate --decision'
        when rollout.is_recorded(entry.metadata) is not true or entry.metadata -> 'before' in ('{}', 'null') then
            'the row does not say what was before; type rollout.history() for the row that does'
    end
$$;
comment on function rollout.not_undoable(rollout_history) is
    'R19: why a change can''t be undone; null if it can.';

create or replace function rollout.change_to_undo(config rollout_configuration, change text, operator text)
returns rollout_history
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    found rollout_history[];
    reachable constant integer := 1000;  -- as many as rollout.history() shows
begin
    found := array(
        select row(h.*)::rollout_history
        from (
            select * from rollout_history x where x.rollout_config_id = config.id
            order by x.created_at desc limit reachable
        ) h
        where case
            when change is null then rollout.text_in(h.metadata, 'operator') = operator
                and rollout.not_undoable(h) is null
                and not coalesce(starts_with(h.triggered_by, 'auto_'), false)  -- whoever happened to report or to check
            else change <> '' and starts_with(h.id::text, lower(change))
        end
        order by h.created_at desc);
    if cardinality(found) = 0 then
        raise exception '%; to see the changes, type rollout.history()', case
            when change is null then format('no change of %s to undo among the last %s',
                coalesce(operator, 'an operator without a name'), to_char(reachable, 'FM9,999'))
            else format('no change %s among the last %s', quote_literal(left(change, 40)),
                to_char(reachable, 'FM9,999')) end
            using errcode = 'RC003';
    elsif change is not null and cardinality(found) > 1 then
        raise exception '% changes begin with %; type more of one: %', cardinality(found), left(change, 40),
            (select string_agg(f.id::text, ', ') from (select u.id from unnest(found) u limit 3) f)
            using errcode = 'RC003';
    end if;
    return found[1];
end $$;
comment on function rollout.change_to_undo(rollout_configuration, text, text) is
    'R19: the change with this id or the beginning of it, or else the last one of an operator; among the last 1,000.';

create or replace function rollout.refuse_changed_since(
    config rollout_configuration, entry rollout_history, fields text[], now_text text
)
returns void
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    later rollout_history;
begin
    if coalesce(cardinality(fields), 0) = 0 then
        return;
    end if;
    later := rollout.last_row_setting(config, fields, entry.created_at);
    raise exception '% % can''t be undone: % changed since%, now %; to see the changes, type rollout.history()',
        rollout.named_change(entry), rollout.short_id(entry.id), replace(array_to_string(fields, ', '), '_', ' '),
        case when later.metadata ->> 'command' = 'end' then ', by its end'  -- a row that this refusal takes back
             when later.id is null then ''  -- past our triggers
             else format(', last by %s %s', rollout.named_change(later), rollout.short_id(later.id)) end,
        left(now_text, 200) using errcode = 'RC002';
end $$;
comment on function rollout.refuse_changed_since(rollout_configuration, rollout_history, text[], text) is
    'R19: raises RC002 with what has changed since a change, by which other one, and how it stands.';

create or replace function rollout.undo_settings(
    config rollout_configuration, entry rollout_history, confirmed boolean
)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
set timezone = 'UTC'  -- as the moments stand in the row
as $$
#variable_conflict use_variable
declare
    became constant rollout_configuration := jsonb_populate_record(config, rollout.whole_before(config, entry));
    left_by_it constant jsonb := rollout.whole_after(config, entry);
    present constant jsonb := to_jsonb(config);
    left_over text;
begin
    perform rollout.refuse_changed_since(config, entry, s.fields, s.now_text)
    from (
        select array_agg(a.key order by a.key) as fields,
               string_agg(coalesce(present ->> a.key, 'none'), ', ' order by a.key) as now_text
        from jsonb_each(left_by_it) a where present -> a.key is distinct from a.value
    ) s;
    if least(became.held_until, became.breaker_off_until) <= clock_timestamp() then
        raise exception '% % can''t be undone: what it ended would be over by now; to see it, type rollout.history()',
            rollout.named_change(entry), rollout.short_id(entry.id) using errcode = 'RC002';
    end if;
    perform rollout.open_change(rollout.current_change() || jsonb_build_object('action', case
        when became.emergency_stop and not config.emergency_stop then 'emergency_stop' else 'updated' end));
    perform rollout.store(became, rollout.moves_by_strategy(config, became.rollout_strategy));
    if rollout.percentage_in_effect(became) > rollout.percentage_in_effect(config) and confirmed is not true then
        perform rollout.close_exposure(config.feature_name, rollout.current_change());  -- which names both numbers
        raise exception 'undoing % raises traffic from % %% to % %%; to do it, type rollout.undo("%", confirm=True)',
            rollout.named_change(entry), rollout.percentage_in_effect(config), rollout.percentage_in_effect(became),
            rollout.short_id(entry.id) using errcode = 'RC002';
    end if;
    -- Others may have written columns that no command sets: all of a change is undone, or nothing.
    select string_agg(a.key, ', ') into left_over
    from jsonb_each(left_by_it) a
    join rollout_configuration c on c.id = config.id and to_jsonb(c) -> a.key = a.value;
    if left_over is not null then
        raise exception '% % can''t be undone: it changed %, which no command sets; to see it, type rollout.history()',
            rollout.named_change(entry), rollout.short_id(entry.id), left_over using errcode = 'RC002';
    end if;
end $$;
comment on function rollout.undo_settings(rollout_configuration, rollout_history, boolean) is
    'R19: gives a configuration the values that it had before a change; a confirmation is asked for where that raises '
    'traffic.';

create or replace function rollout.recorded_pins(recorded jsonb)
returns table (repository_id uuid, full_name text, pinned boolean)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    -- Our commands record several by name, the trigger on marks of the browser console one by id.
    select h.id, r.name, r.pinned
    from (
        select null as id, p.key as name, rollout.flag_in(p.value, 'pinned') as pinned
        from jsonb_each(recorded) p where not recorded ? 'repository_id'
        union all
        select rollout.text_in(recorded, 'repository_id'), rollout.text_in(recorded, 'repository_id'),
               rollout.flag_in(recorded, 'pinned_as_test')
        where recorded ? 'repository_id'
    ) r
    left join rollout_host_repositories h on h.full_name = r.name or h.id = rollout.uuid_in(r.id)
$$;
comment on function rollout.recorded_pins(jsonb) is
    'R10: the pins in the before or after of a history row; the id is null where the repository is gone.';

create or replace function rollout.undo_pins(config rollout_configuration, entry rollout_history)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    ids constant uuid[] := array(
        select p.repository_id from rollout.recorded_pins(entry.metadata -> 'after') p);
    present jsonb;
    categorizing constant text := rollout.set_categorizing('on');
begin
    perform rollout.lock_categories(ids);
    present := rollout.pins(ids);  -- what others have changed until they let go is what there was before
    perform rollout.refuse_changed_since(config, entry, s.fields, s.now_text)
    from (
        select array_agg(p.full_name order by p.full_name) as fields,
               string_agg(case when p.repository_id is null then 'gone' when k.pinned_as_test then 'pinned'
                               else 'not pinned' end, ', ' order by p.full_name) as now_text
        from rollout.recorded_pins(entry.metadata -> 'after') p
        left join repository_categories k on k.repository_id = p.repository_id
        where p.repository_id is null or coalesce(k.pinned_as_test, false) <> p.pinned
    ) s;
    perform rollout.write_pins(array_agg(p.repository_id), p.pinned)
    from rollout.recorded_pins(entry.metadata -> 'before') p
    group by p.pinned;
    perform rollout.write_history(
        config, rollout.current_change(), config.rollout_percentage, present, rollout.pins(ids));
    perform rollout.set_categorizing(categorizing);
end $$;
comment on function rollout.undo_pins(rollout_configuration, rollout_history) is
    'R19: gives repositories the pins that they had before a change.';

create or replace function public.rollout_undo(
    change text default null, confirm boolean default false,
    feature_name text default 'hybrid_progressive_capture', reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config rollout_configuration;
    entry rollout_history;
    answer jsonb;
begin
    for config in select * from rollout.lock(feature_name, 'undo', reason, context) loop
        entry := rollout.change_to_undo(config, change, rollout.current_change() ->> 'operator');
        if rollout.not_undoable(entry) is not null then
            raise exception '% % can''t be undone: %', rollout.named_change(entry), rollout.short_id(entry.id),
                rollout.not_undoable(entry) using errcode = 'RC002';
        end if;
        perform rollout.open_change(rollout.current_change() || jsonb_build_object('undoes', entry.id));
        if to_jsonb(config) ?& array(select jsonb_object_keys(entry.metadata -> 'before')) then
            perform rollout.undo_settings(config, entry, confirm);
        else
            perform rollout.undo_pins(config, entry);
        end if;
    end loop;
    answer := rollout.answer(feature_name);
    return answer || jsonb_build_object('undone', (
        select rollout.history_entry(h) from rollout_history h where h.id = (answer #>> '{change,undoes}')::uuid));
end $$;
comment on function public.rollout_undo(text, boolean, text, text, jsonb) is
    'rollout.undo(), R19: takes a change back if nothing has changed the same fields since.';
