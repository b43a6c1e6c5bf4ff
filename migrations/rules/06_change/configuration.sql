-- R2, R5, R7, R10 and R17: what happens to a configuration whoever writes it: nulls filled, moments dated, the change
-- recorded.

create or replace function rollout.configuration_prepare()
returns trigger
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    written constant record := new;
    others record := new;
begin
    -- The columns are nullable in the existing deployment; nothing after this line meets a null.
    new.rollout_percentage := coalesce(new.rollout_percentage, 0);
    new.is_active := coalesce(new.is_active, false);
    new.rollout_strategy := coalesce(new.rollout_strategy, 'repository_size');
    new.auto_rollback_enabled := coalesce(new.auto_rollback_enabled, true);
    new.emergency_stop := coalesce(new.emergency_stop, false);
    if tg_op = 'UPDATE' then
        others.rollout_percentage := old.rollout_percentage;
        others.emergency_stop := old.emergency_stop;
        others.emergency_stop_reason := old.emergency_stop_reason;
        others.updated_at := old.updated_at;
    end if;
    -- A stop, or another percentage, leaves the rest as it was put in order before. To touch a row puts all in order.
    if tg_op = 'INSERT' or others *<> old
        or (new.rollout_percentage, new.emergency_stop) is not distinct from
           (old.rollout_percentage, old.emergency_stop) then
        -- Of an insert, old is null.
        if new.target_repositories is null or new.target_repositories is distinct from old.target_repositories then
            new.target_repositories := rollout.entries(new.target_repositories);
        end if;
        if new.excluded_repositories is null
            or new.excluded_repositories is distinct from old.excluded_repositories then
            new.excluded_repositories := rollout.entries(new.excluded_repositories);
        end if;
        new.whitelist_until := rollout.expiries(new);
        new.long_lists := rollout.has_long_lists(new);
        new.metadata := case when jsonb_typeof(new.metadata) = 'object' then new.metadata else '{}' end;
        new := rollout.default_settings(new);
        -- Only these two look at them; the automatic advance sees their end, and forgets them then.
        new.accepted_signals := case when new.auto_advance or new.act_on_warnings
            then coalesce(new.accepted_signals, '{}') else '{}' end;
        if new.plan is distinct from old.plan then
            perform rollout.check_plan(new.plan);
        end if;
        new.monitoring_window_hours := greatest(new.monitoring_window_hours, 1);
        new.minimum_sample := greatest(new.minimum_sample, 1);
    end if;

    -- The web application's own check reads auto_rollback_enabled, and so follows our switch unless it is silenced.
    if tg_op = 'INSERT' or new.breaker_enabled is null
        or (new.auto_rollback_enabled <> old.auto_rollback_enabled and new.breaker_enabled = old.breaker_enabled) then
        new.breaker_enabled := new.auto_rollback_enabled;
    end if;
    new.auto_rollback_enabled := new.breaker_enabled and new.application_check;
    new.breaker_off_until := case when not new.breaker_enabled then new.breaker_off_until end;
    -- R5: what others write during a stop does not change what resume restores.
    if tg_op = 'UPDATE' and rollout.current_change() is null and old.emergency_stop and new.emergency_stop then
        new.rollout_percentage := old.rollout_percentage;
    end if;

    if not new.emergency_stop then
        new.emergency_stop_reason := null;
        new.emergency_stopped_at := null;
    end if;
    if new.held_reason is null then
        new.held_at := null;
        new.held_by := null;
        new.held_until := null;
    elsif new.held_at is null or new.held_at is not distinct from old.held_at
        and (new.held_reason, new.held_by) is distinct from (old.held_reason, old.held_by) then
        new.held_at := clock_timestamp();
    end if;
    if tg_op = 'INSERT' then
        new.percentage_since := coalesce(new.percentage_since, now());
        if new.emergency_stop then
            new.emergency_stopped_at := coalesce(new.emergency_stopped_at, clock_timestamp());
        end if;
        return new;
    end if;

    if new.emergency_stop and not coalesce(old.emergency_stop, false) then
        new.emergency_stopped_at := clock_timestamp();
    end if;
    if new.rollout_percentage is distinct from old.rollout_percentage then
        new.percentage_since := clock_timestamp();
    end if;
    -- R7: a restart is leaving 0 % or leaving an emergency stop. The clock is read after the row
    -- is locked, so no job that ran before this moment counts against the fresh start.
    if (new.rollout_percentage > 0 and coalesce(old.rollout_percentage, 0) = 0)
        or (coalesce(old.emergency_stop, false) and not new.emergency_stop) then
        new.restarted_at := clock_timestamp();
    end if;
    -- R18: from now on a job that begins in the rollout although its repository is out is a leak.
    if rollout.percentage_in_effect(new) < rollout.percentage_in_effect(old) then
        new.narrowed_at := clock_timestamp();
    elsif rollout.percentage_in_effect(new) > rollout.percentage_in_effect(old) then
        new.narrowed_at := null;
    end if;
    return new;
