-- R3 and R10: pins set or lifted past our functions are pins like any other, and leave a history row.

create or replace function rollout.pin_follows_mark()
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
comment on function rollout.pin_follows_mark() is
    'Trigger, R3: a repository marked as test past our functions is pinned like any other.';
create or replace trigger rollout_pin_follows_mark before insert on public.repository_categories
    for each row when (new.is_test_repository) execute function rollout.pin_follows_mark();
-- A mark on a repository that is test by size changes nothing in its row. It is known by being written at all, and
-- apart from a categorization, which dates the row.
create or replace trigger rollout_pin_follows_change
    before update of is_test_repository on public.repository_categories
    for each row when (
        new.is_test_repository is distinct from old.is_test_repository
        or new.is_test_repository and new.last_categorized_at is not distinct from old.last_categorized_at)
    execute function rollout.pin_follows_mark();

create or replace function rollout.pin_recorded()
returns trigger
language plpgsql security definer  -- whoever may write the table
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    was constant text := case tg_op when 'UPDATE' then old.category end;
begin
    if coalesce(current_setting('rollout.categorizing', true), '') <> 'on' then
        if not new.pinned_as_test then
            perform rollout.categorize(array[new.repository_id]);
        end if;
        perform rollout.write_history(
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
comment on function rollout.pin_recorded() is
    'Trigger, R3 and R10: a pin set or lifted past our functions leaves a history row; lifted, the repository is '
    'categorized by size at once.';
create or replace trigger rollout_pin_added after insert on public.repository_categories
    for each row when (new.pinned_as_test) execute function rollout.pin_recorded();
create or replace trigger rollout_pin_changed after update on public.repository_categories
    for each row when (old.pinned_as_test is distinct from new.pinned_as_test)
    execute function rollout.pin_recorded();

create or replace function rollout.category_cascaded()
returns trigger
language plpgsql security definer  -- whoever may delete repositories
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    categorizing constant text := rollout.set_categorizing('on');
begin
    -- Asked as the transaction commits: a sync deletes a repository and inserts it again in one.
    if exists (select from rollout_host_repositories h where h.id = old.repository_id) then
        insert into repository_categories select old.* on conflict do nothing;
    elsif old.pinned_as_test then
        perform rollout.write_history(
            c, jsonb_build_object(
                'triggered_by', 'outside_console', 'outside_console', true,
                'reason', 'the repository was deleted, and with it its mark as test'),
            c.rollout_percentage,
            jsonb_build_object('repository_id', old.repository_id, 'pinned_as_test', true, 'category', old.category),
            jsonb_build_object('repository_id', old.repository_id, 'pinned_as_test', false, 'category', null))
        from (select * from rollout_configuration x where x.is_active order by x.created_at limit 1) c;
    end if;
    perform rollout.set_categorizing(categorizing);
    return null;
end $$;
comment on function rollout.category_cascaded() is
    'Trigger, R3 and R10: a repository that is deleted and inserted again in one transaction keeps its category and '
    'pin; of one that is gone, history tells that its pin is.';
-- A row that is deleted itself is not put back: only what goes with its repository, by the foreign key's own trigger.
drop trigger if exists rollout_category_cascaded on public.repository_categories;
create constraint trigger rollout_category_cascaded after delete on public.repository_categories
    deferrable initially deferred for each row when (pg_trigger_depth() > 0)
    execute function rollout.category_cascaded();
