-- R3: repositories pinned as test. The setting rollout.categorizing is on while our own functions write
-- categories; a mark that is written without it was made past them, by the browser console.

create or replace function rollout.set_categorizing(setting text)
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
comment on function rollout.set_categorizing(text) is
    'R3: says whether our own functions are writing categories, on or empty, until the end of the transaction; answers '
    'what was set before, to be set again.';

create or replace function rollout.pins(ids uuid[])
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select jsonb_object_agg(h.full_name, jsonb_build_object(
        'category', k.category, 'pinned', coalesce(k.pinned_as_test, false)))
    from rollout_host_repositories h
    left join repository_categories k on k.repository_id = h.id
    where h.id = any (pins.ids)
$$;
comment on function rollout.pins(uuid[]) is
    'R10: category and pin of repositories, as a history row keeps them.';

create or replace function rollout.lock_categories(ids uuid[])
returns void
language sql
set search_path = pg_catalog, public, pg_temp
as $$
    select from repository_categories k where k.repository_id = any (lock_categories.ids)
    order by k.repository_id for update
$$;
comment on function rollout.lock_categories(uuid[]) is
    'R3: locks the rows of repositories that are written in several statements, before the first of them locks the '
    'counters: an update of the application waits, in place of a deadlock.';

create or replace function rollout.write_pins(ids uuid[], pinned boolean)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    if not pinned then
        update repository_categories k set pinned_as_test = false where k.repository_id = any (ids);
    end if;
    perform rollout.categorize(ids);
    if pinned then
        update repository_categories k
        set pinned_as_test = true, is_test_repository = true, category = r.category,
            priority_level = r.priority_level, updated_at = now()
        from rollout.category_rules() r
        where r.category = 'test' and k.repository_id = any (ids);
    end if;
end $$;
comment on function rollout.write_pins(uuid[], boolean) is
    'R3: pins as test, whose counts are kept as they are, or lifts the pin and categorizes by size.';