exception when others then
    -- R18: nothing that fails here fails a stop or a fall to 0 %. Of what was written that alone is then taken.
    if tg_op = 'INSERT' or not (written.is_active and (
        written.emergency_stop and old.emergency_stop is not true
        or written.rollout_percentage = 0 and old.rollout_percentage is distinct from 0)) then
        raise;
    end if;
    raise warning 'a stop was written, and what else was written with it was not: % (SQLSTATE %)', sqlerrm, sqlstate;
    new := old;
    new.emergency_stop := coalesce(written.emergency_stop or old.emergency_stop, false);
    new.emergency_stop_reason := case when new.emergency_stop then written.emergency_stop_reason end;
    new.emergency_stopped_at := case
        when new.emergency_stop then coalesce(old.emergency_stopped_at, clock_timestamp()) end;
    if written.rollout_percentage = 0 then
        new.rollout_percentage := 0;
        new.percentage_since := clock_timestamp();
    end if;
    new.narrowed_at := clock_timestamp();
    new.updated_at := clock_timestamp();
    return new;
end $$;
comment on function rollout.configuration_prepare() is
    'Trigger: fills nulls of the existing schema and dates stops, holds, percentages and restarts (R2, R5, R7, R17), '
    'whoever writes.';
create or replace trigger rollout_configuration_prepare before insert or update on public.rollout_configuration
    for each row execute function rollout.configuration_prepare();

create or replace function rollout.overwritten(was text[], became text[])
returns text[]
language sql immutable
as $$
    -- The browser console reads a list, adds or removes one entry and writes it back: whoever drops more than that
    -- has not seen them.
    select case when cardinality(g.gone) > 1 or (cardinality(g.gone) = 1 and cardinality(n.added) > 0)
        then g.gone else '{}' end
    from (select array(select unnest(was) except select unnest(became)) as gone) g
    cross join (select array(select unnest(became) except select unnest(was)) as added) n
$$;
comment on function rollout.overwritten(text[], text[]) is
    'Entries of a list that a write from outside the console dropped beside its own change, probably unseen.';

create or replace function rollout.configuration_changed()
returns trigger
language plpgsql security definer  -- whoever may write the table
set search_path = pg_catalog, public, pg_temp
as $$
declare
    -- Asked for without functions or tables that may be missing: R18, a stop does not fail here.
    halts constant boolean := tg_op = 'UPDATE' and (
        new.emergency_stop and old.emergency_stop is not true
        or new.rollout_percentage = 0 and old.rollout_percentage is distinct from 0);
    change jsonb;
begin
    begin
        perform rollout.record_change(tg_op, case when tg_op = 'UPDATE' then old end, new);
    exception when others then
        if not halts then
            raise;
        end if;
        raise warning 'a stop is recorded without its details: % (SQLSTATE %)', sqlerrm, sqlstate;
        change := coalesce(nullif(current_setting('rollout.change', true), '')::jsonb, jsonb_build_object(
            'action', case when new.emergency_stop then 'emergency_stop' else 'rollback' end,
            'triggered_by', 'outside_console', 'reason', 'changed directly in the table'));
        perform rollout.record_plainly(
            new.id, jsonb_build_object('operation_id', gen_random_uuid()) || change,
            old.rollout_percentage, new.rollout_percentage,
            jsonb_build_object('emergency_stop', old.emergency_stop, 'rollout_percentage', old.rollout_percentage),
            jsonb_build_object('emergency_stop', new.emergency_stop, 'rollout_percentage', new.rollout_percentage));
    end;
    begin
        perform rollout.follow_change(case when tg_op = 'UPDATE' then old end, new);
    exception when others then
        if not halts then
            raise;
        end if;
        raise warning 'a stop is made, and the counters are left as they were: % (SQLSTATE %)', sqlerrm, sqlstate;
    end;
    return null;
