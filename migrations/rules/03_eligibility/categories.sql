-- R3: categorizes repositories, all of them in batches that continue where they were interrupted.

create or replace function rollout.categorize(ids uuid[])
returns table (was text, became text, repositories bigint, written bigint)
language plpgsql
set search_path = pg_catalog, public, pg_temp
set jit = off  -- compiling takes a quarter of a batch and saves less
as $$
#variable_conflict use_variable
declare
    categorizing constant text := rollout.set_categorizing('on');
begin
    return query
    with sized as materialized (
        select h.id, h.star_count, h.contributor_count, h.pr_count, r.category, r.priority_level,
               least(100, h.star_count::bigint + h.contributor_count + h.pr_count / 10) as activity,
               k.repository_id as known, k.category::text as old_category,
               (k.category, k.priority_level, k.star_count, k.contributor_count, k.pr_count) is distinct from
               (r.category, r.priority_level, h.star_count, h.contributor_count, h.pr_count) as stale
        from rollout_host_repositories h
        cross join lateral rollout.category_of(h.star_count, h.contributor_count, h.pr_count) r
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
    perform rollout.set_categorizing(categorizing);
end $$;
comment on function rollout.categorize(uuid[]) is
    'R3: brings the category rows of these repositories up to date, pins left alone; per move, how many moved and '
    'how many rows were written.';

create or replace function rollout.open_run(run_id bigint, operation uuid)
returns rollout.categorization_runs
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    run rollout.categorization_runs;
begin
    -- The first batch of a run does not know its number yet: sent again, it is known by its operation.
    run_id := coalesce(run_id, (
        select max(r.id) from rollout.categorization_runs r where r.last_operation = operation));
    loop
        if run_id is null then
            insert into rollout.categorization_runs (total)
            select (select count(*) from rollout_host_repositories)
            where not exists (select from rollout.categorization_runs r where r.finished_at is null)
            on conflict do nothing;
        end if;
        -- Two operators at once share the run: each takes the next batch.
        select * into run from rollout.categorization_runs r
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
comment on function rollout.open_run(bigint, uuid) is
    'R3: the run of categorizeAll that a batch belongs to, locked: the one named, the open one, or a new one.';

create or replace function rollout.advance_run(
    run rollout.categorization_runs, batch_size integer, operation uuid
)
returns rollout.categorization_runs
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
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
    from rollout.categorize(ids) c;

    update rollout.categorization_runs r
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
comment on function rollout.advance_run(rollout.categorization_runs, integer, uuid) is
    'R3: categorizes the next repositories of a run, and ends it when there are no more.';
