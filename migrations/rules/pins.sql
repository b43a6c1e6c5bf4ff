-- R3: repositories pinned as test. The setting rollout.categorizing is on while our own functions write
-- categories; a mark that is written without it was made past them, by the browser console.

create or replace function public.rollout_set_categorizing(setting text)
returns text
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    was constant text := coalesce(current_setting('rollout.categorizing', true), '');
begin
    -- Not in the SET clause of a function: a setting of our own there takes a superuser since PostgreSQL 15.
    perform set_config('rollout.categorizing', setting, true);
    return was;
end $$;
comment on function public.rollout_set_categorizing(text) is
    'R3: says whether our own functions are writing categories, on or empty, until the end of the transaction; answers '
    'what was set before, to be set again.';

create or replace function public.rollout_pin_follows_mark()
returns trigger
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    -- The browser console marks a repository by writing is_test_repository itself.
    if coalesce(current_setting('rollout.categorizing', true), '') <> 'on' then
        new.pinned_as_test := coalesce(new.is_test_repository, false);
    end if;
    return new;
end $$;
comment on function public.rollout_pin_follows_mark() is
    'Trigger, R3: a repository marked as test past our functions is pinned like any other.';

create or replace trigger rollout_pin_follows_mark before insert on public.repository_categories
    for each row when (new.is_test_repository) execute function public.rollout_pin_follows_mark();

-- A mark on a repository that is test by size changes nothing in its row. It is known by being written at all, and
-- apart from a categorization, which dates the row.
create or replace trigger rollout_pin_follows_change
    before update of is_test_repository on public.repository_categories
    for each row when (
        new.is_test_repository is distinct from old.is_test_repository
        or new.is_test_repository and new.last_categorized_at is not distinct from old.last_categorized_at)
    execute function public.rollout_pin_follows_mark();

create or replace function public.rollout_pin_recorded()
returns trigger
language plpgsql security definer  -- whoever may write the table
set search_path = pg_catalog, public, pg_temp
as $$
declare
    was constant text := case tg_op when 'UPDATE' then old.category end;
begin
    if coalesce(current_setting('rollout.categorizing', true), '') <> 'on' then
        if not new.pinned_as_test then
            perform rollout_categorize(array[new.repository_id]);
        end if;
        perform rollout_record(
            c, jsonb_build_object(
                'triggered_by', 'outside_console', 'outside_console', true,
                'reason', case when new.pinned_as_test then 'marked as test' else 'no longer marked as test' end),
            c.rollout_percentage,
            jsonb_build_object(
                'repository_id', new.repository_id, 'pinned_as_test', not new.pinned_as_test, 'category', was),
            jsonb_build_object(
                'repository_id', new.repository_id, 'pinned_as_test', new.pinned_as_test, 'category', k.category))
        from (select * from rollout_configuration x where x.is_active order by x.created_at limit 1) c
        join repository_categories k on k.id = new.id;
    end if;
    return null;
end $$;
comment on function public.rollout_pin_recorded() is
    'Trigger, R3 and R10: a pin set or lifted past our functions leaves a history row; lifted, the repository is '
    'categorized by size at once.';

create or replace trigger rollout_pin_added after insert on public.repository_categories
    for each row when (new.pinned_as_test) execute function public.rollout_pin_recorded();

create or replace trigger rollout_pin_changed after update on public.repository_categories
    for each row when (old.pinned_as_test is distinct from new.pinned_as_test)
    execute function public.rollout_pin_recorded();

create or replace function public.rollout_set_pins(
    repositories text[], pinned boolean, feature_name text, reason text, context jsonb
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    command constant text := case when pinned then 'markAsTest' else 'unmarkAsTest' end;
    asked record;
    before jsonb;
    details jsonb := '{}';
    categorizing constant text := rollout_set_categorizing('on');
begin
    for config in select * from rollout_lock(feature_name, command, reason, context) loop
        select coalesce(array_agg(n.repository_id order by n.repository_id) filter (where n.moving), '{}') as ids,
               coalesce(jsonb_agg(n.full_name) filter (where n.moving), '[]') as applied,
               coalesce(jsonb_agg(n.full_name) filter (where not n.moving), '[]') as already
        into asked
        from (
            select r.repository_id, r.full_name, coalesce(k.pinned_as_test, false) <> pinned as moving
            from rollout_known_repositories(repositories, format('rollout.%s("owner/name")', command)) r
            left join repository_categories k on k.repository_id = r.repository_id
        ) n;
        details := to_jsonb(asked) - 'ids';
        if cardinality(asked.ids) > 0 then
            before := rollout_pins(asked.ids);
            perform rollout_write_pins(asked.ids, pinned);
            perform rollout_record(
                config, rollout_change() || jsonb_build_object('details', details),
                config.rollout_percentage, before, rollout_pins(asked.ids));
        end if;
    end loop;
    perform rollout_set_categorizing(categorizing);
    return rollout_answer(feature_name, details);
end $$;
comment on function public.rollout_set_pins(text[], boolean, text, text, jsonb) is
    'R3: what markAsTest and unmarkAsTest have in common.';

create or replace function public.rollout_pins(ids uuid[])
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select jsonb_object_agg(h.full_name, jsonb_build_object(
        'category', k.category, 'pinned', coalesce(k.pinned_as_test, false)))
    from rollout_host_repositories h
    left join repository_categories k on k.repository_id = h.id
    where h.id = any (ids)
$$;
comment on function public.rollout_pins(uuid[]) is
    'R10: category and pin of repositories, as a history row keeps them.';

create or replace function public.rollout_write_pins(ids uuid[], pinned boolean)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if not pinned then
        update repository_categories k set pinned_as_test = false where k.repository_id = any (ids);
    end if;
    perform rollout_categorize(ids);
    if pinned then
        update repository_categories k
        set pinned_as_test = true, is_test_repository = true, category = r.category,
            priority_level = r.priority_level, updated_at = now()
        from rollout_category_rules() r
        where r.category = 'test' and k.repository_id = any (ids);
    end if;
end $$;
comment on function public.rollout_write_pins(uuid[], boolean) is
    'R3: pins as test, whose counts are kept as they are, or lifts the pin and categorizes by size.';

create or replace function public.rollout_mark_as_test(
    repositories text[], feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language sql
set search_path = pg_catalog, public, pg_temp
as $$ select rollout_set_pins(repositories, true, feature_name, reason, context) $$;
comment on function public.rollout_mark_as_test(text[], text, text, jsonb) is
    'rollout.markAsTest(), R3: pins repositories as test; all of them or, if one is unknown, none.';

create or replace function public.rollout_unmark_as_test(
    repositories text[], feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language sql
set search_path = pg_catalog, public, pg_temp
as $$ select rollout_set_pins(repositories, false, feature_name, reason, context) $$;
comment on function public.rollout_unmark_as_test(text[], text, text, jsonb) is
    'rollout.unmarkAsTest(), R3: lifts the pin and categorizes by size again.';
