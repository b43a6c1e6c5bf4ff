-- R3 and R9: categorization in batches, test pins, and the whitelist.

create or replace function public.rollout_categorize(ids uuid[])
returns table (was text, became text, repositories bigint, written bigint)
language plpgsql
set search_path = pg_catalog, public, pg_temp
set jit = off  -- compiling takes a quarter of a batch and saves less
as $$
begin
    perform set_config('rollout.categorizing', 'on', true);
    return query
    with sized as materialized (
        select h.id, h.star_count, h.contributor_count, h.pr_count, r.category, r.priority_level,
               least(100, h.star_count + h.contributor_count + h.pr_count / 10) as activity,
               k.repository_id as known, k.category::text as old_category,
               (k.category, k.priority_level, k.star_count, k.contributor_count, k.pr_count) is distinct from
               (r.category, r.priority_level, h.star_count, h.contributor_count, h.pr_count) as stale
        from rollout_host_repositories h
        cross join lateral rollout_category_of(h.star_count, h.contributor_count, h.pr_count) r
        left join repository_categories k on k.repository_id = h.id
        where h.id = any (ids) and not coalesce(k.pinned_as_test, false)
    ), saved as (
        -- Only what differs is written: a run over unchanged repositories rewrites nothing.
        insert into repository_categories as k (
            repository_id, category, priority_level, is_test_repository,
            star_count, contributor_count, pr_count, monthly_activity_score)
        select s.id, s.category, s.priority_level, s.category = 'test',
               s.star_count, s.contributor_count, s.pr_count, s.activity
        from sized s where s.stale or s.known is null
        order by s.id
        on conflict (repository_id) do update set
            category = excluded.category,
            priority_level = excluded.priority_level,
            is_test_repository = excluded.is_test_repository,
            star_count = excluded.star_count,
            contributor_count = excluded.contributor_count,
            pr_count = excluded.pr_count,
            monthly_activity_score = excluded.monthly_activity_score,
            last_categorized_at = now(),
            updated_at = now()
        where not k.pinned_as_test  -- pinned by someone else a moment ago
        returning k.repository_id
    )
    select coalesce(s.old_category, 'new'), s.category,
           count(*) filter (where s.old_category is distinct from s.category), count(*)
    from saved join sized s on s.id = saved.repository_id
    group by 1, 2;
    perform set_config('rollout.categorizing', '', true);
end $$;
comment on function public.rollout_categorize(uuid[]) is
    'R3: brings the category rows of these repositories up to date, pins left alone; per move, how many moved and how many rows were written.';

create or replace function public.categorize_repository(repo_id uuid)
returns text
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    perform rollout_categorize(array[repo_id]);
    return (select k.category from repository_categories k where k.repository_id = repo_id);
end $$;
comment on function public.categorize_repository(uuid) is
    'R3: categorizes one repository and returns its category; null if there is no such repository.';