end $$;
comment on function rollout.configuration_changed() is
    'Trigger, R10 and R1: one history row for every change of a configuration, and the admission that follows from it; '
    'neither can fail a stop or a fall to 0 % (R18).';
create or replace trigger rollout_configuration_changed after insert or update on public.rollout_configuration
    for each row execute function rollout.configuration_changed();

create or replace function rollout.record_change(
    operation text, was_row rollout_configuration, became_row rollout_configuration
)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
set timezone = 'UTC'  -- of the moments in the row, which an undo compares
as $$
declare
    -- Dates that follow from a change are not themselves a change.
    derived constant text[] := array[
        'updated_at', 'percentage_since', 'restarted_at', 'narrowed_at', 'emergency_stopped_at', 'held_at',
        'unrecorded_halt_at', 'accepted_signals', 'long_lists'];
    is_update constant boolean := operation = 'UPDATE';
    change jsonb := rollout.current_change();
    by_entry constant boolean := is_update and (was_row.long_lists or became_row.long_lists);
    was constant jsonb := case when not is_update then '{}' else to_jsonb(
        case when by_entry then rollout.without_lists(was_row) else was_row end) end - derived;
    became constant jsonb := to_jsonb(
        case when by_entry then rollout.without_lists(became_row) else became_row end) - derived;
    before jsonb;
    after jsonb;
    differences jsonb;
begin
    select jsonb_object_agg(b.key, b.before), jsonb_object_agg(b.key, b.after),
           jsonb_agg(b.key) filter (where b.differs)
    into before, after, differences
    from (
        select b.key, was -> b.key as before, b.value as after, false as differs
        from jsonb_each(became) b where was -> b.key is distinct from b.value
        union all
        select d.field, d.before, d.after, true from rollout.list_differences(was_row, became_row) d where by_entry
    ) b;
    if after is null then
        return;
    end if;

    change := coalesce(change, jsonb_build_object(
        'action', case
            when not is_update then 'created'
            when (after ->> 'emergency_stop')::boolean then 'emergency_stop'
            else 'updated'
        end,
        'triggered_by', 'outside_console',
        'reason', 'changed directly in the table',
        'outside_console', true)) || jsonb_build_object('differences', differences);
    if is_update and became_row.restarted_at is distinct from was_row.restarted_at then
        change := change || jsonb_build_object('restarted_at', became_row.restarted_at);
    end if;
    if (change ->> 'outside_console')::boolean and is_update then
        change := change || jsonb_build_object('overwritten', nullif(
            rollout.overwritten(was_row.target_repositories, became_row.target_repositories), '{}'));
    end if;
    perform rollout.write_history(
        became_row, change, case when is_update then was_row.rollout_percentage end, before, after);
end $$;
comment on function rollout.record_change(text, rollout_configuration, rollout_configuration) is
    'R10: one history row for a change of a configuration, with what it was and became; none if nothing differs.';

create or replace function rollout.follow_change(was rollout_configuration, became rollout_configuration)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    lists_differ boolean;
begin
    if not became.is_active then
        return;
    end if;
    if not exists (select from rollout.category_counts a where a.feature_name = became.feature_name) then
        perform rollout.recount_repositories(became.feature_name);
        return;
    end if;
    lists_differ :=
        (became.target_repositories, became.excluded_repositories, became.whitelist_until, true)
        is distinct from
        (was.target_repositories, was.excluded_repositories, was.whitelist_until, was.is_active);
    if lists_differ then
        perform rollout.refresh_list_entries(became);
    end if;
    -- Not at each change: a stop waits for nobody who is just changing categories.
    if lists_differ or (became.rollout_percentage, became.rollout_strategy)
        is distinct from (was.rollout_percentage, was.rollout_strategy) then
        perform rollout.refresh_cutoffs(became.feature_name);
    end if;
end $$;
comment on function rollout.follow_change(rollout_configuration, rollout_configuration) is
    'R1: brings lists and cutoffs to what a configuration became.';
