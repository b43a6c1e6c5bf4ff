-- the application, stats, preview, explain and the dashboard all read it from here.

create or replace function public.rollout_category_rules()
returns table (
    category text, rollout_order integer, priority_level integer,
    max_stars integer, max_contributors integer, max_pull_requests integer
)
language sql immutable parallel safe
as $$
    values
        ('test', 1, 100, 0, 2, 10),
        ('small', 2, 80, 50, 10, 100),
        ('medium', 3, 60, 500, 50, 1000),
        ('large', 4, 40, 5000, 200, 10000),
        ('enterprise', 5, 20, null, null, null)
$$;
comment on function public.rollout_category_rules() is
    'R3, the manual''s table of categories: limits are inclusive, null is no limit, the first row that fits wins.';

create or replace function public.rollout_category_of(stars integer, contributors integer, pull_requests integer)
returns table (category text, priority_level integer)
language sql immutable parallel safe
as $$
    -- returns a table, so that PostgreSQL can inline it into a query over many repositories
    select r.category, r.priority_level
    from public.rollout_category_rules() r
    where (coalesce(stars, 0) <= r.max_stars
           and coalesce(contributors, 0) <= r.max_contributors
           and coalesce(pull_requests, 0) <= r.max_pull_requests)
       or r.max_stars is null
    order by r.rollout_order
    limit 1
$$;
comment on function public.rollout_category_of(integer, integer, integer) is
    'R3: the category of a repository with these counts, and its priority.';

-- R3 and R9: categorization in batches, test pins, and the whitelist.

create or replace function public.rollout_categorize(ids uuid[])
returns table (was text, became text, repositories bigint, written bigint)
language plpgsql
set search_path = pg_catalog, public, pg_temp
set jit = off  -- compiling takes a quarter of a batch and saves less
as $$
declare
    categorizing constant text := rollout_set_categorizing('on');
begin
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
    perform rollout_set_categorizing(categorizing);
end $$;
comment on function public.rollout_categorize(uuid[]) is
    'R3: brings the category rows of these repositories up to date, pins left alone; per move, how many moved and '
    'how many rows were written.';

create or replace function public.rollout_open_run(run_id bigint, operation uuid)
returns rollout_categorization_runs
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    run rollout_categorization_runs;
begin
    -- The first batch of a run does not know its number yet: sent again, it is known by its operation.
    run_id := coalesce(run_id, (
        select max(r.id) from rollout_categorization_runs r where r.last_operation = operation));
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
            raise exception 'no such categorization run; to begin one, type rollout.categorizeAll()'
                using errcode = 'RC003';
        end if;
        -- Another operator's batch ended the run while this one waited for it: begin the next.
    end loop;
    return run;
end $$;
comment on function public.rollout_open_run(bigint, uuid) is
    'R3: the run of categorizeAll that a batch belongs to, locked: the one named, the open one, or a new one.';

create or replace function public.rollout_advance_run(
    run rollout_categorization_runs, batch_size integer, operation uuid
)
returns rollout_categorization_runs
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    ids constant uuid[] := array(
        select h.id from rollout_host_repositories h
        where run.position is null or h.id > run.position
        order by h.id limit batch_size);
    moves jsonb;
    saved bigint;
begin
    select coalesce(sum(c.written), 0),
           coalesce(
               jsonb_object_agg(c.was || ' → ' || c.became, c.repositories) filter (where c.repositories > 0), '{}')
    into saved, moves
    from rollout_categorize(ids) c;

    update rollout_categorization_runs r
    set position = coalesce(ids[cardinality(ids)], run.position),
        processed = run.processed + cardinality(ids),
        changed = run.changed + saved,
        last_operation = operation,
        transitions = run.transitions || (
            select coalesce(
                jsonb_object_agg(m.key, coalesce((run.transitions ->> m.key)::bigint, 0) + m.value::bigint), '{}')
            from jsonb_each_text(moves) m),
        finished_at = case when cardinality(ids) < batch_size then clock_timestamp() end
    where r.id = run.id
    returning * into run;
    return run;
end $$;
comment on function public.rollout_advance_run(rollout_categorization_runs, integer, uuid) is
    'R3: categorizes the next repositories of a run, and ends it when there are no more.';

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
    operation constant uuid := (context ->> 'operation_id')::uuid;
    run rollout_categorization_runs := rollout_open_run(run_id, operation);
begin
    -- A batch that is sent again, because its answer was lost, is not followed by another.
    if run.finished_at is null and coalesce(run.last_operation <> operation, true) then
        run := rollout_advance_run(run, rollout_within(
            'batch_size', batch_size, 1, 100000, 'rollout.categorizeAll()'), operation);
        if run.finished_at is not null then
            perform rollout_count_uncategorized();
        end if;
        if run.finished_at is not null and run.changed > 0 then
            perform rollout_record(
                config,
                coalesce(context, '{}') || jsonb_build_object('command', 'categorizeAll', 'reason',
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
    'rollout.categorizeAll(), R3: the next batch of the open run, or of a new one. The batch that ends a run leaves '
    'its history row.';

create or replace function public.rollout_categories(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
begin
    return jsonb_build_object(
        'rollout_percentage', config.rollout_percentage,
        'emergency_stop', config.emergency_stop,
        'categories', (
            select jsonb_agg(jsonb_build_object(
                'category', a.category, 'rollout_order', a.rollout_order, 'priority_level', r.priority_level,
                'max_stars', r.max_stars, 'max_contributors', r.max_contributors,
                'max_pull_requests', r.max_pull_requests,
                'repositories', a.repositories, 'eligible', a.eligible,
                'stars', t.stars / nullif(1.0 * t.repositories, 0),
                'contributors', t.contributors / nullif(1.0 * t.repositories, 0),
                'pull_requests', t.pull_requests / nullif(1.0 * t.repositories, 0),
                'activity', t.activity / nullif(1.0 * t.repositories, 0),
                'pinned', coalesce(t.pinned, 0)) order by a.rollout_order)
            from rollout_eligible_counts(config) a
            join rollout_category_rules() r using (category)
            left join rollout_category_counts t on t.feature_name = config.feature_name and t.category = a.category));
end $$;
comment on function public.rollout_categories(text) is
    'rollout.categories(): each category with its limits, averages, and how many are eligible.';