create or replace function public.rollout_categorize_batch(
    batch_size integer default 5000, run_id bigint default null,
    feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
    run rollout_categorization_runs;
    ids uuid[];
    moves jsonb;
    saved bigint;
begin
    run_id := coalesce(run_id, (
        select max(r.id) from rollout_categorization_runs r where r.last_operation = (context ->> 'operation_id')::uuid));
    loop
        if run_id is null then
            insert into rollout_categorization_runs (total)
            select (select count(*) from rollout_host_repositories)
            where not exists (select from rollout_categorization_runs r where r.finished_at is null)
            on conflict do nothing;
        end if;
        -- Two operators at once share the run: each takes the next batch.
        select * into run from rollout_categorization_runs r
        where r.id = run_id or (run_id is null and r.finished_at is null) for update;
        exit when found;
        if run_id is not null then
            raise exception 'no such categorization run; to begin one, type rollout.categorizeAll()' using errcode = 'P0002';
        end if;
        -- Another operator's batch ended the run while this one waited for it: begin the next.
    end loop;

    if run.finished_at is null then
        ids := array(
            select h.id from rollout_host_repositories h
            where run.position is null or h.id > run.position
            order by h.id limit least(greatest(batch_size, 1), 100000));
        select coalesce(sum(c.written), 0),
               coalesce(jsonb_object_agg(c.was || ' → ' || c.became, c.repositories) filter (where c.repositories > 0), '{}')
        into saved, moves
        from rollout_categorize(ids) c;

        update rollout_categorization_runs r
        set position = coalesce(ids[cardinality(ids)], run.position),
            processed = run.processed + cardinality(ids),
            changed = run.changed + saved,
            last_operation = (context ->> 'operation_id')::uuid,
            transitions = run.transitions || (
                select coalesce(jsonb_object_agg(m.key, coalesce((run.transitions ->> m.key)::bigint, 0) + m.value::bigint), '{}')
                from jsonb_each_text(moves) m),
            finished_at = case when cardinality(ids) < least(greatest(batch_size, 1), 100000) then clock_timestamp() end
        where r.id = run.id
        returning * into run;

        if run.finished_at is not null and run.changed > 0 then
            perform rollout_record(
                config,
                context || jsonb_build_object('command', 'categorizeAll', 'reason',
                    format('%s of %s repositories brought up to date', run.changed, run.processed)),
                config.rollout_percentage, '{}', jsonb_build_object('transitions', run.transitions));
        end if;
    end if;
    return jsonb_build_object(
        'run_id', run.id, 'done', run.finished_at is not null, 'processed', run.processed,
        'total', greatest(run.total, run.processed), 'changed', run.changed, 'transitions', run.transitions,
        'started_at', run.started_at);
end $$;
comment on function public.rollout_categorize_batch(integer, bigint, text, jsonb) is
    'rollout.categorizeAll(), R3: the next batch of the open run, or of a new one. The batch that ends a run leaves its history row.';

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
comment on function public.rollout_pin_follows_mark() is 'Trigger, R3: a repository marked as test past our functions is pinned like any other.';

create or replace function public.rollout_pin_recorded()
returns trigger
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if coalesce(current_setting('rollout.categorizing', true), '') <> 'on' then
        perform rollout_record(
            c, jsonb_build_object(
                'triggered_by', 'outside_console', 'outside_console', true,
                'reason', case when new.pinned_as_test then 'marked as test' else 'no longer marked as test' end),
            c.rollout_percentage,
            jsonb_build_object('repository_id', new.repository_id, 'pinned_as_test', not new.pinned_as_test),
            jsonb_build_object('repository_id', new.repository_id, 'pinned_as_test', new.pinned_as_test))
        from (select * from rollout_configuration x where x.is_active order by x.created_at limit 1) c;
    end if;
    return null;
end $$;
comment on function public.rollout_pin_recorded() is 'Trigger, R10: a pin set or lifted past our functions leaves a history row.';

create or replace trigger rollout_pin_follows_mark before insert on public.repository_categories
    for each row when (new.is_test_repository) execute function public.rollout_pin_follows_mark();
create or replace trigger rollout_pin_follows_change before update on public.repository_categories
    for each row when (new.is_test_repository is distinct from old.is_test_repository)
    execute function public.rollout_pin_follows_mark();
create or replace trigger rollout_pin_added after insert on public.repository_categories
    for each row when (new.pinned_as_test) execute function public.rollout_pin_recorded();
create or replace trigger rollout_pin_changed after update on public.repository_categories
    for each row when (old.pinned_as_test is distinct from new.pinned_as_test) execute function public.rollout_pin_recorded();

create or replace function public.rollout_set_pins(
    repositories text[], pinned boolean, feature_name text, reason text, context jsonb
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout_lock(feature_name);
    operation constant uuid := coalesce((context ->> 'operation_id')::uuid, gen_random_uuid());
    command constant text := case when pinned then 'markAsTest' else 'unmarkAsTest' end;
    asked record;
    before jsonb;
    after jsonb;
    ids uuid[];
begin
    select array_agg(n.repository_id order by n.repository_id) filter (where coalesce(k.pinned_as_test, false) <> pinned) as moving,
           coalesce(jsonb_agg(n.full_name) filter (where coalesce(k.pinned_as_test, false) <> pinned), '[]') as applied,
           coalesce(jsonb_agg(n.full_name) filter (where coalesce(k.pinned_as_test, false) = pinned), '[]') as already,
           jsonb_object_agg(n.full_name, jsonb_build_object('category', k.category, 'pinned', coalesce(k.pinned_as_test, false)))
               filter (where coalesce(k.pinned_as_test, false) <> pinned) as categories
    into asked
    from rollout_known_repositories(repositories, format('rollout.%s("owner/name")', command)) n
    left join repository_categories k on k.repository_id = n.repository_id;

    if asked.moving is not null and not rollout_is_repeat(context) then
        ids := asked.moving;
        before := asked.categories;
        perform set_config('rollout.categorizing', 'on', true);
        if pinned then
            perform rollout_categorize(ids);  -- counts as they are; the category follows
            perform set_config('rollout.categorizing', 'on', true);
            update repository_categories k
            set pinned_as_test = true, is_test_repository = true, category = r.category,
                priority_level = r.priority_level, updated_at = now()
            from rollout_category_rules() r
            where r.category = 'test' and k.repository_id = any (ids);
        else
            update repository_categories k set pinned_as_test = false where k.repository_id = any (ids);
            perform rollout_categorize(ids);
        end if;
        perform set_config('rollout.categorizing', '', true);
        select jsonb_object_agg(h.full_name, jsonb_build_object('category', k.category, 'pinned', k.pinned_as_test)) into after
        from repository_categories k join rollout_host_repositories h on h.id = k.repository_id
        where k.repository_id = any (ids);
        perform rollout_record(
            config, context || jsonb_build_object('operation_id', operation, 'command', command, 'reason', reason),
            config.rollout_percentage, before, after);
    end if;
    return rollout_answer(feature_name, operation)
        || jsonb_build_object('applied', asked.applied, 'already', asked.already);
end $$;
comment on function public.rollout_set_pins(text[], boolean, text, text, jsonb) is
    'R3: what markAsTest and unmarkAsTest have in common.';

create or replace function public.rollout_add_to_whitelist(
    repositories text[], feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration := rollout_lock(feature_name);
    asked record;
begin
    select array_agg(n.repository_id::text) filter (where not n.listed) as ids,
           coalesce(jsonb_agg(n.full_name) filter (where not n.listed), '[]') as applied,
           coalesce(jsonb_agg(n.full_name) filter (where n.listed), '[]') as already,
           coalesce(jsonb_agg(n.full_name) filter (where n.excluded), '[]') as blacklisted
    into asked
    from (
        select k.*, k.repository_id::text = any (config.target_repositories) as listed,
               k.repository_id::text = any (config.excluded_repositories) as excluded
        from rollout_known_repositories(repositories, 'rollout.addToWhitelist("owner/name")') k
    ) n;
    config.target_repositories := config.target_repositories || coalesce(asked.ids, '{}');
    return rollout_store(config, context || jsonb_build_object('command', 'addToWhitelist', 'reason', reason))
        || jsonb_build_object('applied', asked.applied, 'already', asked.already, 'blacklisted', asked.blacklisted);
end $$;
comment on function public.rollout_add_to_whitelist(text[], text, text, jsonb) is
    'rollout.addToWhitelist(), R9: all of them or, if one is unknown, none.';

create or replace function public.rollout_remove_from_whitelist(
    repositories text[], feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration := rollout_lock(feature_name);
    listed constant text[] := config.target_repositories;
    unlisted text[];
    asked record;
begin
    -- An entry whose repository is gone can still be removed, by the text that stands in the list.
    unlisted := array(select u from unnest(repositories) u where u <> all (listed));
    if cardinality(unlisted) > 0 or coalesce(cardinality(repositories), 0) = 0 then
        perform rollout_known_repositories(unlisted, 'rollout.removeFromWhitelist("owner/name")');
    end if;
    select array_agg(n.entry) filter (where n.entry = any (listed)) as entries,
           coalesce(jsonb_agg(n.shown) filter (where n.entry = any (listed)), '[]') as applied,
           coalesce(jsonb_agg(n.shown) filter (where n.entry <> all (listed)), '[]') as already
    into asked
    from (
        select distinct coalesce(r.repository_id::text, r.asked_name) as entry, coalesce(r.full_name, r.asked_name) as shown
        from rollout_repository_names(repositories) r
    ) n;
    config.target_repositories := array(
        select t from unnest(listed) with ordinality as t (t, position)
        where t <> all (coalesce(asked.entries, '{}')) order by position);
    return rollout_store(config, context || jsonb_build_object('command', 'removeFromWhitelist', 'reason', reason))
        || jsonb_build_object('applied', asked.applied, 'already', asked.already);
end $$;
comment on function public.rollout_remove_from_whitelist(text[], text, text, jsonb) is
    'rollout.removeFromWhitelist(), R9: all of them or, if one is unknown, none.';

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
