-- A database of commit 14f76b8, before steps and rules were apart, with data: written by pg_dump, which leaves out what
-- was revoked from default privileges; that is added for the four tables of the application.
SET check_function_bodies = false;
CREATE SCHEMA supabase_migrations;
CREATE FUNCTION public.categorize_repository(repo_id uuid) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    perform rollout_categorize(array[repo_id]);
    return (select k.category from repository_categories k where k.repository_id = repo_id);
end $$;
COMMENT ON FUNCTION public.categorize_repository(repo_id uuid) IS 'R3: categorizes one repository and returns its category; null if there is no such repository.';
CREATE FUNCTION public.is_repository_eligible_for_rollout(repo_id uuid, feature_name text DEFAULT 'hybrid_progressive_capture'::text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    select public.rollout_admits(public.rollout_decide(repo_id, feature_name))
$$;
COMMENT ON FUNCTION public.is_repository_eligible_for_rollout(repo_id uuid, feature_name text) IS 'R1: whether the application routes this repository''s jobs through the feature. Called for every job.';
CREATE FUNCTION public.record_rollout_job(repo_id uuid, processor text, success boolean, processing_seconds numeric DEFAULT NULL::numeric, error_message text DEFAULT NULL::text, feature_name text DEFAULT 'hybrid_progressive_capture'::text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config rollout_configuration := rollout_active(feature_name);
    window_start timestamptz;
    failed constant integer := case when success then 0 else 1 end;
begin
    if processor is null or processor not in ('inngest', 'github_actions') then
        raise exception 'processor must be inngest or github_actions, not %', coalesce(quote_literal(left(processor, 50)), 'null')
            using errcode = '22023';
    elsif success is null then
        raise exception 'success must be true or false, not null' using errcode = '22023';
    elsif not coalesce(processing_seconds between 0 and 1e8, processing_seconds is null) then
        raise exception 'processing_seconds must be a number of seconds from 0 to 100,000,000, or null' using errcode = '22023';
    end if;
    window_start := date_bin(make_interval(hours => config.monitoring_window_hours), now(), 'epoch');
    insert into rollout_metrics as m (
        rollout_config_id, repository_id, processor_type, success_count, error_count, total_jobs,
        average_processing_time, last_error_message, last_error_at, metrics_window_start, metrics_window_end,
        timed_jobs, processing_seconds)
    values (
        config.id, repo_id, processor, 1 - failed, failed, 1,
        processing_seconds, case when not success then left(error_message, 2000) end, case when not success then now() end,
        window_start, window_start + make_interval(hours => config.monitoring_window_hours),
        case when processing_seconds is null then 0 else 1 end, coalesce(processing_seconds, 0))
    on conflict (rollout_config_id, repository_id, processor_type, metrics_window_start) where timed_jobs is not null
    do update set
        success_count = m.success_count + excluded.success_count,
        error_count = m.error_count + excluded.error_count,
        total_jobs = m.total_jobs + 1,
        average_processing_time = (m.processing_seconds + excluded.processing_seconds)
            / nullif(m.timed_jobs + excluded.timed_jobs, 0),
        last_error_message = coalesce(excluded.last_error_message, m.last_error_message),
        last_error_at = coalesce(excluded.last_error_at, m.last_error_at),
        timed_jobs = m.timed_jobs + excluded.timed_jobs,
        processing_seconds = m.processing_seconds + excluded.processing_seconds,
        updated_at = now();
end $$;
COMMENT ON FUNCTION public.record_rollout_job(repo_id uuid, processor text, success boolean, processing_seconds numeric, error_message text, feature_name text) IS 'R8: reports one finished job. The job that crosses the threshold trips the breaker in its own transaction.';
CREATE TABLE public.rollout_configuration (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    feature_name character varying(100) NOT NULL,
    rollout_percentage integer DEFAULT 0,
    is_active boolean DEFAULT false,
    target_repositories text[] DEFAULT '{}'::text[],
    excluded_repositories text[] DEFAULT '{}'::text[],
    rollout_strategy character varying(50) DEFAULT 'repository_size'::character varying,
    max_error_rate numeric(5,2) DEFAULT 5.0,
    monitoring_window_hours integer DEFAULT 24,
    auto_rollback_enabled boolean DEFAULT true,
    emergency_stop boolean DEFAULT false,
    metadata jsonb DEFAULT '{}'::jsonb,
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone DEFAULT now(),
    minimum_sample integer DEFAULT 10,
    emergency_stop_reason text,
    emergency_stopped_at timestamp with time zone,
    percentage_since timestamp with time zone,
    restarted_at timestamp with time zone,
    CONSTRAINT rollout_configuration_rollout_percentage_check CHECK (((rollout_percentage >= 0) AND (rollout_percentage <= 100)))
);
COMMENT ON TABLE public.rollout_configuration IS 'One active row per feature: what the operator has set.';
COMMENT ON COLUMN public.rollout_configuration.minimum_sample IS 'R7: jobs in the window below which an error rate is not a breach.';
COMMENT ON COLUMN public.rollout_configuration.emergency_stop_reason IS 'R5: why traffic was halted; empty when it is not.';
COMMENT ON COLUMN public.rollout_configuration.emergency_stopped_at IS 'R5: when traffic was halted; empty when it is not.';
COMMENT ON COLUMN public.rollout_configuration.percentage_since IS 'R2: since when rollout_percentage has its value.';
COMMENT ON COLUMN public.rollout_configuration.restarted_at IS 'R7: last time traffic left 0 % or an emergency stop; health never looks further back.';
CREATE FUNCTION public.rollout_active(feature text) RETURNS public.rollout_configuration
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config rollout_configuration;
begin
    select * into config from rollout_configuration c where c.feature_name = feature and c.is_active;
    if not found then
        raise exception 'no active rollout for feature %; to create one, type in a shell: rollout-console setup',
            coalesce(quote_literal(left(feature, 100)), 'null') using errcode = 'P0002';
    end if;
    return config;
end $$;
COMMENT ON FUNCTION public.rollout_active(feature text) IS 'The active configuration of a feature; P0002 if there is none.';
CREATE FUNCTION public.rollout_add_to_whitelist(repositories text[], feature_name text DEFAULT 'hybrid_progressive_capture'::text, reason text DEFAULT NULL::text, context jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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
COMMENT ON FUNCTION public.rollout_add_to_whitelist(repositories text[], feature_name text, reason text, context jsonb) IS 'rollout.addToWhitelist(), R9: all of them or, if one is unknown, none.';
CREATE FUNCTION public.rollout_admits(reason text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select reason in ('whitelist', 'full_rollout', 'hash_in', 'category_in', 'boundary_in')
$$;
COMMENT ON FUNCTION public.rollout_admits(reason text) IS 'R1: whether this answer of rollout_decide means in.';
CREATE FUNCTION public.rollout_admitted(config public.rollout_configuration) RETURNS TABLE(category text, rollout_order integer, repositories bigint, cutoff integer, eligible bigint)
    LANGUAGE sql STABLE ROWS 5
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    -- Counts by strategy, then the few listed repositories put right one by one.
    with listed as (
        select k.category, rollout_admits(rollout_decide(k.repository_id, config.feature_name)) as eligible,
               case when config.rollout_strategy = 'whitelist' then false
                    else rollout_bucket(config.feature_name, k.repository_id) < a.cutoff end as counted
        from rollout_listed(config) k
        join rollout_admission a on a.feature_name = config.feature_name and a.category = k.category
    )
    select r.category, r.rollout_order, coalesce(a.repositories, 0), coalesce(a.cutoff, 0),
           case when config.emergency_stop then 0 else
               coalesce(a.admitted, 0)
               + (select count(*) filter (where l.eligible) - count(*) filter (where l.counted)
                  from listed l where l.category = r.category)
           end
    from rollout_category_rules() r
    left join rollout_admission a on a.feature_name = config.feature_name and a.category = r.category
    order by r.rollout_order
$$;
COMMENT ON FUNCTION public.rollout_admitted(config public.rollout_configuration) IS 'R1: per category, how many repositories there are and how many are in now, lists and stop included.';
CREATE FUNCTION public.rollout_answer(feature text, operation uuid) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    select jsonb_build_object(
        'changed', h.id is not null,
        'change', rollout_history_entry(h),
        'status', rollout_status(feature))
    from (select) nothing
    left join rollout_history h on h.id = operation
$$;
COMMENT ON FUNCTION public.rollout_answer(feature text, operation uuid) IS 'What every change answers: whether it changed anything, its history row, and the status after it.';
CREATE FUNCTION public.rollout_begin(percentage numeric DEFAULT 10, feature_name text DEFAULT 'hybrid_progressive_capture'::text, reason text DEFAULT NULL::text, context jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config rollout_configuration := rollout_lock(feature_name);
    target constant integer := rollout_whole_percentage(percentage, 'rollout-console setup --percentage 10');
    obstacle text;
begin
    if not rollout_is_repeat(context) then
        obstacle := rollout_start_obstacle(config, target);
        if obstacle is null then
            config.rollout_percentage := target;
        end if;
    end if;
    return rollout_store(config, context || jsonb_build_object('command', 'setup', 'reason', reason))
        || jsonb_build_object('outcome', coalesce(obstacle, 'started'));
end $$;
COMMENT ON FUNCTION public.rollout_begin(percentage numeric, feature_name text, reason text, context jsonb) IS 'rollout-console setup: starts a rollout that never was above 0 %; any other is left as it is, and outcome says why.';
CREATE FUNCTION public.rollout_below(feature text, size text, bound integer) RETURNS bigint
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    select coalesce(sum(b.repositories), 0)::bigint
    from rollout_buckets b
    where b.feature_name = feature and b.category = size
      and ((b.width = 100 and b.bucket < bound / 100 * 100)
           or (b.width = 1 and b.bucket >= bound / 100 * 100 and b.bucket < bound))
$$;
COMMENT ON FUNCTION public.rollout_below(feature text, size text, bound integer) IS 'R1: how many repositories of a category have a bucket below this one.';
CREATE FUNCTION public.rollout_boundary(feature text, size text, room bigint) RETURNS TABLE(bucket integer, admitted bigint)
    LANGUAGE plpgsql STABLE STRICT ROWS 1
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    hundred integer;
    before bigint;
begin
    -- Two statements: in one, a planner that has no statistics yet sums the hundreds anew for every bucket.
    select h.bucket, h.upto - h.repositories into hundred, before
    from (
        select b.bucket, b.repositories, sum(b.repositories) over (order by b.bucket) as upto
        from rollout_buckets b
        where b.feature_name = feature and b.category = size and b.width = 100
    ) h
    where h.upto > room order by h.bucket limit 1;
    return query
    select s.bucket, (s.upto - s.repositories)::bigint
    from (
        select b.bucket, b.repositories, before + sum(b.repositories) over (order by b.bucket) as upto
        from rollout_buckets b
        where b.feature_name = feature and b.category = size and b.width = 1
          and b.bucket >= hundred and b.bucket < hundred + 100
    ) s
    where s.upto > room order by s.bucket limit 1;
end $$;
COMMENT ON FUNCTION public.rollout_boundary(feature text, size text, room bigint) IS 'R1: the first bucket of a category that no longer fits into this room, and how many repositories are below it; none for a null room.';
CREATE FUNCTION public.rollout_bucket(feature_name text, repository_id uuid) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
    select (('x' || pg_catalog.substr(pg_catalog.md5(feature_name || ':' || repository_id::text), 1, 8))::bit(32)::bigint % 10000)::integer
$$;
COMMENT ON FUNCTION public.rollout_bucket(feature_name text, repository_id uuid) IS 'R1: the bucket, 0 to 9999, of a repository for a feature; stable and salted with the feature''s name.';
CREATE FUNCTION public.rollout_categories(feature_name text DEFAULT 'hybrid_progressive_capture'::text) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
begin
    return jsonb_build_object(
        'rollout_percentage', config.rollout_percentage,
        'emergency_stop', config.emergency_stop,
        'categories', (
            select jsonb_agg(jsonb_build_object(
                'category', a.category, 'rollout_order', a.rollout_order, 'priority_level', r.priority_level,
                'max_stars', r.max_stars, 'max_contributors', r.max_contributors, 'max_pull_requests', r.max_pull_requests,
                'repositories', a.repositories, 'eligible', a.eligible,
                'stars', t.stars / nullif(1.0 * t.repositories, 0),
                'contributors', t.contributors / nullif(1.0 * t.repositories, 0),
                'pull_requests', t.pull_requests / nullif(1.0 * t.repositories, 0),
                'activity', t.activity / nullif(1.0 * t.repositories, 0),
                'pinned', coalesce(t.pinned, 0)) order by a.rollout_order)
            from rollout_admitted(config) a
            join rollout_category_rules() r using (category)
            left join rollout_admission t on t.feature_name = config.feature_name and t.category = a.category));
end $$;
COMMENT ON FUNCTION public.rollout_categories(feature_name text) IS 'rollout.categories(): each category with its limits, averages, and how many are in.';
CREATE FUNCTION public.rollout_categories_changed() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    if tg_op = 'UPDATE' then
        perform from added a full join removed r using (id)
        where (a.repository_id, a.category, a.star_count, a.contributor_count, a.pr_count, a.monthly_activity_score, a.pinned_as_test)
              is distinct from
              (r.repository_id, r.category, r.star_count, r.contributor_count, r.pr_count, r.monthly_activity_score, r.pinned_as_test)
        limit 1;
        if not found then
            return null;
        end if;
    end if;
    -- One order of locks for everybody: whoever waits here waits for nothing later on.
    perform from rollout_admission order by feature_name, category for update;
    -- Each row as it is counts for, each row as it was counts against.
    execute format(
        'with moved as materialized (
             select m.* from (%s) m join rollout_category_rules() r on r.category = m.category
             where m.repository_id is not null
         ), shifts as (
             select f.feature_name, m.category, rollout_bucket(f.feature_name, m.repository_id) as bucket,
                    sum(m.change)::integer as repositories
             from moved m cross join (select distinct feature_name from rollout_admission) f
             group by 1, 2, 3 having sum(m.change) <> 0
         ), totals as (
             update rollout_admission a
             set repositories = a.repositories + t.change, stars = a.stars + t.stars,
                 contributors = a.contributors + t.contributors, pull_requests = a.pull_requests + t.pull_requests,
                 activity = a.activity + t.activity, pinned = a.pinned + t.pinned
             from (
                 select m.category, sum(m.change) as change,
                        coalesce(sum(m.change * m.star_count::bigint), 0) as stars,
                        coalesce(sum(m.change * m.contributor_count::bigint), 0) as contributors,
                        coalesce(sum(m.change * m.pr_count::bigint), 0) as pull_requests,
                        coalesce(sum(m.change * m.monthly_activity_score::bigint), 0) as activity,
                        sum(m.change * m.pinned_as_test::integer) as pinned
                 from moved m group by 1) t
             where a.category = t.category
         )
         insert into rollout_buckets as b (feature_name, category, width, bucket, repositories)
         select s.feature_name, s.category, w.width, s.bucket / w.width * w.width, sum(s.repositories)
         from shifts s cross join (values (1), (100)) w (width)
         group by 1, 2, 3, 4
         on conflict (feature_name, category, width, bucket)
         do update set repositories = b.repositories + excluded.repositories',
        case tg_op
            when 'INSERT' then 'select *, 1 as change from added'
            when 'DELETE' then 'select *, -1 as change from removed'
            else 'select *, 1 as change from added union all select *, -1 from removed'
        end);
    perform rollout_refresh_admission(f.feature_name)
    from (select distinct feature_name from rollout_admission order by 1) f;
    return null;
end $$;
COMMENT ON FUNCTION public.rollout_categories_changed() IS 'Trigger on repository_categories: carries every change of category, whoever makes it, into the counts.';
CREATE FUNCTION public.rollout_categories_emptied() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    truncate rollout_buckets;
    update rollout_admission
    set repositories = 0, stars = 0, contributors = 0, pull_requests = 0, activity = 0, pinned = 0;
    perform rollout_refresh_admission(f.feature_name)
    from (select distinct feature_name from rollout_admission order by 1) f;
    return null;
end $$;
COMMENT ON FUNCTION public.rollout_categories_emptied() IS 'Trigger: truncating repository_categories empties its counts.';
CREATE FUNCTION public.rollout_categorize(ids uuid[]) RETURNS TABLE(was text, became text, repositories bigint, written bigint)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$
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
COMMENT ON FUNCTION public.rollout_categorize(ids uuid[]) IS 'R3: brings the category rows of these repositories up to date, pins left alone; per move, how many moved and how many rows were written.';
CREATE FUNCTION public.rollout_categorize_batch(batch_size integer DEFAULT 5000, run_id bigint DEFAULT NULL::bigint, feature_name text DEFAULT 'hybrid_progressive_capture'::text, context jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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
COMMENT ON FUNCTION public.rollout_categorize_batch(batch_size integer, run_id bigint, feature_name text, context jsonb) IS 'rollout.categorizeAll(), R3: the next batch of the open run, or of a new one. The batch that ends a run leaves its history row.';
CREATE FUNCTION public.rollout_category_of(stars integer, contributors integer, pull_requests integer) RETURNS TABLE(category text, priority_level integer)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
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
COMMENT ON FUNCTION public.rollout_category_of(stars integer, contributors integer, pull_requests integer) IS 'R3: the category of a repository with these counts, and its priority.';
CREATE FUNCTION public.rollout_category_rules() RETURNS TABLE(category text, rollout_order integer, priority_level integer, max_stars integer, max_contributors integer, max_pull_requests integer)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    values
        ('test', 1, 100, 0, 2, 10),
        ('small', 2, 80, 50, 10, 100),
        ('medium', 3, 60, 500, 50, 1000),
        ('large', 4, 40, 5000, 200, 10000),
        ('enterprise', 5, 20, null, null, null)
$$;
COMMENT ON FUNCTION public.rollout_category_rules() IS 'R3, the manual''s table of categories: limits are inclusive, null is no limit, the first row that fits wins.';
CREATE FUNCTION public.rollout_check_health(feature_name text DEFAULT 'hybrid_progressive_capture'::text, context jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config constant rollout_configuration := rollout_lock(feature_name);
    operation constant uuid := coalesce((context ->> 'operation_id')::uuid, gen_random_uuid());
    health constant jsonb := rollout_health(config);
    repeat constant boolean := rollout_is_repeat(context);
begin
    if (health ->> 'breach')::boolean and not repeat then
        perform rollout_trip_breaker(config.id, context || jsonb_build_object(
            'operation_id', operation, 'command', 'checkHealth'));
    end if;
    return rollout_answer(feature_name, operation) || jsonb_build_object(
        'health', health,
        'action', case
            when repeat or exists (select from rollout_history h where h.id = operation) then 'rolled_back'
            when not (health ->> 'breach')::boolean then 'none'
            when config.emergency_stop then 'already_stopped'
            when config.rollout_percentage = 0 then 'already_at_zero'
            else 'auto_rollback_off'
        end,
        'indicators', jsonb_build_array(
            jsonb_build_object('name', 'error rate', 'unit', 'percent', 'actual', health -> 'error_rate',
                'needed', '<= ' || trim_scale(config.max_error_rate) || ' %',
                'met', (health ->> 'error_rate')::numeric <= config.max_error_rate),
            jsonb_build_object('name', 'success rate', 'unit', 'percent', 'actual', health -> 'success_rate',
                'needed', '> 95 %', 'met', (health ->> 'success_rate')::numeric > 95),
            jsonb_build_object('name', 'jobs', 'unit', 'jobs', 'actual', health -> 'jobs',
                'needed', config.minimum_sample || ' or more',
                'met', (health ->> 'jobs')::bigint >= config.minimum_sample)));
end $$;
COMMENT ON FUNCTION public.rollout_check_health(feature_name text, context jsonb) IS 'rollout.checkHealth(), R7 and R8: the indicators with their thresholds, and the rollback if they call for it.';
CREATE FUNCTION public.rollout_claim_alerts(raised text[] DEFAULT '{}'::text[], cleared text[] DEFAULT '{}'::text[], feature_name text DEFAULT 'hybrid_progressive_capture'::text, context jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
declare
    -- An answer that was lost is asked for again with the same id, and is the same again.
    operation constant uuid := coalesce((context ->> 'operation_id')::uuid, gen_random_uuid());
begin
    insert into rollout_alerts as a (feature_name, event, raised_by)
    select distinct $3, left(e, 200), operation from unnest(raised) e order by 2
    on conflict on constraint rollout_alerts_once do update
    set raised_at = clock_timestamp(), raised_by = excluded.raised_by, cleared_at = null, cleared_by = null
    where a.cleared_at is not null;
    update rollout_alerts a
    set cleared_at = clock_timestamp(), cleared_by = operation
    where a.feature_name = $3 and a.event = any (cleared) and a.cleared_at is null;
    delete from rollout_alerts a where greatest(a.raised_at, a.cleared_at) < clock_timestamp() - interval '90 days';
    return (
        select jsonb_build_object(
            'raised', coalesce(jsonb_agg(a.event) filter (where a.raised_by = operation and a.cleared_at is null), '[]'),
            'cleared', coalesce(jsonb_agg(a.event) filter (where a.cleared_by = operation), '[]'))
        from rollout_alerts a where a.feature_name = $3);
end $_$;
COMMENT ON FUNCTION public.rollout_claim_alerts(raised text[], cleared text[], feature_name text, context jsonb) IS 'Which of these events the caller is the first to raise, and which it has cleared: an alert is sent by whoever is told so, once.';
CREATE FUNCTION public.rollout_configuration_changed() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    -- Dates that follow from a change are not themselves a change.
    derived constant text[] := '{updated_at,percentage_since,restarted_at,emergency_stopped_at}';
    change jsonb := nullif(current_setting('rollout.change', true), '')::jsonb;
    was constant jsonb := case when tg_op = 'INSERT' then '{}' else to_jsonb(old) end - derived;
    became constant jsonb := to_jsonb(new) - derived;
    before jsonb;
    after jsonb;
begin
    select jsonb_object_agg(b.key, was -> b.key), jsonb_object_agg(b.key, b.value)
    into before, after
    from jsonb_each(became) b
    where was -> b.key is distinct from b.value;
    if after is null then
        return null;
    end if;
    change := coalesce(change, jsonb_build_object(
        'action', case
            when tg_op = 'INSERT' then 'created'
            when (after ->> 'emergency_stop')::boolean then 'emergency_stop'
            else 'updated'
        end,
        'triggered_by', 'outside_console',
        'reason', 'changed directly in the table',
        'outside_console', true));
    perform rollout_record(
        new, change, case when tg_op = 'UPDATE' then old.rollout_percentage end, before, after);
    if new.is_active then
        if not exists (select from rollout_admission a where a.feature_name = new.feature_name) then
            perform rollout_count_repositories(new.feature_name);
        else
            perform rollout_refresh_admission(new.feature_name);
        end if;
    end if;
    return null;
end $$;
COMMENT ON FUNCTION public.rollout_configuration_changed() IS 'Trigger, R10 and R1: one history row for every change of a configuration, and the admission that follows from it.';
CREATE FUNCTION public.rollout_configuration_prepare() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    -- The columns are nullable in the existing deployment; nothing after this line meets a null.
    new.rollout_percentage := coalesce(new.rollout_percentage, 0);
    new.is_active := coalesce(new.is_active, false);
    new.target_repositories := coalesce(new.target_repositories, '{}');
    new.excluded_repositories := coalesce(new.excluded_repositories, '{}');
    new.rollout_strategy := coalesce(new.rollout_strategy, 'repository_size');
    new.max_error_rate := coalesce(new.max_error_rate, 5.0);
    new.monitoring_window_hours := greatest(coalesce(new.monitoring_window_hours, 24), 1);
    new.minimum_sample := greatest(coalesce(new.minimum_sample, 10), 1);
    new.auto_rollback_enabled := coalesce(new.auto_rollback_enabled, true);
    new.emergency_stop := coalesce(new.emergency_stop, false);
    new.metadata := case when jsonb_typeof(new.metadata) = 'object' then new.metadata else '{}' end;
    if not new.emergency_stop then
        new.emergency_stop_reason := null;
        new.emergency_stopped_at := null;
    end if;
    if tg_op = 'INSERT' then
        new.percentage_since := coalesce(new.percentage_since, now());
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
    return new;
end $$;
COMMENT ON FUNCTION public.rollout_configuration_prepare() IS 'Trigger: fills nulls of the existing schema and dates stops, percentages and restarts (R2, R5, R7), whoever writes.';
CREATE FUNCTION public.rollout_count_repositories(feature text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    lock table repository_categories in share mode;  -- no category may change while they are counted
    delete from rollout_buckets where feature_name = feature;
    delete from rollout_admission where feature_name = feature;
    insert into rollout_buckets (feature_name, category, width, bucket, repositories)
    select feature, c.category, c.width, c.bucket, c.repositories from rollout_counted_buckets(feature) c;
    insert into rollout_admission (
        feature_name, category, repositories, stars, contributors, pull_requests, activity, pinned)
    select feature, r.category, count(k.repository_id), coalesce(sum(k.star_count), 0),
           coalesce(sum(k.contributor_count), 0), coalesce(sum(k.pr_count), 0),
           coalesce(sum(k.monthly_activity_score), 0), count(*) filter (where k.pinned_as_test)
    from rollout_category_rules() r
    left join repository_categories k on k.category = r.category and k.repository_id is not null
    group by r.category;
    perform rollout_refresh_admission(feature);
end $$;
COMMENT ON FUNCTION public.rollout_count_repositories(feature text) IS 'Counts the categorized repositories of a feature from nothing; afterwards triggers keep the counts.';
CREATE FUNCTION public.rollout_counted_buckets(feature text) RETURNS TABLE(category text, width integer, bucket integer, repositories bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    select c.category, w.width, c.bucket / w.width * w.width, sum(c.repositories)::bigint
    from (
        select k.category::text, rollout_bucket(feature, k.repository_id) as bucket, count(*) as repositories
        from repository_categories k
        join rollout_category_rules() r on r.category = k.category
        where k.repository_id is not null
        group by 1, 2
    ) c
    cross join (values (1), (100)) w (width)
    group by 1, 2, 3
$$;
COMMENT ON FUNCTION public.rollout_counted_buckets(feature text) IS 'What rollout_buckets must hold for a feature, counted from the rows.';
CREATE FUNCTION public.rollout_create(percentage numeric DEFAULT 0, feature_name text DEFAULT 'hybrid_progressive_capture'::text, reason text DEFAULT NULL::text, context jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
declare
    operation constant uuid := coalesce((context ->> 'operation_id')::uuid, gen_random_uuid());
    wanted constant text := $2;
begin
    if coalesce(wanted, '') = '' or length(wanted) > 100 then
        raise exception 'a feature name has 1 to 100 characters; set ROLLOUT_FEATURE' using errcode = '22023';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('rollout:' || wanted, 0));
    if not exists (select from rollout_configuration c where c.feature_name = wanted and c.is_active) then
        perform set_config('rollout.change', (context || jsonb_build_object(
            'operation_id', operation, 'action', 'created', 'command', 'setup', 'reason', reason))::text, true);
        insert into rollout_configuration (feature_name, rollout_percentage, is_active)
        values (wanted, rollout_whole_percentage(percentage, 'rollout-console setup --percentage 10'), true);
        perform set_config('rollout.change', '', true);
    end if;
    return rollout_answer(wanted, operation);
end $_$;
COMMENT ON FUNCTION public.rollout_create(percentage numeric, feature_name text, reason text, context jsonb) IS 'Creates the configuration of a feature if it has none; otherwise changes nothing.';
CREATE FUNCTION public.rollout_decide(repo_id uuid, feature text) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
declare
    config record;
    size text;
    bound integer;
begin
    select c.rollout_percentage as percentage, c.rollout_strategy as strategy, c.emergency_stop,
           c.excluded_repositories, c.target_repositories
    into config
    from public.rollout_configuration c where c.feature_name = feature and c.is_active;
    if config.percentage is null then
        return 'no_configuration';
    elsif repo_id is null then
        return 'no_repository';
    elsif config.emergency_stop then
        return 'emergency_stop';
    elsif repo_id::text = any (config.excluded_repositories) then
        return 'blacklist';
    elsif repo_id::text = any (config.target_repositories) then
        return 'whitelist';
    elsif config.strategy = 'whitelist' then
        return 'not_whitelisted';
    elsif config.percentage = 0 then
        return 'zero_percent';
    elsif config.percentage = 100 then
        return 'full_rollout';
    elsif config.strategy = 'percentage' then
        bound := config.percentage * 100;
        return case when public.rollout_bucket(feature, repo_id) < bound then 'hash_in' else 'hash_out' end;
    end if;
    select k.category into size from public.repository_categories k where k.repository_id = repo_id;
    if size is null then
        return 'not_categorized';
    end if;
    select a.cutoff into bound from public.rollout_admission a where a.feature_name = feature and a.category = size;
    if bound = 10000 then
        return 'category_in';
    elsif coalesce(bound, 0) = 0 then
        return 'category_out';
    end if;
    return case when public.rollout_bucket(feature, repo_id) < bound then 'boundary_in' else 'boundary_out' end;
end $$;
COMMENT ON FUNCTION public.rollout_decide(repo_id uuid, feature text) IS 'R1: the one decision: the first rule that lets a repository into the rollout of a feature, or keeps it out.';
CREATE FUNCTION public.rollout_emergency_stop(reason text DEFAULT NULL::text, feature_name text DEFAULT 'hybrid_progressive_capture'::text, context jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config rollout_configuration := rollout_lock(feature_name);
    given constant text := nullif(trim(left(reason, 2000)), '');
begin
    if not rollout_is_repeat(context) then
        -- A second stop without a reason must not wipe out the first one's.
        config.emergency_stop_reason := coalesce(
            given, case when config.emergency_stop then config.emergency_stop_reason end, 'no reason given');
        config.emergency_stop := true;
    end if;
    return rollout_store(config, context || jsonb_build_object(
        'action', 'emergency_stop', 'command', 'emergencyStop', 'reason', coalesce(given, 'no reason given')));
end $$;
COMMENT ON FUNCTION public.rollout_emergency_stop(reason text, feature_name text, context jsonb) IS 'rollout.emergencyStop(), R5: halts all traffic at once and keeps the percentage.';
CREATE FUNCTION public.rollout_error_trend(feature_name text DEFAULT 'hybrid_progressive_capture'::text, points integer DEFAULT 24) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
    step constant interval := make_interval(secs => config.monitoring_window_hours * 3600.0 / least(greatest(points, 2), 288));
    ends constant timestamptz := clock_timestamp();
begin
    -- The whole window, restarts included: a chart explains what happened, health decides.
    return jsonb_build_object(
        'max_error_rate', config.max_error_rate,
        'restarted_at', config.restarted_at,
        'points', (
            select jsonb_agg(jsonb_build_object(
                'at', p.starts, 'jobs', coalesce(c.jobs, 0), 'errors', coalesce(c.errors, 0)) order by p.starts)
            from (select ends - step * g as starts from generate_series(1, least(greatest(points, 2), 288)) g) p
            left join lateral (
                select greatest(sum(c.jobs), 0) as jobs, greatest(sum(c.errors), 0) as errors
                from rollout_job_counts c
                where c.rollout_config_id = config.id and c.slot_start >= p.starts and c.slot_start < p.starts + step
            ) c on true));
end $$;
COMMENT ON FUNCTION public.rollout_error_trend(feature_name text, points integer) IS 'Jobs and errors over the window in equal steps, for charts.';
CREATE FUNCTION public.rollout_explain(repository text, feature_name text DEFAULT 'hybrid_progressive_capture'::text) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
    found record;
    reason text;
    size record;
    bucket integer;
    enters_at integer;
begin
    select * into found from rollout_known_repositories(array[repository], 'rollout.explain("owner/name")');
    reason := rollout_decide(found.repository_id, config.feature_name);
    select k.*, a.cutoff into size
    from repository_categories k
    left join rollout_admission a on a.feature_name = config.feature_name and a.category = k.category
    where k.repository_id = found.repository_id;
    bucket := rollout_bucket(config.feature_name, found.repository_id);
    if config.rollout_strategy = 'percentage' then
        enters_at := bucket / 100 + 1;
    elsif config.rollout_strategy = 'repository_size' then
        -- The smallest percentage whose quota reaches this repository's bucket in its category.
        select least(100, ceil(100.0 * (own.before + rollout_below(config.feature_name, own.category, bucket + 1)) / nullif(own.total, 0)))
        into enters_at
        from (
            select q.category, sum(q.repositories) over () as total,
                   sum(q.repositories) over (order by q.rollout_order) - q.repositories as before
            from rollout_quota(config.feature_name, config.rollout_strategy, 0) q
        ) own
        where own.category = size.category;
        enters_at := coalesce(enters_at, 100);
    end if;
    return jsonb_build_object(
        'repository_id', found.repository_id, 'full_name', found.full_name,
        'eligible', rollout_admits(reason), 'reason', reason,
        'rollout_percentage', config.rollout_percentage, 'strategy', config.rollout_strategy,
        'category', size.category, 'bucket', bucket, 'cutoff', size.cutoff, 'enters_at', enters_at,
        'emergency_stop_reason', config.emergency_stop_reason)
        || case when size.category is null then '{}' else jsonb_build_object(
            'stars', size.star_count, 'contributors', size.contributor_count, 'pull_requests', size.pr_count,
            'pinned_as_test', size.pinned_as_test, 'last_categorized_at', size.last_categorized_at) end;
end $$;
COMMENT ON FUNCTION public.rollout_explain(repository text, feature_name text) IS 'rollout.explain(): whether a repository is in, the first rule that decides it, and the percentage at which it would enter.';
CREATE FUNCTION public.rollout_find_repositories(prefix text, max_rows integer DEFAULT 20) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    select coalesce(jsonb_agg(f.full_name order by f.full_name), '[]')
    from (
        select n.full_name
        from (
            -- the host's index is in the database's collation: read on from the prefix, then keep what fits
            select h.full_name from rollout_host_repositories h
            where h.full_name >= prefix order by h.full_name limit 200
        ) n
        where starts_with(n.full_name, prefix)
        limit least(greatest(max_rows, 1), 50)
    ) f
$$;
COMMENT ON FUNCTION public.rollout_find_repositories(prefix text, max_rows integer) IS 'Names beginning with a prefix, for completion; at most 50.';
CREATE FUNCTION public.rollout_health(config public.rollout_configuration) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$ select rollout_health(config, rollout_window(config)) $$;
COMMENT ON FUNCTION public.rollout_health(config public.rollout_configuration) IS 'R7: the health of a rollout now.';
CREATE TABLE public.rollout_job_counts (
    rollout_config_id uuid NOT NULL,
    slot_start timestamp with time zone NOT NULL,
    processor_type text NOT NULL,
    shard smallint NOT NULL,
    jobs bigint NOT NULL,
    errors bigint NOT NULL,
    successes bigint NOT NULL,
    timed_jobs bigint NOT NULL,
    processing_seconds numeric NOT NULL
);
COMMENT ON TABLE public.rollout_job_counts IS 'Derived, kept by a trigger on rollout_metrics: jobs per slot of time, so that a window is summed from a bounded number of rows (R7). Shards keep parallel reporters off one row.';
CREATE FUNCTION public.rollout_health(config public.rollout_configuration, seen public.rollout_job_counts[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    jobs bigint;
    errors bigint;
    successes bigint;
    breach boolean;
    window_start constant timestamptz := rollout_window_start(config);
    interval_95 record;
begin
    -- The web application's own writes can take back counts; a sum is never below nothing.
    select greatest(coalesce(sum(w.jobs), 0), 0), greatest(coalesce(sum(w.errors), 0), 0),
           greatest(coalesce(sum(w.successes), 0), 0)
    into jobs, errors, successes
    from unnest(seen) w;
    breach := jobs >= config.minimum_sample and errors * 100 > config.max_error_rate * jobs;
    interval_95 := rollout_wilson(least(errors, jobs), jobs);
    return jsonb_build_object(
        'window_hours', config.monitoring_window_hours,
        'window_start', window_start,
        'since_restart', coalesce(window_start = config.restarted_at, false),
        'jobs', jobs,
        'errors', errors,
        'successes', successes,
        'error_rate', round(errors * 100.0 / nullif(jobs, 0), 4),
        'error_rate_low', interval_95.low,
        'error_rate_high', interval_95.high,
        'success_rate', round(successes * 100.0 / nullif(jobs, 0), 4),
        'max_error_rate', config.max_error_rate,
        'minimum_sample', config.minimum_sample,
        'breach', breach,
        'verdict', case
            when jobs = 0 then 'no_data'
            when breach then 'breach'
            when jobs < config.minimum_sample then 'small_sample'
            else 'healthy'
        end);
end $$;
COMMENT ON FUNCTION public.rollout_health(config public.rollout_configuration, seen public.rollout_job_counts[]) IS 'R7: rates over the window, which the caller has from rollout_window, with their interval, and whether they are a breach: rate strictly above max_error_rate with at least minimum_sample jobs.';
CREATE TABLE public.rollout_history (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    rollout_config_id uuid,
    action character varying(50) NOT NULL,
    previous_percentage integer,
    new_percentage integer,
    reason text,
    triggered_by character varying(100),
    metadata jsonb DEFAULT '{}'::jsonb,
    created_at timestamp with time zone DEFAULT now()
);
COMMENT ON TABLE public.rollout_history IS 'Append-only record of every change (R10).';
CREATE FUNCTION public.rollout_history_entry(entry public.rollout_history) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $$
    select case when entry.id is not null then jsonb_build_object(
        'id', entry.id,
        'at', entry.created_at,
        'action', entry.action,
        'command', entry.metadata ->> 'command',
        'previous_percentage', entry.previous_percentage,
        'new_percentage', entry.new_percentage,
        'reason', entry.reason,
        'triggered_by', entry.triggered_by,
        'operator', entry.metadata ->> 'operator',
        'host', entry.metadata ->> 'host',
        'database_role', entry.metadata ->> 'database_role',
        'outside_console', coalesce((entry.metadata ->> 'outside_console')::boolean, false),
        'before', entry.metadata -> 'before',
        'after', entry.metadata -> 'after',
        'evidence', entry.metadata -> 'evidence') end
$$;
COMMENT ON FUNCTION public.rollout_history_entry(entry public.rollout_history) IS 'A history row as the console shows it.';
CREATE FUNCTION public.rollout_history_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    raise exception 'rollout history is append-only: rows can''t be changed or deleted'
        using errcode = '42501', hint = 'Deactivate a configuration (is_active = false) instead of deleting it.';
end $$;
COMMENT ON FUNCTION public.rollout_history_is_append_only() IS 'Trigger, R10: refuses every update, delete and truncate of rollout_history.';
CREATE FUNCTION public.rollout_history_stamp() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    -- The operator's name is what the caller claims; these two are what the database knows.
    new.metadata := case when jsonb_typeof(new.metadata) = 'object' then new.metadata else '{}' end
        || jsonb_build_object('database_role', current_user, 'recorded_at', clock_timestamp());
    new.reason := left(new.reason, 2000);
    return new;
end $$;
COMMENT ON FUNCTION public.rollout_history_stamp() IS 'Trigger, R10: adds the database role and the time of recording, which a caller can''t forge.';
CREATE FUNCTION public.rollout_is_repeat(change jsonb) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    select exists (select from rollout_history h where h.id = (change ->> 'operation_id')::uuid)
$$;
COMMENT ON FUNCTION public.rollout_is_repeat(change jsonb) IS 'Whether this change was made already: its answer was lost and it is sent a second time. Ask after locking, so that the first sending has ended.';
CREATE FUNCTION public.rollout_known_repositories(asked text[], example text) RETURNS TABLE(asked_name text, repository_id uuid, full_name text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    unknown text[];
    alike text;
begin
    if coalesce(cardinality(asked), 0) = 0 then
        raise exception 'no repository named; type for example %', example using errcode = '22023';
    end if;
    unknown := array(
        select left(coalesce(n.asked_name, 'null'), 100)
        from rollout_repository_names(asked) n where n.repository_id is null limit 10);
    if cardinality(unknown) > 0 then
        select string_agg(h.full_name, ', ') into alike
        from (select h.full_name from rollout_host_repositories h
              where lower(h.full_name) in (select lower(u) from unnest(unknown) u) limit 5) h;
        raise exception 'unknown repository: %; nothing was changed; %', array_to_string(unknown, ', '),
            coalesce('did you mean ' || alike || '?', 'type for example ' || example) using errcode = 'P0002';
    end if;
    return query select distinct on (n.repository_id) n.* from rollout_repository_names(asked) n;
end $$;
COMMENT ON FUNCTION public.rollout_known_repositories(asked text[], example text) IS 'R9: as rollout_repository_names, each repository once; P0002 naming the unknown ones if there are any.';
CREATE FUNCTION public.rollout_list_history(feature_name text DEFAULT 'hybrid_progressive_capture'::text, max_rows integer DEFAULT 20, before timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
begin
    return jsonb_build_object('entries', coalesce((
        select jsonb_agg(rollout_history_entry(h) order by h.created_at desc)
        from (
            select * from rollout_history x
            where x.rollout_config_id = config.id and x.created_at < coalesce(before, 'infinity')
            order by x.created_at desc limit least(greatest(max_rows, 1), 1000)) h), '[]'));
end $$;
COMMENT ON FUNCTION public.rollout_list_history(feature_name text, max_rows integer, before timestamp with time zone) IS 'rollout.history(): the newest changes first, at most 1,000.';
CREATE FUNCTION public.rollout_listed(config public.rollout_configuration) RETURNS TABLE(repository_id uuid, category character varying)
    LANGUAGE sql STABLE ROWS 20
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
    -- The lists are text and may hold anything: only what is an id is looked up.
    select k.repository_id, k.category
    from (
        select distinct u.id from unnest(config.target_repositories || config.excluded_repositories) u (id)
    ) l
    join repository_categories k on k.repository_id =
        case when l.id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then l.id::uuid end
$_$;
COMMENT ON FUNCTION public.rollout_listed(config public.rollout_configuration) IS 'R1: the categorized repositories on the whitelist or the blacklist.';
CREATE FUNCTION public.rollout_lock(feature text) RETURNS public.rollout_configuration
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config rollout_configuration;
begin
    -- "No key": history and metrics rows may still refer to the configuration meanwhile.
    perform from rollout_configuration c where c.feature_name = feature and c.is_active for no key update;
    config := rollout_active(feature);
    return config;
end $$;
COMMENT ON FUNCTION public.rollout_lock(feature text) IS 'The active configuration of a feature, locked until the transaction ends, as the last writer left it.';
CREATE FUNCTION public.rollout_mark_as_test(repositories text[], feature_name text DEFAULT 'hybrid_progressive_capture'::text, reason text DEFAULT NULL::text, context jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$ select rollout_set_pins(repositories, true, feature_name, reason, context) $$;
COMMENT ON FUNCTION public.rollout_mark_as_test(repositories text[], feature_name text, reason text, context jsonb) IS 'rollout.markAsTest(), R3: pins repositories as test; all of them or, if one is unknown, none.';
CREATE FUNCTION public.rollout_metrics_counted() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    entry constant rollout_metrics := coalesce(new, old);
    config rollout_configuration;
    at timestamptz;
    d_jobs bigint := 0;
    d_errors bigint := 0;
    d_successes bigint := 0;
    d_timed bigint := 0;
    d_seconds numeric := 0;
    slot_jobs bigint;
begin
    select * into config from rollout_configuration c where c.id = entry.rollout_config_id;
    if not found then
        return null;
    end if;
    if tg_op <> 'DELETE' then
        select d_jobs + j.jobs, d_errors + j.errors, d_successes + j.successes, d_timed + j.timed, d_seconds + j.seconds
        into d_jobs, d_errors, d_successes, d_timed, d_seconds from rollout_metrics_tally(new) j;
    end if;
    if tg_op <> 'INSERT' then
        select d_jobs - j.jobs, d_errors - j.errors, d_successes - j.successes, d_timed - j.timed, d_seconds - j.seconds
        into d_jobs, d_errors, d_successes, d_timed, d_seconds from rollout_metrics_tally(old) j;
    end if;
    if (d_jobs, d_errors, d_successes, d_timed, d_seconds) = (0, 0, 0, 0, 0) then
        return null;
    end if;
    -- Jobs belong to the moment they are reported: to the end of their window if that has passed
    -- when the row is first written (an import), and before all time when a row is deleted, so
    -- that the sum over all slots stays the sum over all rows while no window sees the removal.
    at := case
        when tg_op = 'DELETE' then '-infinity'
        when tg_op = 'INSERT' and new.metrics_window_end < now() then new.metrics_window_end
        else greatest(clock_timestamp(), config.restarted_at)  -- a clock set back must not blind the breaker
    end;
    -- 288 slots to a window, whatever its length. A slot never spans a restart.
    insert into rollout_job_counts as c (
        rollout_config_id, slot_start, processor_type, shard, jobs, errors, successes, timed_jobs, processing_seconds)
    values (
        config.id,
        case
            when at = '-infinity' then at
            else greatest(
                date_bin(make_interval(secs => config.monitoring_window_hours * 12.5), at, 'epoch'),
                case when at >= config.restarted_at then config.restarted_at end)
        end,
        entry.processor_type, pg_backend_pid() % 4, d_jobs, d_errors, d_successes, d_timed, d_seconds)
    on conflict (rollout_config_id, slot_start, processor_type, shard) do update set
        jobs = c.jobs + excluded.jobs,
        errors = c.errors + excluded.errors,
        successes = c.successes + excluded.successes,
        timed_jobs = c.timed_jobs + excluded.timed_jobs,
        processing_seconds = c.processing_seconds + excluded.processing_seconds
    returning c.jobs into slot_jobs;
    -- A failure can cross the threshold; a success only by completing the minimum sample, which
    -- it can't if its slot alone already holds more.
    if d_errors > 0 or (d_jobs > 0 and slot_jobs <= config.minimum_sample) then
        perform rollout_trip_breaker(config.id, jsonb_build_object('command', 'record_rollout_job'));
    end if;
    return null;
end $$;
COMMENT ON FUNCTION public.rollout_metrics_counted() IS 'Trigger on rollout_metrics, R7 and R8: carries every report, ours or the application''s, into the window and trips the breaker.';
CREATE TABLE public.rollout_metrics (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    rollout_config_id uuid,
    repository_id uuid,
    processor_type character varying(20) NOT NULL,
    success_count integer DEFAULT 0,
    error_count integer DEFAULT 0,
    total_jobs integer DEFAULT 0,
    average_processing_time numeric(10,2),
    last_error_message text,
    last_error_at timestamp with time zone,
    metrics_window_start timestamp with time zone,
    metrics_window_end timestamp with time zone,
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone DEFAULT now(),
    timed_jobs integer,
    processing_seconds numeric
);
COMMENT ON TABLE public.rollout_metrics IS 'Job counters per repository, processor and window, written by record_rollout_job and by the web application.';
COMMENT ON COLUMN public.rollout_metrics.timed_jobs IS 'Jobs behind processing_seconds; null in rows that the web application writes itself.';
COMMENT ON COLUMN public.rollout_metrics.processing_seconds IS 'Sum of processing times, in seconds, of timed_jobs jobs.';
CREATE FUNCTION public.rollout_metrics_tally(entry public.rollout_metrics, OUT jobs bigint, OUT errors bigint, OUT successes bigint, OUT timed bigint, OUT seconds numeric) RETURNS record
    LANGUAGE sql IMMUTABLE
    AS $$
    select
        greatest(coalesce(entry.total_jobs, 0), coalesce(entry.success_count, 0) + coalesce(entry.error_count, 0)),
        coalesce(entry.error_count, 0),
        coalesce(entry.success_count, 0),
        -- the application keeps an average over all jobs of its row instead of a sum
        coalesce(entry.timed_jobs, case when entry.average_processing_time is null then 0 else entry.total_jobs end, 0),
        coalesce(entry.processing_seconds,
            case when entry.timed_jobs is null then entry.average_processing_time * entry.total_jobs end, 0)
$$;
COMMENT ON FUNCTION public.rollout_metrics_tally(entry public.rollout_metrics, OUT jobs bigint, OUT errors bigint, OUT successes bigint, OUT timed bigint, OUT seconds numeric) IS 'What a row of rollout_metrics counts, whether record_rollout_job or the application wrote it.';
CREATE FUNCTION public.rollout_monitor_beat(monitor_id uuid, every_seconds integer, feature_name text DEFAULT 'hybrid_progressive_capture'::text, leaving boolean DEFAULT false, context jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
declare
    beats constant integer := least(greatest($2, 1), 7 * 86400);
begin
    if leaving then
        delete from rollout_monitors m where m.id = monitor_id;
    else
        insert into rollout_monitors (id, feature_name, operator, host, every_seconds)
        values (monitor_id, $3, left(context ->> 'operator', 200), left(context ->> 'host', 200), beats)
        on conflict (id) do update set seen_at = clock_timestamp(), every_seconds = excluded.every_seconds;
    end if;
    delete from rollout_monitors m where m.seen_at < clock_timestamp() - interval '30 days';
    return jsonb_build_object('others', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', m.id, 'operator', m.operator, 'host', m.host, 'every_seconds', m.every_seconds,
            'started_at', m.started_at, 'seen_at', m.seen_at) order by m.started_at), '[]')
        from rollout_monitors m
        where m.feature_name = $3 and m.id <> monitor_id
          -- two missed beats and a minute for one that is blind for a while
          and m.seen_at > clock_timestamp() - make_interval(secs => 2 * m.every_seconds + 60)));
end $_$;
COMMENT ON FUNCTION public.rollout_monitor_beat(monitor_id uuid, every_seconds integer, feature_name text, leaving boolean, context jsonb) IS 'A monitor''s sign of life, or its farewell; answers which others are at work on the feature.';
CREATE FUNCTION public.rollout_named(ids text[]) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'repository_id', n.asked_name, 'full_name', n.full_name, 'category', k.category) order by n.full_name, n.asked_name), '[]')
    from rollout_repository_names(ids) n
    left join repository_categories k on k.repository_id = n.repository_id
$$;
COMMENT ON FUNCTION public.rollout_named(ids text[]) IS 'Repositories of a list with name and category; the name is null where the repository is gone.';
CREATE FUNCTION public.rollout_overview(feature_name text DEFAULT 'hybrid_progressive_capture'::text, points integer DEFAULT 48) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    select jsonb_build_object(
        'status', rollout_status(feature_name),
        'categories', rollout_categories(feature_name),
        'phases', rollout_phases(feature_name),
        'metrics', rollout_show_metrics(feature_name, 3),
        'trend', rollout_error_trend(feature_name, points),
        'history', rollout_list_history(feature_name, 50))
$$;
COMMENT ON FUNCTION public.rollout_overview(feature_name text, points integer) IS 'All that the dashboard shows, of one moment and in one answer.';
CREATE FUNCTION public.rollout_phase_name(stands_at integer) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    select case
        when stands_at = 0 then 'not started'
        when reached.phase is null then 'before phase 6'
        when reached.percentage = stands_at then 'phase ' || reached.phase
        else 'between phase ' || reached.phase || ' and ' || reached.phase + 1
    end
    from (select) nothing
    left join lateral (
        select p.phase, p.percentage from rollout_phase_plan() p
        where p.percentage <= stands_at order by p.percentage desc limit 1
    ) reached on true
$$;
COMMENT ON FUNCTION public.rollout_phase_name(stands_at integer) IS 'R2: where a percentage stands in the progression.';
CREATE FUNCTION public.rollout_phase_plan() RETURNS TABLE(phase integer, percentage integer, audience text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    values (6, 10, 'test and small'), (7, 25, 'test, small, some medium'), (8, 50, 'test, small, medium'),
           (9, 75, 'test, small, medium, large'), (10, 100, 'all, enterprise included')
$$;
COMMENT ON FUNCTION public.rollout_phase_plan() IS 'R2, the manual''s progression.';
CREATE FUNCTION public.rollout_phases(feature_name text DEFAULT 'hybrid_progressive_capture'::text) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
    health constant jsonb := rollout_health(config);
    held constant numeric := case when config.emergency_stop or config.rollout_percentage = 0 then 0 else
        extract(epoch from clock_timestamp() - greatest(config.percentage_since, config.restarted_at)) / 3600 end;
    error_rate constant numeric := (health ->> 'error_rate')::numeric;
    success_rate constant numeric := (health ->> 'success_rate')::numeric;
begin
    return (
        select jsonb_build_object(
            'rollout_percentage', config.rollout_percentage,
            'emergency_stop', config.emergency_stop,
            'phase', rollout_phase_name(config.rollout_percentage),
            'next_percentage', (
                select min(p.percentage) from rollout_phase_plan() p where p.percentage > config.rollout_percentage),
            'ready', not config.emergency_stop and bool_and(coalesce(c.met, false)),
            'criteria', jsonb_agg(jsonb_build_object(
                'name', c.name, 'actual', round(c.actual, 4), 'unit', c.unit, 'needed', c.needed, 'met', coalesce(c.met, false))
                order by c.position),
            'phases', (
                select jsonb_agg(jsonb_build_object(
                    'phase', p.phase, 'percentage', p.percentage, 'audience', p.audience,
                    'state', case
                        when p.percentage < config.rollout_percentage then 'passed'
                        when p.percentage = config.rollout_percentage then 'current'
                        else 'ahead' end) order by p.phase)
                from rollout_phase_plan() p))
        from (values
            (1, 'time at this percentage', held, 'hours', '24 h', held >= 24),
            (2, 'error rate', error_rate, 'percent', '< 3 %', error_rate < 3),
            (3, 'success rate', success_rate, 'percent', '> 95 %', success_rate > 95),
            (4, 'jobs', (health ->> 'jobs')::numeric, 'jobs', '10 or more', (health ->> 'jobs')::bigint >= 10)
        ) as c (position, name, actual, unit, needed, met));
end $$;
COMMENT ON FUNCTION public.rollout_phases(feature_name text) IS 'rollout.phases(): the progression and whether the next phase may begin (R2).';
CREATE FUNCTION public.rollout_pin_follows_mark() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    -- The browser console marks a repository by writing is_test_repository itself.
    if coalesce(current_setting('rollout.categorizing', true), '') <> 'on' then
        new.pinned_as_test := coalesce(new.is_test_repository, false);
    end if;
    return new;
end $$;
COMMENT ON FUNCTION public.rollout_pin_follows_mark() IS 'Trigger, R3: a repository marked as test past our functions is pinned like any other.';
CREATE FUNCTION public.rollout_pin_recorded() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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
COMMENT ON FUNCTION public.rollout_pin_recorded() IS 'Trigger, R10: a pin set or lifted past our functions leaves a history row.';
CREATE FUNCTION public.rollout_preview(percentage numeric, feature_name text DEFAULT 'hybrid_progressive_capture'::text, examples integer DEFAULT 5) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
    target constant integer := rollout_whole_percentage(percentage, 'rollout.preview(25)');
begin
    return (
        with step as (
            select n.category, n.rollout_order, n.repositories, n.cutoff as was, t.cutoff as becomes,
                   n.admitted as admitted_now, t.admitted as admitted_then
            from rollout_quota(config.feature_name, config.rollout_strategy, config.rollout_percentage) n
            join rollout_quota(config.feature_name, config.rollout_strategy, target) t using (category)
        ), listed as (
            -- Whitelisted repositories stay in and blacklisted ones out, whatever the percentage.
            select s.category, count(*) as repositories
            from rollout_listed(config) k
            join step s on s.category = k.category
            where rollout_bucket(config.feature_name, k.repository_id) >= least(s.was, s.becomes)
              and rollout_bucket(config.feature_name, k.repository_id) < greatest(s.was, s.becomes)
            group by 1
        ), moves as (
            select s.*, abs(s.admitted_then - s.admitted_now) - coalesce(l.repositories, 0) as moving
            from step s left join listed l using (category)
        )
        select jsonb_build_object(
            'from_percentage', config.rollout_percentage,
            'to_percentage', target,
            'strategy', config.rollout_strategy,
            'emergency_stop', config.emergency_stop,
            'whitelist_size', cardinality(config.target_repositories),
            'entering', coalesce(sum(m.moving) filter (where m.becomes > m.was), 0),
            'leaving', coalesce(sum(m.moving) filter (where m.becomes < m.was), 0),
            'categories', jsonb_agg(jsonb_build_object(
                'category', m.category, 'repositories', m.repositories,
                'entering', case when m.becomes > m.was then m.moving else 0 end,
                'leaving', case when m.becomes < m.was then m.moving else 0 end,
                'examples', (
                    select coalesce(jsonb_agg(h.full_name), '[]')
                    from (
                        select k.repository_id
                        from repository_categories k
                        where m.moving > 0 and k.category = m.category
                          and rollout_bucket(config.feature_name, k.repository_id) >= least(m.was, m.becomes)
                          and rollout_bucket(config.feature_name, k.repository_id) < greatest(m.was, m.becomes)
                          and not k.repository_id::text = any (config.target_repositories || config.excluded_repositories)
                        limit least(greatest(examples, 0), 1000)
                    ) e
                    join rollout_host_repositories h on h.id = e.repository_id)) order by m.rollout_order))
        from moves m);
end $$;
COMMENT ON FUNCTION public.rollout_preview(percentage numeric, feature_name text, examples integer) IS 'rollout.preview(): who would enter or leave at another percentage: counts by category, exact, with examples by name.';
CREATE FUNCTION public.rollout_quota(feature text, strategy text, percentage integer) RETURNS TABLE(category text, rollout_order integer, repositories bigint, cutoff integer, admitted bigint)
    LANGUAGE sql STABLE ROWS 5
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    with counted as (
        select r.category, r.rollout_order, coalesce(a.repositories, 0) as repositories
        from rollout_category_rules() r
        left join rollout_admission a on a.feature_name = feature and a.category = r.category
    ), filled as (
        -- What is left of the quota when a category's turn comes. Rounded down: the share that
        -- is admitted never exceeds the percentage that the operator typed.
        select c.*,
               least(c.repositories, greatest(0,
                   div(sum(c.repositories) over () * percentage, 100)
                   - (sum(c.repositories) over (order by c.rollout_order) - c.repositories))) as share
        from counted c
    )
    select f.category, f.rollout_order, f.repositories,
           case
               when strategy = 'whitelist' then 0
               when strategy = 'percentage' then percentage * 100
               when percentage = 100 then 10000
               when f.share = 0 then 0
               when f.share = f.repositories then 10000
               else boundary.bucket
           end,
           case
               when strategy = 'whitelist' then 0
               when strategy = 'percentage' then rollout_below(feature, f.category, percentage * 100)
               else coalesce(boundary.admitted, f.share)::bigint
           end
    from filled f
    -- The category at the boundary, the only one with room for some but not all, takes whole buckets as
    -- long as they fit.
    left join lateral rollout_boundary(
        feature, f.category, case when f.share > 0 and f.share < f.repositories then f.share::bigint end) boundary on true
    order by f.rollout_order
$$;
COMMENT ON FUNCTION public.rollout_quota(feature text, strategy text, percentage integer) IS 'R1: for each category in rollout order, its repositories, the bucket below which they are admitted at this percentage, and how many that admits (lists and stop left aside).';
CREATE FUNCTION public.rollout_record(config public.rollout_configuration, change jsonb, previous_percentage integer, before jsonb, after jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    insert into rollout_history (
        id, rollout_config_id, action, previous_percentage, new_percentage, reason, triggered_by, metadata, created_at)
    values (
        coalesce((change ->> 'operation_id')::uuid, gen_random_uuid()),
        config.id, left(coalesce(change ->> 'action', 'updated'), 50), previous_percentage, config.rollout_percentage,
        change ->> 'reason', left(coalesce(change ->> 'triggered_by', 'manual'), 100),
        jsonb_strip_nulls(jsonb_build_object(
            'command', change ->> 'command',
            'operator', left(change ->> 'operator', 200),
            'host', left(change ->> 'host', 200),
            'evidence', change -> 'evidence',
            'outside_console', change -> 'outside_console'))
        || jsonb_build_object('before', before, 'after', after),
        clock_timestamp())
$$;
COMMENT ON FUNCTION public.rollout_record(config public.rollout_configuration, change jsonb, previous_percentage integer, before jsonb, after jsonb) IS 'R10: the only writer of history rows. The operation id of a change is the row''s id, so a change that is sent twice is recognised.';
CREATE FUNCTION public.rollout_refresh_admission(feature text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config rollout_configuration;
begin
    -- Locked before anything is read: whoever comes second sees what the first has written.
    perform from rollout_admission where feature_name = feature order by category for update;
    select * into config from rollout_configuration c where c.feature_name = feature and c.is_active;
    update rollout_admission a
    set cutoff = q.cutoff, admitted = q.admitted
    from rollout_quota(feature, config.rollout_strategy, coalesce(config.rollout_percentage, 0)) q
    where a.feature_name = feature and a.category = q.category
      and (a.cutoff, a.admitted) is distinct from (q.cutoff, q.admitted);
end $$;
COMMENT ON FUNCTION public.rollout_refresh_admission(feature text) IS 'R1: brings rollout_admission to the percentage, strategy and categories as they are now.';
CREATE FUNCTION public.rollout_remove_from_whitelist(repositories text[], feature_name text DEFAULT 'hybrid_progressive_capture'::text, reason text DEFAULT NULL::text, context jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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
COMMENT ON FUNCTION public.rollout_remove_from_whitelist(repositories text[], feature_name text, reason text, context jsonb) IS 'rollout.removeFromWhitelist(), R9: all of them or, if one is unknown, none.';
CREATE FUNCTION public.rollout_repository_names(asked text[]) RETURNS TABLE(asked_name text, repository_id uuid, full_name text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
    select a.name, h.id, h.full_name
    from unnest(asked) with ordinality as a (name, position)
    left join rollout_host_repositories h
        on h.full_name = a.name
        or h.id = case when a.name ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then a.name::uuid end
    order by a.position
$_$;
COMMENT ON FUNCTION public.rollout_repository_names(asked text[]) IS 'R9: what operators type (ids or owner/name) with the repository it means; null where there is none.';
CREATE FUNCTION public.rollout_resume(percentage numeric DEFAULT NULL::numeric, feature_name text DEFAULT 'hybrid_progressive_capture'::text, reason text DEFAULT NULL::text, context jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config rollout_configuration := rollout_lock(feature_name);
begin
    if not rollout_is_repeat(context) then
        if percentage is not null then
            percentage := rollout_whole_percentage(percentage, 'rollout.resume(5)');
            if not config.emergency_stop and percentage <> config.rollout_percentage then
                raise exception 'no emergency stop to resume from; to change the percentage from % %%, type rollout.setRollout(%)',
                    config.rollout_percentage, percentage using errcode = '55000';
            end if;
            config.rollout_percentage := percentage;
        end if;
        config.emergency_stop := false;
        config.emergency_stop_reason := null;
    end if;
    return rollout_store(config, context || jsonb_build_object('command', 'resume', 'reason', reason));
end $$;
COMMENT ON FUNCTION public.rollout_resume(percentage numeric, feature_name text, reason text, context jsonb) IS 'rollout.resume(), R5: ends the emergency stop at the percentage that was set, or at another one in the same transaction.';
CREATE FUNCTION public.rollout_rollback(percentage numeric, feature_name text DEFAULT 'hybrid_progressive_capture'::text, reason text DEFAULT NULL::text, context jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config rollout_configuration := rollout_lock(feature_name);
begin
    if not rollout_is_repeat(context) then
        percentage := rollout_whole_percentage(percentage, 'rollout.rollbackToPercentage(5)');
        if percentage > config.rollout_percentage then
            raise exception 'a rollback only lowers, and the rollout stands at % %%; to raise it, type rollout.setRollout(%)',
                config.rollout_percentage, percentage using errcode = '55000';
        end if;
        config.rollout_percentage := percentage;
    end if;
    return rollout_store(config, jsonb_build_object('triggered_by', 'manual_rollback') || context || jsonb_build_object(
        'action', 'rollback', 'command', 'rollbackToPercentage', 'reason', reason));
end $$;
COMMENT ON FUNCTION public.rollout_rollback(percentage numeric, feature_name text, reason text, context jsonb) IS 'rollout.rollbackToPercentage() and rollbackToZero(), R6: lowers the percentage, never raises it.';
CREATE FUNCTION public.rollout_schema_version() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ select 1 $$;
COMMENT ON FUNCTION public.rollout_schema_version() IS 'The version of these functions; a console refuses to work with one that it does not know.';
CREATE FUNCTION public.rollout_seed_whitelist(max_rows integer DEFAULT 5, feature_name text DEFAULT 'hybrid_progressive_capture'::text, reason text DEFAULT NULL::text, context jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config rollout_configuration := rollout_lock(feature_name);
    outcome text := 'added';
begin
    if not rollout_is_repeat(context) then
        outcome := coalesce(rollout_whitelist_obstacle(config), 'added');
        if outcome = 'added' then
            config.target_repositories := array(
                select t.repository_id::text from rollout_test_candidates(config, max_rows) t);
            if cardinality(config.target_repositories) = 0 then
                outcome := 'no_candidates';
            end if;
        end if;
    end if;
    return rollout_store(config, context || jsonb_build_object('command', 'setup', 'reason', reason))
        || jsonb_build_object('outcome', outcome, 'applied', case when outcome = 'added' then (
            select coalesce(jsonb_agg(n.full_name), '[]') from rollout_repository_names(config.target_repositories) n)
            else '[]' end);
end $$;
COMMENT ON FUNCTION public.rollout_seed_whitelist(max_rows integer, feature_name text, reason text, context jsonb) IS 'rollout-console setup: puts test repositories on a whitelist that never held any; outcome says why it did not.';
CREATE FUNCTION public.rollout_set_auto_rollback(enabled boolean, feature_name text DEFAULT 'hybrid_progressive_capture'::text, reason text DEFAULT NULL::text, context jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config rollout_configuration := rollout_lock(feature_name);
begin
    if not rollout_is_repeat(context) then
        config.auto_rollback_enabled := coalesce(enabled, true);
    end if;
    return rollout_store(config, context || jsonb_build_object(
        'command', case when enabled then 'enableAutoRollback' else 'disableAutoRollback' end, 'reason', reason));
end $$;
COMMENT ON FUNCTION public.rollout_set_auto_rollback(enabled boolean, feature_name text, reason text, context jsonb) IS 'rollout.enableAutoRollback() and disableAutoRollback(), R8.';
CREATE FUNCTION public.rollout_set_percentage(percentage numeric, feature_name text DEFAULT 'hybrid_progressive_capture'::text, reason text DEFAULT NULL::text, context jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config rollout_configuration := rollout_lock(feature_name);
begin
    if not rollout_is_repeat(context) then
        config.rollout_percentage := rollout_whole_percentage(percentage, 'rollout.setRollout(10)');
    end if;
    return rollout_store(config, context || jsonb_build_object('command', 'setRollout', 'reason', reason));
end $$;
COMMENT ON FUNCTION public.rollout_set_percentage(percentage numeric, feature_name text, reason text, context jsonb) IS 'rollout.setRollout(), R4: stores the percentage, also during an emergency stop, when traffic stays halted.';
CREATE FUNCTION public.rollout_set_pins(repositories text[], pinned boolean, feature_name text, reason text, context jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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
COMMENT ON FUNCTION public.rollout_set_pins(repositories text[], pinned boolean, feature_name text, reason text, context jsonb) IS 'R3: what markAsTest and unmarkAsTest have in common.';
CREATE FUNCTION public.rollout_setup_plan(percentage numeric DEFAULT 10, feature_name text DEFAULT 'hybrid_progressive_capture'::text, max_rows integer DEFAULT 5) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
declare
    config rollout_configuration;
    target constant integer := rollout_whole_percentage(percentage, 'rollout-console setup --percentage 10');
    candidates jsonb;
begin
    select * into config from rollout_configuration c where c.feature_name = $2 and c.is_active;
    select coalesce(jsonb_agg(t.full_name), '[]') into candidates from rollout_test_candidates(config, max_rows) t;
    return jsonb_build_object(
        'schema_version', rollout_schema_version(),
        'configured', config.id is not null,
        'rollout_percentage', config.rollout_percentage,
        'auto_rollback_enabled', coalesce(config.auto_rollback_enabled, true),
        'repositories', (select count(*) from rollout_host_repositories),
        'categorized', (select count(*) from repository_categories),
        'candidates', candidates,
        'whitelist', coalesce(rollout_whitelist_obstacle(config), case candidates when '[]' then 'no_candidates' else 'added' end),
        'start', coalesce(rollout_start_obstacle(config, target), 'started'));
end $_$;
COMMENT ON FUNCTION public.rollout_setup_plan(percentage numeric, feature_name text, max_rows integer) IS 'rollout-console setup --dry-run: what is there, and what setup would do, with the reason where it would leave something alone.';
CREATE FUNCTION public.rollout_show_metrics(feature_name text DEFAULT 'hybrid_progressive_capture'::text, errors integer DEFAULT 5) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
    seen constant rollout_job_counts[] := rollout_window(config);
begin
    return jsonb_build_object(
        'health', rollout_health(config, seen),
        'success_metrics', rollout_success_metrics(config, seen),
        'processors', coalesce((
            select jsonb_agg(jsonb_build_object(
                'processor', w.processor_type, 'jobs', w.jobs, 'errors', w.errors, 'successes', w.successes,
                'error_rate', round(100.0 * w.errors / nullif(w.jobs, 0), 4),
                'error_rate_low', i.low, 'error_rate_high', i.high,
                'success_rate', round(100.0 * w.successes / nullif(w.jobs, 0), 4),
                'average_seconds', round(w.processing_seconds / nullif(w.timed_jobs, 0), 2),
                'unit_cost', rollout_unit_cost(config, w.processor_type)) order by w.processor_type)
            from unnest(seen) w
            cross join lateral rollout_wilson(least(greatest(w.errors, 0), w.jobs), w.jobs) i), '[]'),
        'last_errors', coalesce((
            select jsonb_agg(jsonb_build_object(
                'at', m.last_error_at, 'processor', m.processor_type, 'repository_id', m.repository_id,
                'repository', m.full_name, 'message', left(m.last_error_message, 500)) order by m.last_error_at desc)
            from (
                select m.last_error_at, m.processor_type, m.repository_id, h.full_name, m.last_error_message
                from rollout_metrics m
                left join rollout_host_repositories h on h.id = m.repository_id
                where m.rollout_config_id = config.id and m.last_error_at is not null
                order by m.last_error_at desc limit least(errors, 50)) m), '[]'));
end $$;
COMMENT ON FUNCTION public.rollout_show_metrics(feature_name text, errors integer) IS 'rollout.showMetrics(): each processor over the window, and the last errors, whenever they were.';
CREATE FUNCTION public.rollout_show_whitelist(feature_name text DEFAULT 'hybrid_progressive_capture'::text) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
begin
    return jsonb_build_object(
        'whitelist', rollout_named(config.target_repositories),
        'blacklist', rollout_named(config.excluded_repositories));
end $$;
COMMENT ON FUNCTION public.rollout_show_whitelist(feature_name text) IS 'rollout.showWhitelist(): both lists, with names.';
CREATE FUNCTION public.rollout_simulate(jobs integer DEFAULT 200, error_rate double precision DEFAULT 2, feature_name text DEFAULT 'hybrid_progressive_capture'::text, context jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config rollout_configuration := rollout_active(feature_name);
    eligible uuid[];
    sent integer := 0;
    failed integer := 0;
    success boolean;
    rolled_back boolean := false;
begin
    if config.metadata -> 'sample' is distinct from 'true' then
        raise exception 'simulate works on the sample data of the local practice database only; nothing was done; try it there: rollout.simulate() without SUPABASE_URL and ROLLOUT_DATABASE_URL'
            using errcode = '55000';
    elsif (jobs between 1 and 10000) is not true or (error_rate between 0 and 100) is not true then
        raise exception 'simulate takes 1 to 10,000 jobs and an error rate of 0 to 100 %%; type for example rollout.simulate(200, 20)'
            using errcode = '22023';
    end if;
    eligible := array(
        select k.repository_id from repository_categories k
        where is_repository_eligible_for_rollout(k.repository_id, config.feature_name)
        order by random() limit 500);
    if cardinality(eligible) = 0 then
        raise exception 'no repository is in, so there is no traffic; to let some in, type rollout.setRollout(10) or rollout.resume()'
            using errcode = '55000';
    end if;
    -- Errors spread evenly, so that a rate below the threshold stays below it on the way.
    while sent < jobs and not rolled_back loop
        sent := sent + 1;
        success := floor(sent * error_rate / 100) = floor((sent - 1) * error_rate / 100);
        failed := failed + case when success then 0 else 1 end;
        perform record_rollout_job(
            eligible[1 + floor(random() * cardinality(eligible))::integer],
            case when sent % 3 = 0 then 'inngest' else 'github_actions' end, success,
            case when sent % 3 = 0 then 20 + random() * 60 else 800 + random() * 3000 end::numeric,
            case when not success then 'simulated: GitHub API rate limit exceeded' end, config.feature_name);
        rolled_back := config.rollout_percentage > 0 and not success and exists (
            select from rollout_configuration c where c.id = config.id and c.rollout_percentage = 0);
    end loop;
    return jsonb_build_object(
        'jobs', sent, 'errors', failed, 'rolled_back', rolled_back, 'status', rollout_status(config.feature_name));
end $$;
COMMENT ON FUNCTION public.rollout_simulate(jobs integer, error_rate double precision, feature_name text, context jsonb) IS 'rollout.simulate(): practice jobs from eligible repositories until the breaker trips; refused on anything but the sample data.';
CREATE FUNCTION public.rollout_start_obstacle(config public.rollout_configuration, percentage integer) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    select case
        when config.emergency_stop then 'stopped'
        when config.rollout_percentage = percentage then 'as_asked'
        when config.rollout_percentage > percentage then 'higher'
        when config.rollout_percentage > 0 then 'running'
        -- At 0 %, but it was above once, perhaps in a configuration that this one has replaced:
        -- somebody, or the breaker, has lowered it, and setup does not know better.
        when exists (
            select from rollout_configuration c
            left join rollout_history h on h.rollout_config_id = c.id
            where c.feature_name = config.feature_name
              and (c.rollout_percentage > 0 or h.previous_percentage > 0 or h.new_percentage > 0)
        ) then 'rolled_back'
    end
$$;
COMMENT ON FUNCTION public.rollout_start_obstacle(config public.rollout_configuration, percentage integer) IS 'Why setup may not start a rollout at this percentage: stopped, as_asked, higher, running (lower, but begun), rolled_back; null if it may.';
CREATE FUNCTION public.rollout_stats(feature_name text DEFAULT 'hybrid_progressive_capture'::text) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
    seen constant rollout_job_counts[] := rollout_window(config);
    health constant jsonb := rollout_health(config, seen);
begin
    return jsonb_build_object(
        'feature_name', config.feature_name,
        'rollout_percentage', config.rollout_percentage,
        'emergency_stop', config.emergency_stop,
        'error_rate', health -> 'error_rate',
        'success_rate', health -> 'success_rate',
        'total_jobs', health -> 'jobs',
        'health', health,
        'success_metrics', rollout_success_metrics(config, seen),
        'processor_distribution', coalesce((
            select jsonb_object_agg(w.processor_type, w.jobs) from unnest(seen) w), '{}')
    ) || (
        select jsonb_build_object(
            'total_repositories', sum(a.repositories),
            'eligible_repositories', sum(a.eligible),
            'categories', jsonb_object_agg(a.category, a.repositories))
        from rollout_admitted(config) a);
end $$;
COMMENT ON FUNCTION public.rollout_stats(feature_name text) IS 'rollout.stats(): repositories, rates and success metrics over the window.';
CREATE FUNCTION public.rollout_status(feature_name text DEFAULT 'hybrid_progressive_capture'::text) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
begin
    return to_jsonb(config) || jsonb_build_object(
        'percentage_in_effect', case when config.emergency_stop then 0 else config.rollout_percentage end,
        'phase', rollout_phase_name(config.rollout_percentage),
        'whitelist_size', cardinality(config.target_repositories),
        'blacklist_size', cardinality(config.excluded_repositories),
        'health', rollout_health(config),
        'categorization', (
            select jsonb_build_object('finished_at', r.finished_at, 'processed', r.processed, 'total', r.total)
            from rollout_categorization_runs r order by r.id desc limit 1),
        'last_change', (
            select rollout_history_entry(h) from rollout_history h
            where h.rollout_config_id = config.id order by h.created_at desc limit 1),
        'server_time', clock_timestamp(),
        'schema_version', rollout_schema_version())
    || (
        select jsonb_build_object(
            'total_repositories', sum(a.repositories), 'eligible_repositories', sum(a.eligible))
        from rollout_admitted(config) a);
end $$;
COMMENT ON FUNCTION public.rollout_status(feature_name text) IS 'rollout.status(): the configuration, what is in effect, health and the last change.';
CREATE FUNCTION public.rollout_store(config public.rollout_configuration, change jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    operation constant uuid := coalesce((change ->> 'operation_id')::uuid, gen_random_uuid());
begin
    perform set_config('rollout.change', (change || jsonb_build_object('operation_id', operation))::text, true);
    update rollout_configuration c
    set rollout_percentage = config.rollout_percentage,
        emergency_stop = config.emergency_stop,
        emergency_stop_reason = config.emergency_stop_reason,
        target_repositories = config.target_repositories,
        auto_rollback_enabled = config.auto_rollback_enabled,
        updated_at = now()
    where c.id = config.id
      and (c.rollout_percentage, c.emergency_stop, c.emergency_stop_reason, c.target_repositories, c.auto_rollback_enabled)
          is distinct from
          (config.rollout_percentage, config.emergency_stop, config.emergency_stop_reason, config.target_repositories, config.auto_rollback_enabled);
    perform set_config('rollout.change', '', true);
    return rollout_answer(config.feature_name, operation);
end $$;
COMMENT ON FUNCTION public.rollout_store(config public.rollout_configuration, change jsonb) IS 'Writes what a command decided; the trigger leaves the history row. The answer says whether anything changed.';
CREATE FUNCTION public.rollout_success_metrics(config public.rollout_configuration, seen public.rollout_job_counts[]) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    with sums as (
        select coalesce(sum(w.jobs), 0) as jobs,
               100.0 * sum(w.errors) / nullif(sum(w.jobs), 0) as error_rate,
               100.0 * sum(w.successes) / nullif(sum(w.jobs), 0) as success_rate,
               sum(w.processing_seconds) filter (where w.processor_type = 'inngest')
                   / nullif(sum(w.timed_jobs) filter (where w.processor_type = 'inngest'), 0) as inngest_seconds,
               sum(w.processing_seconds) filter (where w.processor_type = 'github_actions')
                   / nullif(sum(w.timed_jobs) filter (where w.processor_type = 'github_actions'), 0) as actions_seconds,
               100.0 * sum(w.jobs) filter (where w.processor_type = 'github_actions') / nullif(sum(w.jobs), 0) as actions_share,
               sum(w.jobs * rollout_unit_cost(config, w.processor_type)) as cost,
               bool_and(rollout_unit_cost(config, w.processor_type) is not null) as cost_known,
               sum(w.jobs) * rollout_unit_cost(config, 'inngest') as inngest_only_cost
        from unnest(seen) w
    )
    select jsonb_agg(jsonb_build_object(
        'name', m.name, 'value', round(m.value, 4), 'unit', m.unit, 'target', m.target,
        'met', case when m.value is not null then m.met end, 'note', m.note) order by m.position)
    from sums s
    cross join lateral (values
        (1, 'error rate', s.error_rate, 'percent', '< ' || trim_scale(config.max_error_rate) || ' %', s.error_rate < config.max_error_rate, null),
        (2, 'success rate', s.success_rate, 'percent', '> 95 %', s.success_rate > 95, null),
        (3, 'Inngest processing time', s.inngest_seconds, 'seconds', '< 2 min', s.inngest_seconds < 120, null),
        (4, 'GitHub Actions processing time', s.actions_seconds, 'seconds', '10-120 min', s.actions_seconds between 600 and 7200, null),
        (5, 'jobs on GitHub Actions', s.actions_share, 'percent', null, null, null),
        (6, 'cost reduction against Inngest only',
            case when s.cost_known then 100 * (1 - s.cost / nullif(s.inngest_only_cost, 0)) end, 'percent', '60-85 %',
            100 * (1 - s.cost / nullif(s.inngest_only_cost, 0)) between 60 and 85,
            case when rollout_unit_cost(config, 'inngest') is null or rollout_unit_cost(config, 'github_actions') is null
                then 'unit costs not set (metadata.cost_per_job)' end)
    ) as m (position, name, value, unit, target, met, note)
$$;
COMMENT ON FUNCTION public.rollout_success_metrics(config public.rollout_configuration, seen public.rollout_job_counts[]) IS 'The manual''s success metrics over the window, each with its target.';
CREATE FUNCTION public.rollout_test_candidates(config public.rollout_configuration, max_rows integer) RETURNS TABLE(repository_id uuid, full_name text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    -- Marked by hand first, then the most active: they are the first to show how it goes.
    select k.repository_id, h.full_name
    from (
        select * from repository_categories c
        where c.category = 'test' and c.repository_id::text <> all (coalesce(config.excluded_repositories, '{}'))
        order by c.pinned_as_test desc, c.monthly_activity_score desc, c.repository_id
        limit least(greatest(max_rows, 0), 50)
    ) k
    join rollout_host_repositories h on h.id = k.repository_id
    order by k.pinned_as_test desc, k.monthly_activity_score desc, k.repository_id
$$;
COMMENT ON FUNCTION public.rollout_test_candidates(config public.rollout_configuration, max_rows integer) IS 'Test repositories that setup would put on the whitelist, at most 50.';
CREATE FUNCTION public.rollout_trip_breaker(config_id uuid, change jsonb) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    config rollout_configuration;
    health jsonb;
begin
    -- The lock comes before the count: of jobs that fail at the same moment, the last one
    -- through sees all the others, so none of them can be the crossing one unnoticed.
    select * into config from rollout_configuration c where c.id = config_id for no key update;
    if not config.is_active or not config.auto_rollback_enabled
        or config.emergency_stop or config.rollout_percentage = 0 then
        return false;
    end if;
    health := rollout_health(config);
    if not (health ->> 'breach')::boolean then
        return false;
    end if;
    config.rollout_percentage := 0;
    perform rollout_store(config, change || jsonb_build_object(
        'action', 'rollback', 'triggered_by', 'auto_rollback', 'evidence', health,
        'reason', format('error rate %s %% (%s of %s jobs) above %s %%',
            round((health ->> 'error_rate')::numeric, 2), health ->> 'errors', health ->> 'jobs',
            config.max_error_rate)));
    return true;
end $$;
COMMENT ON FUNCTION public.rollout_trip_breaker(config_id uuid, change jsonb) IS 'R8: sets 0 % with the evidence if the window is in breach, auto-rollback is on, and traffic is flowing; true if it did.';
CREATE FUNCTION public.rollout_unit_cost(config public.rollout_configuration, processor text) RETURNS numeric
    LANGUAGE sql IMMUTABLE
    AS $$
    select case when jsonb_typeof(config.metadata -> 'cost_per_job' -> processor) = 'number'
        then (config.metadata -> 'cost_per_job' ->> processor)::numeric end
$$;
COMMENT ON FUNCTION public.rollout_unit_cost(config public.rollout_configuration, processor text) IS 'The cost of one job on a processor, from metadata.cost_per_job; null until it is set.';
CREATE FUNCTION public.rollout_unmark_as_test(repositories text[], feature_name text DEFAULT 'hybrid_progressive_capture'::text, reason text DEFAULT NULL::text, context jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$ select rollout_set_pins(repositories, false, feature_name, reason, context) $$;
COMMENT ON FUNCTION public.rollout_unmark_as_test(repositories text[], feature_name text, reason text, context jsonb) IS 'rollout.unmarkAsTest(), R3: lifts the pin and categorizes by size again.';
CREATE FUNCTION public.rollout_verify(feature_name text DEFAULT 'hybrid_progressive_capture'::text) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
declare
    config constant rollout_configuration := rollout_active(feature_name);
    checks jsonb := '[]';
    check_name text;
    query text;
    found record;
begin
    for check_name, query in values
        ('repositories and totals per category', '
            select count(*) as counters, count(*) filter (where kept is distinct from counted) as differences
            from (
                select a.category, (a.repositories, a.stars, a.contributors, a.pull_requests, a.activity, a.pinned)::text as kept
                from rollout_admission a where a.feature_name = $1.feature_name
            ) k
            full join (
                select r.category, (count(c.repository_id), coalesce(sum(c.star_count), 0), coalesce(sum(c.contributor_count), 0),
                       coalesce(sum(c.pr_count), 0), coalesce(sum(c.monthly_activity_score), 0),
                       count(*) filter (where c.pinned_as_test))::text as counted
                from rollout_category_rules() r
                left join repository_categories c on c.category = r.category and c.repository_id is not null
                group by 1
            ) n using (category)'),
        ('repositories per hash bucket', '
            select count(*) as counters, count(*) filter (where coalesce(kept, 0) <> coalesce(counted, 0)) as differences
            from (select b.category, b.width, b.bucket, b.repositories as kept from rollout_buckets b where b.feature_name = $1.feature_name) k
            full join (
                select c.category, c.width, c.bucket, c.repositories as counted from rollout_counted_buckets($1.feature_name) c
            ) n using (category, width, bucket)'),
        ('admission at the percentage', '
            select count(*) as counters, count(*) filter (where (a.cutoff, a.admitted) is distinct from (q.cutoff, q.admitted)) as differences
            from (select * from rollout_admission x where x.feature_name = $1.feature_name) a
            full join rollout_quota($1.feature_name, $1.rollout_strategy, $1.rollout_percentage) q using (category)'),
        ('jobs per processor', '
            select count(*) as counters, count(*) filter (where coalesce(kept, ''(0,0,0,0)'') <> coalesce(counted, ''(0,0,0,0)'')) as differences
            from (
                select c.processor_type, (sum(c.jobs), sum(c.errors), sum(c.successes), sum(c.timed_jobs))::text as kept
                from rollout_job_counts c where c.rollout_config_id = $1.id group by 1
            ) k
            full join (
                select m.processor_type, (sum(t.jobs), sum(t.errors), sum(t.successes), sum(t.timed))::text as counted
                from rollout_metrics m cross join lateral rollout_metrics_tally(m) t
                where m.rollout_config_id = $1.id group by 1
            ) n using (processor_type)'),
        ('percentage in the last row of history', '
            select count(*) as counters, count(*) filter (where h.new_percentage <> $1.rollout_percentage) as differences
            from (
                select x.new_percentage from rollout_history x
                where x.rollout_config_id = $1.id order by x.created_at desc, x.id limit 1
            ) h')
    loop
        execute query into found using config;
        checks := checks || jsonb_build_object('name', check_name, 'counters', found.counters, 'differences', found.differences);
    end loop;
    return jsonb_build_object('feature_name', config.feature_name, 'checks', checks);
end $_$;
COMMENT ON FUNCTION public.rollout_verify(feature_name text) IS 'rollout-console verify: every counter that is kept for speed, counted again from the rows.';
CREATE FUNCTION public.rollout_whitelist_obstacle(config public.rollout_configuration) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    -- The whitelist is in even at 0 %, so it is left alone wherever traffic was taken back.
    select case
        when cardinality(config.target_repositories) > 0 then 'not_empty'
        when config.emergency_stop then 'stopped'
        when config.rollout_percentage = 0 and rollout_start_obstacle(config, 100) is not null then 'rolled_back'
        when exists (
            select from rollout_history h
            where h.rollout_config_id = config.id
              and coalesce(h.metadata #> '{before,target_repositories}', '[]') not in ('[]', 'null')
        ) then 'emptied'
    end
$$;
COMMENT ON FUNCTION public.rollout_whitelist_obstacle(config public.rollout_configuration) IS 'Why setup may not fill the whitelist: not_empty, stopped, rolled_back, emptied (by somebody, on purpose); null if it may.';
CREATE FUNCTION public.rollout_whole_percentage(percentage numeric, example text) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    -- "is not true": null and NaN are refused with the rest
    if (percentage between 0 and 100 and percentage = trunc(percentage)) is not true then
        raise exception 'a percentage is a whole number from 0 to 100, not %; type for example %',
            coalesce(left(percentage::text, 30), 'null'), example using errcode = '22023';
    end if;
    return percentage;
end $$;
COMMENT ON FUNCTION public.rollout_whole_percentage(percentage numeric, example text) IS 'R4: refuses whatever is not a whole number from 0 to 100.';
CREATE FUNCTION public.rollout_wilson(events bigint, trials bigint, OUT low numeric, OUT high numeric) RETURNS record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select
        case when trials > 0 then round((100 * greatest(0, (p + z2 / (2 * n) - spread) / (1 + z2 / n)))::numeric, 2) end,
        case when trials > 0 then round((100 * least(1, (p + z2 / (2 * n) + spread) / (1 + z2 / n)))::numeric, 2) end
    from (select events::float8 / nullif(trials, 0) as p, nullif(trials, 0)::float8 as n, 1.959964 ^ 2 as z2) s
    cross join lateral (select 1.959964 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) as spread) w
$$;
COMMENT ON FUNCTION public.rollout_wilson(events bigint, trials bigint, OUT low numeric, OUT high numeric) IS 'R7: the 95 % confidence interval (Wilson) of a rate, in percent; null without trials.';
CREATE FUNCTION public.rollout_window(config public.rollout_configuration) RETURNS public.rollout_job_counts[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    -- as an array, so that a report sums the slots once and each of its parts reads the sums
    select array(
        select (config.id, min(c.slot_start), c.processor_type, 0, sum(c.jobs), sum(c.errors), sum(c.successes),
                sum(c.timed_jobs), sum(c.processing_seconds))::rollout_job_counts
        from rollout_job_counts c
        where c.rollout_config_id = config.id and c.slot_start >= rollout_window_start(config)
        group by c.processor_type
        order by c.processor_type)
$$;
COMMENT ON FUNCTION public.rollout_window(config public.rollout_configuration) IS 'R7: the jobs inside the window, a row for each processor.';
CREATE FUNCTION public.rollout_window_start(config public.rollout_configuration) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    select greatest(
        clock_timestamp() - make_interval(hours => config.monitoring_window_hours), config.restarted_at)
$$;
COMMENT ON FUNCTION public.rollout_window_start(config public.rollout_configuration) IS 'R7: the window reaches monitoring_window_hours back, but never past the last restart.';
CREATE TABLE public.pull_requests (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    github_id bigint NOT NULL,
    number integer NOT NULL,
    title text NOT NULL,
    state text NOT NULL,
    repository_id uuid NOT NULL,
    author_id uuid NOT NULL,
    head_branch text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    merged_at timestamp with time zone
);
CREATE TABLE public.repositories (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    github_id bigint NOT NULL,
    full_name text NOT NULL,
    owner text NOT NULL,
    name text NOT NULL,
    description text,
    language text,
    stargazers_count integer DEFAULT 0,
    forks_count integer DEFAULT 0,
    open_issues_count integer DEFAULT 0,
    is_private boolean DEFAULT false,
    is_active boolean DEFAULT true,
    first_tracked_at timestamp with time zone DEFAULT now() NOT NULL,
    last_updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.repository_categories (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    repository_id uuid,
    category character varying(20) NOT NULL,
    priority_level integer DEFAULT 0,
    is_test_repository boolean DEFAULT false,
    star_count integer DEFAULT 0,
    contributor_count integer DEFAULT 0,
    pr_count integer DEFAULT 0,
    monthly_activity_score integer DEFAULT 0,
    last_categorized_at timestamp with time zone DEFAULT now(),
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone DEFAULT now(),
    pinned_as_test boolean DEFAULT false NOT NULL
);
COMMENT ON TABLE public.repository_categories IS 'Size category of each repository (R3); one row per categorized repository.';
COMMENT ON COLUMN public.repository_categories.pinned_as_test IS 'R3: set by markAsTest; categorization leaves the row alone while it is true.';
CREATE TABLE public.rollout_admission (
    feature_name text NOT NULL,
    category text NOT NULL,
    repositories bigint DEFAULT 0 NOT NULL,
    cutoff integer DEFAULT 0 NOT NULL,
    admitted bigint DEFAULT 0 NOT NULL,
    stars bigint DEFAULT 0 NOT NULL,
    contributors bigint DEFAULT 0 NOT NULL,
    pull_requests bigint DEFAULT 0 NOT NULL,
    activity bigint DEFAULT 0 NOT NULL,
    pinned bigint DEFAULT 0 NOT NULL
);
COMMENT ON TABLE public.rollout_admission IS 'Derived, kept by triggers: repositories per category and their totals, the bucket below which they are admitted at the percentage that is set, and how many that are (R1).';
CREATE TABLE public.rollout_alerts (
    feature_name text NOT NULL,
    event text NOT NULL,
    raised_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    raised_by uuid NOT NULL,
    cleared_at timestamp with time zone,
    cleared_by uuid
);
COMMENT ON TABLE public.rollout_alerts IS 'Events that a monitor has alerted for, so that no other does: a history row by its id, or a state until it is cleared.';
CREATE TABLE public.rollout_buckets (
    feature_name text NOT NULL,
    category text NOT NULL,
    width integer NOT NULL,
    bucket integer NOT NULL,
    repositories integer NOT NULL,
    CONSTRAINT rollout_buckets_width_check CHECK ((width = ANY (ARRAY[1, 100])))
)
WITH (fillfactor='50');
COMMENT ON TABLE public.rollout_buckets IS 'Derived, kept by triggers: repositories per category and hash bucket, and per hundred buckets, so that any percentage is counted from at most 200 rows (R1).';
COMMENT ON COLUMN public.rollout_buckets.width IS 'How many buckets the row counts, from bucket on: 1 or 100.';
CREATE TABLE public.rollout_categorization_runs (
    id bigint NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    "position" uuid,
    total bigint NOT NULL,
    processed bigint DEFAULT 0 NOT NULL,
    changed bigint DEFAULT 0 NOT NULL,
    transitions jsonb DEFAULT '{}'::jsonb NOT NULL,
    last_operation uuid
);
COMMENT ON TABLE public.rollout_categorization_runs IS 'Where each categorizeAll stands; the unfinished one, if any, is continued by the next batch (R3).';
COMMENT ON COLUMN public.rollout_categorization_runs.last_operation IS 'Operation id of the last batch: sent again because its answer was lost, it must not begin another run.';
ALTER TABLE public.rollout_categorization_runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.rollout_categorization_runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW public.rollout_host_repositories WITH (security_invoker='true') AS
 SELECT r.id,
    r.full_name,
    COALESCE(r.stargazers_count, 0) AS star_count,
    activity.contributor_count,
    activity.pr_count
   FROM (public.repositories r
     LEFT JOIN LATERAL ( SELECT (count(DISTINCT p.author_id))::integer AS contributor_count,
            (count(*))::integer AS pr_count
           FROM public.pull_requests p
          WHERE (p.repository_id = r.id)) activity ON (true));
COMMENT ON VIEW public.rollout_host_repositories IS 'All that the rollout knows of the host''s schema. Another host redefines this view and nothing else.';
CREATE TABLE public.rollout_monitors (
    id uuid NOT NULL,
    feature_name text NOT NULL,
    operator text,
    host text,
    every_seconds integer NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    seen_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
COMMENT ON TABLE public.rollout_monitors IS 'Heartbeats of running monitors, so that each knows of the others. No rollout changes: they leave no history.';
CREATE TABLE supabase_migrations.schema_migrations (
    version text NOT NULL,
    statements text[],
    name text
);
INSERT INTO public.repositories VALUES ('c4ca4238-a0b9-2382-0dcc-509a6f75849b', 1, 'acme/r1', 'acme', 'r1', NULL, NULL, 0, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('c81e728d-9d4c-2f63-6f06-7f89cc14862c', 2, 'acme/r2', 'acme', 'r2', NULL, NULL, 0, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('eccbc87e-4b5c-e2fe-2830-8fd9f2a7baf3', 3, 'acme/r3', 'acme', 'r3', NULL, NULL, 0, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('a87ff679-a2f3-e71d-9181-a67b7542122c', 4, 'acme/r4', 'acme', 'r4', NULL, NULL, 0, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('e4da3b7f-bbce-2345-d777-2b0674a318d5', 5, 'acme/r5', 'acme', 'r5', NULL, NULL, 0, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('1679091c-5a88-0faf-6fb5-e6087eb1b2dc', 6, 'acme/r6', 'acme', 'r6', NULL, NULL, 0, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('8f14e45f-ceea-167a-5a36-dedd4bea2543', 7, 'acme/r7', 'acme', 'r7', NULL, NULL, 0, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('c9f0f895-fb98-ab91-59f5-1fd0297e236d', 8, 'acme/r8', 'acme', 'r8', NULL, NULL, 0, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('45c48cce-2e2d-7fbd-ea1a-fc51c7c6ad26', 9, 'acme/r9', 'acme', 'r9', NULL, NULL, 40, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('d3d94468-02a4-4259-755d-38e6d163e820', 10, 'acme/r10', 'acme', 'r10', NULL, NULL, 40, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('6512bd43-d9ca-a6e0-2c99-0b0a82652dca', 11, 'acme/r11', 'acme', 'r11', NULL, NULL, 40, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('c20ad4d7-6fe9-7759-aa27-a0c99bff6710', 12, 'acme/r12', 'acme', 'r12', NULL, NULL, 40, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('c51ce410-c124-a10e-0db5-e4b97fc2af39', 13, 'acme/r13', 'acme', 'r13', NULL, NULL, 40, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('aab32389-22bc-c25a-6f60-6eb525ffdc56', 14, 'acme/r14', 'acme', 'r14', NULL, NULL, 40, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('9bf31c7f-f062-936a-96d3-c8bd1f8f2ff3', 15, 'acme/r15', 'acme', 'r15', NULL, NULL, 40, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('c74d97b0-1eae-257e-44aa-9d5bade97baf', 16, 'acme/r16', 'acme', 'r16', NULL, NULL, 40, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('70efdf2e-c9b0-8607-9795-c442636b55fb', 17, 'acme/r17', 'acme', 'r17', NULL, NULL, 40, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('6f4922f4-5568-161a-8cdf-4ad2299f6d23', 18, 'acme/r18', 'acme', 'r18', NULL, NULL, 40, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('1f0e3dad-9990-8345-f743-9f8ffabdffc4', 19, 'acme/r19', 'acme', 'r19', NULL, NULL, 40, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('98f13708-2101-94c4-7568-7be6106a3b84', 20, 'acme/r20', 'acme', 'r20', NULL, NULL, 40, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('3c59dc04-8e88-5024-3be8-079a5c74d079', 21, 'acme/r21', 'acme', 'r21', NULL, NULL, 700, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('b6d767d2-f8ed-5d21-a44b-0e5886680cb9', 22, 'acme/r22', 'acme', 'r22', NULL, NULL, 700, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('37693cfc-7480-49e4-5d87-b8c7d8b9aacd', 23, 'acme/r23', 'acme', 'r23', NULL, NULL, 700, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('1ff1de77-4005-f8da-13f4-2943881c655f', 24, 'acme/r24', 'acme', 'r24', NULL, NULL, 700, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('8e296a06-7a37-5633-70de-d05f5a3bf3ec', 25, 'acme/r25', 'acme', 'r25', NULL, NULL, 700, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('4e732ced-3463-d06d-e0ca-9a15b6153677', 26, 'acme/r26', 'acme', 'r26', NULL, NULL, 700, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('02e74f10-e032-7ad8-68d1-38f2b4fdd6f0', 27, 'acme/r27', 'acme', 'r27', NULL, NULL, 700, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('33e75ff0-9dd6-01bb-e69f-351039152189', 28, 'acme/r28', 'acme', 'r28', NULL, NULL, 700, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('6ea9ab1b-aa0e-fb9e-1909-4440c317e21b', 29, 'acme/r29', 'acme', 'r29', NULL, NULL, 700, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repositories VALUES ('34173cb3-8f07-f89d-dbeb-c2ac9128303f', 30, 'acme/r30', 'acme', 'r30', NULL, NULL, 700, 0, 0, false, true, '2026-11-24 07:55:55.54989+00', '2026-11-24 07:55:55.54989+00');
INSERT INTO public.repository_categories VALUES ('579206ee-e88b-463e-b445-90dbecf973b3', '02e74f10-e032-7ad8-68d1-38f2b4fdd6f0', 'large', 40, false, 700, 0, 0, 100, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('1cbf318c-5a85-42a7-bee6-b143e2c80e3f', '1679091c-5a88-0faf-6fb5-e6087eb1b2dc', 'test', 100, true, 0, 0, 0, 0, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('06fe927d-53c0-4394-8ebf-62d86bc84442', '1f0e3dad-9990-8345-f743-9f8ffabdffc4', 'small', 80, false, 40, 0, 0, 40, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('d4e305ed-4a0b-4d57-b955-837f651a544e', '1ff1de77-4005-f8da-13f4-2943881c655f', 'large', 40, false, 700, 0, 0, 100, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('563701de-fd36-4f3a-a310-832ad1c82e18', '33e75ff0-9dd6-01bb-e69f-351039152189', 'large', 40, false, 700, 0, 0, 100, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('96e28815-0540-42a5-acec-e76dd2390eae', '34173cb3-8f07-f89d-dbeb-c2ac9128303f', 'large', 40, false, 700, 0, 0, 100, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('bc0ca1c6-1dfa-41a4-8110-e3a763909fd1', '37693cfc-7480-49e4-5d87-b8c7d8b9aacd', 'large', 40, false, 700, 0, 0, 100, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('8735a31f-86d3-4b59-b92f-f162badbeae3', '3c59dc04-8e88-5024-3be8-079a5c74d079', 'large', 40, false, 700, 0, 0, 100, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('8635d8ee-c0c2-41d1-a9a1-1aafe2ee0df3', '45c48cce-2e2d-7fbd-ea1a-fc51c7c6ad26', 'small', 80, false, 40, 0, 0, 40, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('5d9e5570-3207-4b4b-8252-0b86c796711f', '4e732ced-3463-d06d-e0ca-9a15b6153677', 'large', 40, false, 700, 0, 0, 100, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('2a6ac0bf-1742-4d3f-8e48-5825e6c4c1cd', '6512bd43-d9ca-a6e0-2c99-0b0a82652dca', 'small', 80, false, 40, 0, 0, 40, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('a53a8861-792c-4017-aada-b91cd89a58da', '6ea9ab1b-aa0e-fb9e-1909-4440c317e21b', 'large', 40, false, 700, 0, 0, 100, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('0b528e3c-b1c3-4e35-a709-4728a48c54d2', '6f4922f4-5568-161a-8cdf-4ad2299f6d23', 'small', 80, false, 40, 0, 0, 40, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('29df4590-4567-4541-b1e8-388da73dbe42', '70efdf2e-c9b0-8607-9795-c442636b55fb', 'small', 80, false, 40, 0, 0, 40, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('4cf0b3a4-266b-4d0b-925c-7fee00174eb3', '8e296a06-7a37-5633-70de-d05f5a3bf3ec', 'large', 40, false, 700, 0, 0, 100, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('543f1857-f691-4aad-95ab-b95561346255', '8f14e45f-ceea-167a-5a36-dedd4bea2543', 'test', 100, true, 0, 0, 0, 0, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('73be1577-aa50-461b-9572-e31ada37ae9b', '98f13708-2101-94c4-7568-7be6106a3b84', 'small', 80, false, 40, 0, 0, 40, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('61be0c49-b556-4bb2-b3da-e61144a6d17c', '9bf31c7f-f062-936a-96d3-c8bd1f8f2ff3', 'small', 80, false, 40, 0, 0, 40, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('069dc629-efcd-42bc-8cd4-87c4ee90afa4', 'a87ff679-a2f3-e71d-9181-a67b7542122c', 'test', 100, true, 0, 0, 0, 0, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('9917d62c-12cb-4546-a697-88d41c6e2c4b', 'aab32389-22bc-c25a-6f60-6eb525ffdc56', 'small', 80, false, 40, 0, 0, 40, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('103487e2-1c66-4940-a04c-984c6192dc1c', 'c20ad4d7-6fe9-7759-aa27-a0c99bff6710', 'small', 80, false, 40, 0, 0, 40, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('968945e1-8efa-43cb-94ed-7252b5633a38', 'c4ca4238-a0b9-2382-0dcc-509a6f75849b', 'test', 100, true, 0, 0, 0, 0, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('ce60015c-8dfa-4ce7-ade4-1e8e4f5fd5f8', 'c51ce410-c124-a10e-0db5-e4b97fc2af39', 'small', 80, false, 40, 0, 0, 40, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('746afa5c-0232-4647-84a9-2e3e9c50c6ac', 'c74d97b0-1eae-257e-44aa-9d5bade97baf', 'small', 80, false, 40, 0, 0, 40, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('e9467ebe-2f04-40e9-b996-f27377dbbf0b', 'c81e728d-9d4c-2f63-6f06-7f89cc14862c', 'test', 100, true, 0, 0, 0, 0, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('17185ec3-351d-41f5-942f-e68c7f89a0bb', 'c9f0f895-fb98-ab91-59f5-1fd0297e236d', 'test', 100, true, 0, 0, 0, 0, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('f55a890c-0f9f-41e7-a0c3-7d4687164fbb', 'd3d94468-02a4-4259-755d-38e6d163e820', 'small', 80, false, 40, 0, 0, 40, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('0e0d5bbe-f293-452d-a656-feea8f6c7bce', 'e4da3b7f-bbce-2345-d777-2b0674a318d5', 'test', 100, true, 0, 0, 0, 0, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('b8a00872-c2ef-4018-991b-926ff1d91653', 'eccbc87e-4b5c-e2fe-2830-8fd9f2a7baf3', 'test', 100, true, 0, 0, 0, 0, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', false);
INSERT INTO public.repository_categories VALUES ('0857fc78-4fa2-445f-b833-8afa9981b7a5', 'b6d767d2-f8ed-5d21-a44b-0e5886680cb9', 'test', 100, true, 700, 0, 0, 100, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.565259+00', true);
INSERT INTO public.rollout_admission VALUES ('hybrid_progressive_capture', 'enterprise', 0, 0, 0, 0, 0, 0, 0, 0);
INSERT INTO public.rollout_admission VALUES ('hybrid_progressive_capture', 'medium', 0, 0, 0, 0, 0, 0, 0, 0);
INSERT INTO public.rollout_admission VALUES ('hybrid_progressive_capture', 'large', 9, 0, 0, 6300, 0, 0, 900, 0);
INSERT INTO public.rollout_admission VALUES ('hybrid_progressive_capture', 'small', 12, 3266, 3, 480, 0, 0, 480, 0);
INSERT INTO public.rollout_admission VALUES ('hybrid_progressive_capture', 'test', 9, 10000, 9, 700, 0, 0, 100, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 1, 4589, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 100, 6800, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 1, 6836, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 100, 8600, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 1, 7478, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 100, 1600, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 100, 9300, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 100, 1700, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 100, 4400, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 1, 6433, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 1, 1534, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 1, 1661, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 100, 300, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 1, 1248, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 1, 3413, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 1, 9382, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 1, 4153, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 100, 1500, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 1, 8202, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 1, 5244, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 100, 9900, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 100, 7400, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 100, 8200, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 100, 6400, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 100, 3200, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 1, 128, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 100, 7300, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 100, 4500, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 1, 4487, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 100, 100, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 100, 1200, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 1, 1109, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 100, 4100, 2);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 100, 8100, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 1, 5223, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 100, 1900, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 1, 9954, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 1, 3613, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 100, 5200, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 1, 8182, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 1, 347, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 1, 6801, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 1, 7375, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 100, 6400, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 1, 1901, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 100, 6800, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 1, 3266, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 100, 3400, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 1, 6470, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 100, 1100, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 1, 8645, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 100, 3700, 0);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 1, 3793, 0);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 1, 4189, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 1, 7374, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'large', 1, 1701, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 100, 7300, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'small', 100, 3600, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 100, 5200, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 100, 3700, 1);
INSERT INTO public.rollout_buckets VALUES ('hybrid_progressive_capture', 'test', 1, 3793, 1);
INSERT INTO public.rollout_categorization_runs OVERRIDING SYSTEM VALUE VALUES (1, '2026-11-24 07:55:55.553161+00', '2026-11-24 07:55:55.559517+00', 'eccbc87e-4b5c-e2fe-2830-8fd9f2a7baf3', 30, 30, 30, '{"new → test": 8, "new → large": 10, "new → small": 12}', 'e4a744dc-9bed-495a-bf90-7919afe049ee');
INSERT INTO public.rollout_configuration VALUES ('3cee4e6a-add4-47a3-a833-ef831f9c29f4', 'hybrid_progressive_capture', 40, true, '{8e296a06-7a37-5633-70de-d05f5a3bf3ec,c4ca4238-a0b9-2382-0dcc-509a6f75849b}', '{}', 'repository_size', 5.00, 24, true, true, '{}', '2026-11-24 07:55:55.534209+00', '2026-11-24 07:55:55.598615+00', 10, 'errors in the logs', '2026-11-24 07:55:55.59919+00', '2026-11-24 07:55:55.571989+00', '2026-11-24 07:55:55.571998+00');
INSERT INTO public.rollout_history VALUES ('b9bbd515-7d21-4b20-a5ae-d6e09b72808b', '3cee4e6a-add4-47a3-a833-ef831f9c29f4', 'created', NULL, 0, NULL, 'manual', '{"host": "testhost", "after": {"id": "3cee4e6a-add4-47a3-a833-ef831f9c29f4", "metadata": {}, "is_active": true, "created_at": "2026-11-24T07:55:55.534209+00:00", "feature_name": "hybrid_progressive_capture", "emergency_stop": false, "max_error_rate": 5.00, "minimum_sample": 10, "rollout_strategy": "repository_size", "rollout_percentage": 0, "target_repositories": [], "auto_rollback_enabled": true, "emergency_stop_reason": null, "excluded_repositories": [], "monitoring_window_hours": 24}, "before": {"id": null, "metadata": null, "is_active": null, "created_at": null, "feature_name": null, "emergency_stop": null, "max_error_rate": null, "minimum_sample": null, "rollout_strategy": null, "rollout_percentage": null, "target_repositories": null, "auto_rollback_enabled": null, "emergency_stop_reason": null, "excluded_repositories": null, "monitoring_window_hours": null}, "command": "setup", "operator": "tess", "recorded_at": "2026-11-24T07:55:55.53866+00:00", "database_role": "postgres"}', '2026-11-24 07:55:55.538504+00');
INSERT INTO public.rollout_history VALUES ('e4a744dc-9bed-495a-bf90-7919afe049ee', '3cee4e6a-add4-47a3-a833-ef831f9c29f4', 'updated', 0, 0, '30 of 30 repositories brought up to date', 'manual', '{"host": "testhost", "after": {"transitions": {"new → test": 8, "new → large": 10, "new → small": 12}}, "before": {}, "command": "categorizeAll", "operator": "tess", "recorded_at": "2026-11-24T07:55:55.559769+00:00", "database_role": "postgres"}', '2026-11-24 07:55:55.559755+00');
INSERT INTO public.rollout_history VALUES ('ec03a3d8-c61a-4fad-802b-f358100aae2f', '3cee4e6a-add4-47a3-a833-ef831f9c29f4', 'updated', 0, 0, 'first', 'manual', '{"host": "testhost", "after": {"target_repositories": ["8e296a06-7a37-5633-70de-d05f5a3bf3ec", "c4ca4238-a0b9-2382-0dcc-509a6f75849b"]}, "before": {"target_repositories": []}, "command": "addToWhitelist", "operator": "tess", "recorded_at": "2026-11-24T07:55:55.562297+00:00", "database_role": "postgres"}', '2026-11-24 07:55:55.56227+00');
INSERT INTO public.rollout_history VALUES ('af773188-dfe7-44f6-9d97-a3991f456199', '3cee4e6a-add4-47a3-a833-ef831f9c29f4', 'updated', 0, 0, NULL, 'manual', '{"host": "testhost", "after": {"acme/r22": {"pinned": true, "category": "test"}}, "before": {"acme/r22": {"pinned": false, "category": "large"}}, "command": "markAsTest", "operator": "tess", "recorded_at": "2026-11-24T07:55:55.569373+00:00", "database_role": "postgres"}', '2026-11-24 07:55:55.569363+00');
INSERT INTO public.rollout_history VALUES ('673da2ad-78ad-46f4-b7dc-7bd947728a7c', '3cee4e6a-add4-47a3-a833-ef831f9c29f4', 'updated', 0, 40, 'phase 7', 'manual', '{"host": "testhost", "after": {"rollout_percentage": 40}, "before": {"rollout_percentage": 0}, "command": "setRollout", "operator": "tess", "recorded_at": "2026-11-24T07:55:55.572206+00:00", "database_role": "postgres"}', '2026-11-24 07:55:55.572197+00');
INSERT INTO public.rollout_history VALUES ('ac973d5a-3c6c-450d-92ab-5e119d67412b', '3cee4e6a-add4-47a3-a833-ef831f9c29f4', 'emergency_stop', 40, 40, 'errors in the logs', 'manual', '{"host": "testhost", "after": {"emergency_stop": true, "emergency_stop_reason": "errors in the logs"}, "before": {"emergency_stop": false, "emergency_stop_reason": null}, "command": "emergencyStop", "operator": "tess", "recorded_at": "2026-11-24T07:55:55.599421+00:00", "database_role": "postgres"}', '2026-11-24 07:55:55.59941+00');
INSERT INTO public.rollout_job_counts VALUES ('3cee4e6a-add4-47a3-a833-ef831f9c29f4', '2026-11-24 07:55:55.571998+00', 'inngest', 1, 25, 1, 24, 25, 750);
INSERT INTO public.rollout_metrics VALUES ('2f234bde-023e-46f9-9a1f-d0b7072b5b3a', '3cee4e6a-add4-47a3-a833-ef831f9c29f4', 'c81e728d-9d4c-2f63-6f06-7f89cc14862c', 'inngest', 3, 0, 3, 30.00, NULL, NULL, '2026-11-24 00:00:00+00', '2026-11-25 00:00:00+00', '2026-11-24 07:55:55.584433+00', '2026-11-24 07:55:55.594822+00', 3, 90);
INSERT INTO public.rollout_metrics VALUES ('44830b2a-cb4c-47e6-bf8c-95dd5c501bb7', '3cee4e6a-add4-47a3-a833-ef831f9c29f4', 'eccbc87e-4b5c-e2fe-2830-8fd9f2a7baf3', 'inngest', 3, 0, 3, 30.00, NULL, NULL, '2026-11-24 00:00:00+00', '2026-11-25 00:00:00+00', '2026-11-24 07:55:55.585535+00', '2026-11-24 07:55:55.595136+00', 3, 90);
INSERT INTO public.rollout_metrics VALUES ('dc1a329e-1a2f-4812-a110-8b4890f023a2', '3cee4e6a-add4-47a3-a833-ef831f9c29f4', 'a87ff679-a2f3-e71d-9181-a67b7542122c', 'inngest', 3, 0, 3, 30.00, NULL, NULL, '2026-11-24 00:00:00+00', '2026-11-25 00:00:00+00', '2026-11-24 07:55:55.58647+00', '2026-11-24 07:55:55.595458+00', 3, 90);
INSERT INTO public.rollout_metrics VALUES ('d10d395d-e211-4ebf-af41-40db1b785815', '3cee4e6a-add4-47a3-a833-ef831f9c29f4', 'e4da3b7f-bbce-2345-d777-2b0674a318d5', 'inngest', 3, 0, 3, 30.00, NULL, NULL, '2026-11-24 00:00:00+00', '2026-11-25 00:00:00+00', '2026-11-24 07:55:55.587366+00', '2026-11-24 07:55:55.59584+00', 3, 90);
INSERT INTO public.rollout_metrics VALUES ('b9fab36b-c237-41a7-8dc5-118dae10820e', '3cee4e6a-add4-47a3-a833-ef831f9c29f4', '1679091c-5a88-0faf-6fb5-e6087eb1b2dc', 'inngest', 3, 0, 3, 30.00, NULL, NULL, '2026-11-24 00:00:00+00', '2026-11-25 00:00:00+00', '2026-11-24 07:55:55.588438+00', '2026-11-24 07:55:55.596177+00', 3, 90);
INSERT INTO public.rollout_metrics VALUES ('b3287b9e-7456-45ba-9c7b-800f757ba5b3', '3cee4e6a-add4-47a3-a833-ef831f9c29f4', '8f14e45f-ceea-167a-5a36-dedd4bea2543', 'inngest', 3, 0, 3, 30.00, NULL, NULL, '2026-11-24 00:00:00+00', '2026-11-25 00:00:00+00', '2026-11-24 07:55:55.589416+00', '2026-11-24 07:55:55.596503+00', 3, 90);
INSERT INTO public.rollout_metrics VALUES ('91adad57-73c0-4255-be19-0716edd0aec2', '3cee4e6a-add4-47a3-a833-ef831f9c29f4', 'c9f0f895-fb98-ab91-59f5-1fd0297e236d', 'inngest', 3, 0, 3, 30.00, NULL, NULL, '2026-11-24 00:00:00+00', '2026-11-25 00:00:00+00', '2026-11-24 07:55:55.590218+00', '2026-11-24 07:55:55.59683+00', 3, 90);
INSERT INTO public.rollout_metrics VALUES ('33edba50-5f34-422a-912e-0b161f671e46', '3cee4e6a-add4-47a3-a833-ef831f9c29f4', 'c4ca4238-a0b9-2382-0dcc-509a6f75849b', 'inngest', 3, 1, 4, 30.00, 'boom', '2026-11-24 07:55:55.597157+00', '2026-11-24 00:00:00+00', '2026-11-25 00:00:00+00', '2026-11-24 07:55:55.577372+00', '2026-11-24 07:55:55.597157+00', 4, 120);
INSERT INTO public.rollout_monitors VALUES ('00000000-0000-0000-0000-000000000007', 'hybrid_progressive_capture', 'tess', 'testhost', 60, '2026-11-24 07:55:55.602315+00', '2026-11-24 07:55:55.602315+00');
INSERT INTO supabase_migrations.schema_migrations VALUES ('20261123000100', NULL, 'tables');
INSERT INTO supabase_migrations.schema_migrations VALUES ('20261123000200', NULL, 'eligibility');
INSERT INTO supabase_migrations.schema_migrations VALUES ('20261123000250', NULL, 'counts');
INSERT INTO supabase_migrations.schema_migrations VALUES ('20261123000300', NULL, 'history');
INSERT INTO supabase_migrations.schema_migrations VALUES ('20261123000400', NULL, 'health');
INSERT INTO supabase_migrations.schema_migrations VALUES ('20261123000500', NULL, 'changes');
INSERT INTO supabase_migrations.schema_migrations VALUES ('20261123000600', NULL, 'reports');
INSERT INTO supabase_migrations.schema_migrations VALUES ('20261123000650', NULL, 'outlook');
INSERT INTO supabase_migrations.schema_migrations VALUES ('20261123000700', NULL, 'commands');
INSERT INTO supabase_migrations.schema_migrations VALUES ('20261123000800', NULL, 'repositories');
INSERT INTO supabase_migrations.schema_migrations VALUES ('20261123000850', NULL, 'setup');
INSERT INTO supabase_migrations.schema_migrations VALUES ('20261123000860', NULL, 'verify');
INSERT INTO supabase_migrations.schema_migrations VALUES ('20261123000870', NULL, 'practice');
INSERT INTO supabase_migrations.schema_migrations VALUES ('20261123000900', NULL, 'adoption_and_privileges');
SELECT pg_catalog.setval('public.rollout_categorization_runs_id_seq', 1, true);
ALTER TABLE ONLY public.pull_requests
    ADD CONSTRAINT pull_requests_github_id_key UNIQUE (github_id);
ALTER TABLE ONLY public.pull_requests
    ADD CONSTRAINT pull_requests_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.pull_requests
    ADD CONSTRAINT pull_requests_repository_id_number_key UNIQUE (repository_id, number);
ALTER TABLE ONLY public.repositories
    ADD CONSTRAINT repositories_full_name_key UNIQUE (full_name);
ALTER TABLE ONLY public.repositories
    ADD CONSTRAINT repositories_github_id_key UNIQUE (github_id);
ALTER TABLE ONLY public.repositories
    ADD CONSTRAINT repositories_owner_name_key UNIQUE (owner, name);
ALTER TABLE ONLY public.repositories
    ADD CONSTRAINT repositories_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.repository_categories
    ADD CONSTRAINT repository_categories_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.repository_categories
    ADD CONSTRAINT repository_categories_repository_id_key UNIQUE (repository_id);
ALTER TABLE ONLY public.rollout_admission
    ADD CONSTRAINT rollout_admission_pkey PRIMARY KEY (feature_name, category);
ALTER TABLE ONLY public.rollout_alerts
    ADD CONSTRAINT rollout_alerts_once PRIMARY KEY (feature_name, event);
ALTER TABLE ONLY public.rollout_buckets
    ADD CONSTRAINT rollout_buckets_pkey PRIMARY KEY (feature_name, category, width, bucket);
ALTER TABLE ONLY public.rollout_categorization_runs
    ADD CONSTRAINT rollout_categorization_runs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.rollout_configuration
    ADD CONSTRAINT rollout_configuration_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.rollout_history
    ADD CONSTRAINT rollout_history_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.rollout_job_counts
    ADD CONSTRAINT rollout_job_counts_pkey PRIMARY KEY (rollout_config_id, slot_start, processor_type, shard);
ALTER TABLE ONLY public.rollout_metrics
    ADD CONSTRAINT rollout_metrics_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.rollout_monitors
    ADD CONSTRAINT rollout_monitors_pkey PRIMARY KEY (id);
ALTER TABLE ONLY supabase_migrations.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);
CREATE INDEX repository_categories_by_category ON public.repository_categories USING btree (category, repository_id);
CREATE UNIQUE INDEX rollout_categorization_runs_one_open ON public.rollout_categorization_runs USING btree (((finished_at IS NULL))) WHERE (finished_at IS NULL);
CREATE INDEX rollout_configuration_by_feature ON public.rollout_configuration USING btree (feature_name, is_active);
CREATE UNIQUE INDEX rollout_configuration_one_active ON public.rollout_configuration USING btree (feature_name) WHERE is_active;
CREATE INDEX rollout_history_by_time ON public.rollout_history USING btree (rollout_config_id, created_at DESC);
CREATE INDEX rollout_metrics_recent_errors ON public.rollout_metrics USING btree (rollout_config_id, last_error_at DESC) WHERE (last_error_at IS NOT NULL);
CREATE UNIQUE INDEX rollout_metrics_recorded_window ON public.rollout_metrics USING btree (rollout_config_id, repository_id, processor_type, metrics_window_start) WHERE (timed_jobs IS NOT NULL);
CREATE TRIGGER rollout_configuration_changed AFTER INSERT OR UPDATE ON public.rollout_configuration FOR EACH ROW EXECUTE FUNCTION public.rollout_configuration_changed();
CREATE TRIGGER rollout_configuration_prepare BEFORE INSERT OR UPDATE ON public.rollout_configuration FOR EACH ROW EXECUTE FUNCTION public.rollout_configuration_prepare();
CREATE TRIGGER rollout_count_added AFTER INSERT ON public.repository_categories REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.rollout_categories_changed();
CREATE TRIGGER rollout_count_emptied AFTER TRUNCATE ON public.repository_categories FOR EACH STATEMENT EXECUTE FUNCTION public.rollout_categories_emptied();
CREATE TRIGGER rollout_count_moved AFTER UPDATE ON public.repository_categories REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.rollout_categories_changed();
CREATE TRIGGER rollout_count_removed AFTER DELETE ON public.repository_categories REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION public.rollout_categories_changed();
CREATE TRIGGER rollout_history_keep_rows BEFORE DELETE OR UPDATE ON public.rollout_history FOR EACH ROW EXECUTE FUNCTION public.rollout_history_is_append_only();
CREATE TRIGGER rollout_history_keep_table BEFORE TRUNCATE ON public.rollout_history FOR EACH STATEMENT EXECUTE FUNCTION public.rollout_history_is_append_only();
CREATE TRIGGER rollout_history_stamp BEFORE INSERT ON public.rollout_history FOR EACH ROW EXECUTE FUNCTION public.rollout_history_stamp();
CREATE TRIGGER rollout_metrics_counted AFTER INSERT OR DELETE OR UPDATE ON public.rollout_metrics FOR EACH ROW EXECUTE FUNCTION public.rollout_metrics_counted();
CREATE TRIGGER rollout_pin_added AFTER INSERT ON public.repository_categories FOR EACH ROW WHEN (new.pinned_as_test) EXECUTE FUNCTION public.rollout_pin_recorded();
CREATE TRIGGER rollout_pin_changed AFTER UPDATE ON public.repository_categories FOR EACH ROW WHEN ((old.pinned_as_test IS DISTINCT FROM new.pinned_as_test)) EXECUTE FUNCTION public.rollout_pin_recorded();
CREATE TRIGGER rollout_pin_follows_change BEFORE UPDATE ON public.repository_categories FOR EACH ROW WHEN ((new.is_test_repository IS DISTINCT FROM old.is_test_repository)) EXECUTE FUNCTION public.rollout_pin_follows_mark();
CREATE TRIGGER rollout_pin_follows_mark BEFORE INSERT ON public.repository_categories FOR EACH ROW WHEN (new.is_test_repository) EXECUTE FUNCTION public.rollout_pin_follows_mark();
ALTER TABLE ONLY public.pull_requests
    ADD CONSTRAINT pull_requests_repository_id_fkey FOREIGN KEY (repository_id) REFERENCES public.repositories(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.repository_categories
    ADD CONSTRAINT repository_categories_repository_id_fkey FOREIGN KEY (repository_id) REFERENCES public.repositories(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.rollout_history
    ADD CONSTRAINT rollout_history_rollout_config_id_fkey FOREIGN KEY (rollout_config_id) REFERENCES public.rollout_configuration(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.rollout_job_counts
    ADD CONSTRAINT rollout_job_counts_rollout_config_id_fkey FOREIGN KEY (rollout_config_id) REFERENCES public.rollout_configuration(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.rollout_metrics
    ADD CONSTRAINT rollout_metrics_repository_id_fkey FOREIGN KEY (repository_id) REFERENCES public.repositories(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.rollout_metrics
    ADD CONSTRAINT rollout_metrics_rollout_config_id_fkey FOREIGN KEY (rollout_config_id) REFERENCES public.rollout_configuration(id) ON DELETE CASCADE;
ALTER TABLE public.pull_requests ENABLE ROW LEVEL SECURITY;
CREATE POLICY pull_requests_public_read ON public.pull_requests FOR SELECT USING (true);
ALTER TABLE public.repositories ENABLE ROW LEVEL SECURITY;
CREATE POLICY repositories_public_read ON public.repositories FOR SELECT USING (true);
ALTER TABLE public.repository_categories ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rollout_admission ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rollout_alerts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rollout_buckets ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rollout_categorization_runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rollout_configuration ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rollout_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rollout_job_counts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rollout_metrics ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rollout_monitors ENABLE ROW LEVEL SECURITY;
CREATE POLICY rollout_public_read ON public.repository_categories FOR SELECT USING (true);
CREATE POLICY rollout_public_read ON public.rollout_admission FOR SELECT USING (true);
CREATE POLICY rollout_public_read ON public.rollout_alerts FOR SELECT USING (true);
CREATE POLICY rollout_public_read ON public.rollout_buckets FOR SELECT USING (true);
CREATE POLICY rollout_public_read ON public.rollout_categorization_runs FOR SELECT USING (true);
CREATE POLICY rollout_public_read ON public.rollout_configuration FOR SELECT USING (true);
CREATE POLICY rollout_public_read ON public.rollout_history FOR SELECT USING (true);
CREATE POLICY rollout_public_read ON public.rollout_job_counts FOR SELECT USING (true);
CREATE POLICY rollout_public_read ON public.rollout_metrics FOR SELECT USING (true);
CREATE POLICY rollout_public_read ON public.rollout_monitors FOR SELECT USING (true);
GRANT USAGE ON SCHEMA public TO anon;
GRANT USAGE ON SCHEMA public TO authenticated;
GRANT USAGE ON SCHEMA public TO service_role;
REVOKE ALL ON FUNCTION public.categorize_repository(repo_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.categorize_repository(repo_id uuid) TO service_role;
REVOKE ALL ON FUNCTION public.is_repository_eligible_for_rollout(repo_id uuid, feature_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.is_repository_eligible_for_rollout(repo_id uuid, feature_name text) TO service_role;
GRANT ALL ON FUNCTION public.is_repository_eligible_for_rollout(repo_id uuid, feature_name text) TO anon;
GRANT ALL ON FUNCTION public.is_repository_eligible_for_rollout(repo_id uuid, feature_name text) TO authenticated;
REVOKE ALL ON FUNCTION public.record_rollout_job(repo_id uuid, processor text, success boolean, processing_seconds numeric, error_message text, feature_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.record_rollout_job(repo_id uuid, processor text, success boolean, processing_seconds numeric, error_message text, feature_name text) TO service_role;
GRANT ALL ON TABLE public.rollout_configuration TO service_role;
REVOKE ALL ON TABLE public.rollout_configuration FROM anon;
GRANT SELECT ON TABLE public.rollout_configuration TO anon;
REVOKE ALL ON TABLE public.rollout_configuration FROM authenticated;
GRANT SELECT ON TABLE public.rollout_configuration TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_active(feature text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_active(feature text) TO service_role;
GRANT ALL ON FUNCTION public.rollout_active(feature text) TO anon;
GRANT ALL ON FUNCTION public.rollout_active(feature text) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_add_to_whitelist(repositories text[], feature_name text, reason text, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_add_to_whitelist(repositories text[], feature_name text, reason text, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_admits(reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_admits(reason text) TO service_role;
GRANT ALL ON FUNCTION public.rollout_admits(reason text) TO anon;
GRANT ALL ON FUNCTION public.rollout_admits(reason text) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_admitted(config public.rollout_configuration) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_admitted(config public.rollout_configuration) TO service_role;
GRANT ALL ON FUNCTION public.rollout_admitted(config public.rollout_configuration) TO anon;
GRANT ALL ON FUNCTION public.rollout_admitted(config public.rollout_configuration) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_answer(feature text, operation uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_answer(feature text, operation uuid) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_begin(percentage numeric, feature_name text, reason text, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_begin(percentage numeric, feature_name text, reason text, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_below(feature text, size text, bound integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_below(feature text, size text, bound integer) TO service_role;
GRANT ALL ON FUNCTION public.rollout_below(feature text, size text, bound integer) TO anon;
GRANT ALL ON FUNCTION public.rollout_below(feature text, size text, bound integer) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_boundary(feature text, size text, room bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_boundary(feature text, size text, room bigint) TO service_role;
GRANT ALL ON FUNCTION public.rollout_boundary(feature text, size text, room bigint) TO anon;
GRANT ALL ON FUNCTION public.rollout_boundary(feature text, size text, room bigint) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_bucket(feature_name text, repository_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_bucket(feature_name text, repository_id uuid) TO service_role;
GRANT ALL ON FUNCTION public.rollout_bucket(feature_name text, repository_id uuid) TO anon;
GRANT ALL ON FUNCTION public.rollout_bucket(feature_name text, repository_id uuid) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_categories(feature_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_categories(feature_name text) TO service_role;
GRANT ALL ON FUNCTION public.rollout_categories(feature_name text) TO anon;
GRANT ALL ON FUNCTION public.rollout_categories(feature_name text) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_categories_changed() FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_categories_changed() TO service_role;
REVOKE ALL ON FUNCTION public.rollout_categories_emptied() FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_categories_emptied() TO service_role;
REVOKE ALL ON FUNCTION public.rollout_categorize(ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_categorize(ids uuid[]) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_categorize_batch(batch_size integer, run_id bigint, feature_name text, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_categorize_batch(batch_size integer, run_id bigint, feature_name text, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_category_of(stars integer, contributors integer, pull_requests integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_category_of(stars integer, contributors integer, pull_requests integer) TO service_role;
GRANT ALL ON FUNCTION public.rollout_category_of(stars integer, contributors integer, pull_requests integer) TO anon;
GRANT ALL ON FUNCTION public.rollout_category_of(stars integer, contributors integer, pull_requests integer) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_category_rules() FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_category_rules() TO service_role;
GRANT ALL ON FUNCTION public.rollout_category_rules() TO anon;
GRANT ALL ON FUNCTION public.rollout_category_rules() TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_check_health(feature_name text, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_check_health(feature_name text, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_claim_alerts(raised text[], cleared text[], feature_name text, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_claim_alerts(raised text[], cleared text[], feature_name text, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_configuration_changed() FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_configuration_changed() TO service_role;
REVOKE ALL ON FUNCTION public.rollout_configuration_prepare() FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_configuration_prepare() TO service_role;
REVOKE ALL ON FUNCTION public.rollout_count_repositories(feature text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_count_repositories(feature text) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_counted_buckets(feature text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_counted_buckets(feature text) TO service_role;
GRANT ALL ON FUNCTION public.rollout_counted_buckets(feature text) TO anon;
GRANT ALL ON FUNCTION public.rollout_counted_buckets(feature text) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_create(percentage numeric, feature_name text, reason text, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_create(percentage numeric, feature_name text, reason text, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_decide(repo_id uuid, feature text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_decide(repo_id uuid, feature text) TO service_role;
GRANT ALL ON FUNCTION public.rollout_decide(repo_id uuid, feature text) TO anon;
GRANT ALL ON FUNCTION public.rollout_decide(repo_id uuid, feature text) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_emergency_stop(reason text, feature_name text, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_emergency_stop(reason text, feature_name text, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_error_trend(feature_name text, points integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_error_trend(feature_name text, points integer) TO service_role;
GRANT ALL ON FUNCTION public.rollout_error_trend(feature_name text, points integer) TO anon;
GRANT ALL ON FUNCTION public.rollout_error_trend(feature_name text, points integer) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_explain(repository text, feature_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_explain(repository text, feature_name text) TO service_role;
GRANT ALL ON FUNCTION public.rollout_explain(repository text, feature_name text) TO anon;
GRANT ALL ON FUNCTION public.rollout_explain(repository text, feature_name text) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_find_repositories(prefix text, max_rows integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_find_repositories(prefix text, max_rows integer) TO service_role;
GRANT ALL ON FUNCTION public.rollout_find_repositories(prefix text, max_rows integer) TO anon;
GRANT ALL ON FUNCTION public.rollout_find_repositories(prefix text, max_rows integer) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_health(config public.rollout_configuration) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_health(config public.rollout_configuration) TO service_role;
GRANT ALL ON FUNCTION public.rollout_health(config public.rollout_configuration) TO anon;
GRANT ALL ON FUNCTION public.rollout_health(config public.rollout_configuration) TO authenticated;
GRANT ALL ON TABLE public.rollout_job_counts TO service_role;
GRANT SELECT ON TABLE public.rollout_job_counts TO anon;
GRANT SELECT ON TABLE public.rollout_job_counts TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_health(config public.rollout_configuration, seen public.rollout_job_counts[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_health(config public.rollout_configuration, seen public.rollout_job_counts[]) TO service_role;
GRANT ALL ON FUNCTION public.rollout_health(config public.rollout_configuration, seen public.rollout_job_counts[]) TO anon;
GRANT ALL ON FUNCTION public.rollout_health(config public.rollout_configuration, seen public.rollout_job_counts[]) TO authenticated;
GRANT ALL ON TABLE public.rollout_history TO service_role;
REVOKE ALL ON TABLE public.rollout_history FROM anon;
GRANT SELECT ON TABLE public.rollout_history TO anon;
REVOKE ALL ON TABLE public.rollout_history FROM authenticated;
GRANT SELECT ON TABLE public.rollout_history TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_history_entry(entry public.rollout_history) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_history_entry(entry public.rollout_history) TO service_role;
GRANT ALL ON FUNCTION public.rollout_history_entry(entry public.rollout_history) TO anon;
GRANT ALL ON FUNCTION public.rollout_history_entry(entry public.rollout_history) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_history_is_append_only() FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_history_is_append_only() TO service_role;
REVOKE ALL ON FUNCTION public.rollout_history_stamp() FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_history_stamp() TO service_role;
REVOKE ALL ON FUNCTION public.rollout_is_repeat(change jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_is_repeat(change jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_known_repositories(asked text[], example text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_known_repositories(asked text[], example text) TO service_role;
GRANT ALL ON FUNCTION public.rollout_known_repositories(asked text[], example text) TO anon;
GRANT ALL ON FUNCTION public.rollout_known_repositories(asked text[], example text) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_list_history(feature_name text, max_rows integer, before timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_list_history(feature_name text, max_rows integer, before timestamp with time zone) TO service_role;
GRANT ALL ON FUNCTION public.rollout_list_history(feature_name text, max_rows integer, before timestamp with time zone) TO anon;
GRANT ALL ON FUNCTION public.rollout_list_history(feature_name text, max_rows integer, before timestamp with time zone) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_listed(config public.rollout_configuration) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_listed(config public.rollout_configuration) TO service_role;
GRANT ALL ON FUNCTION public.rollout_listed(config public.rollout_configuration) TO anon;
GRANT ALL ON FUNCTION public.rollout_listed(config public.rollout_configuration) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_lock(feature text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_lock(feature text) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_mark_as_test(repositories text[], feature_name text, reason text, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_mark_as_test(repositories text[], feature_name text, reason text, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_metrics_counted() FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_metrics_counted() TO service_role;
GRANT ALL ON TABLE public.rollout_metrics TO service_role;
REVOKE ALL ON TABLE public.rollout_metrics FROM anon;
GRANT SELECT ON TABLE public.rollout_metrics TO anon;
REVOKE ALL ON TABLE public.rollout_metrics FROM authenticated;
GRANT SELECT ON TABLE public.rollout_metrics TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_metrics_tally(entry public.rollout_metrics, OUT jobs bigint, OUT errors bigint, OUT successes bigint, OUT timed bigint, OUT seconds numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_metrics_tally(entry public.rollout_metrics, OUT jobs bigint, OUT errors bigint, OUT successes bigint, OUT timed bigint, OUT seconds numeric) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_monitor_beat(monitor_id uuid, every_seconds integer, feature_name text, leaving boolean, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_monitor_beat(monitor_id uuid, every_seconds integer, feature_name text, leaving boolean, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_named(ids text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_named(ids text[]) TO service_role;
GRANT ALL ON FUNCTION public.rollout_named(ids text[]) TO anon;
GRANT ALL ON FUNCTION public.rollout_named(ids text[]) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_overview(feature_name text, points integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_overview(feature_name text, points integer) TO service_role;
GRANT ALL ON FUNCTION public.rollout_overview(feature_name text, points integer) TO anon;
GRANT ALL ON FUNCTION public.rollout_overview(feature_name text, points integer) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_phase_name(stands_at integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_phase_name(stands_at integer) TO service_role;
GRANT ALL ON FUNCTION public.rollout_phase_name(stands_at integer) TO anon;
GRANT ALL ON FUNCTION public.rollout_phase_name(stands_at integer) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_phase_plan() FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_phase_plan() TO service_role;
GRANT ALL ON FUNCTION public.rollout_phase_plan() TO anon;
GRANT ALL ON FUNCTION public.rollout_phase_plan() TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_phases(feature_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_phases(feature_name text) TO service_role;
GRANT ALL ON FUNCTION public.rollout_phases(feature_name text) TO anon;
GRANT ALL ON FUNCTION public.rollout_phases(feature_name text) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_pin_follows_mark() FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_pin_follows_mark() TO service_role;
REVOKE ALL ON FUNCTION public.rollout_pin_recorded() FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_pin_recorded() TO service_role;
REVOKE ALL ON FUNCTION public.rollout_preview(percentage numeric, feature_name text, examples integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_preview(percentage numeric, feature_name text, examples integer) TO service_role;
GRANT ALL ON FUNCTION public.rollout_preview(percentage numeric, feature_name text, examples integer) TO anon;
GRANT ALL ON FUNCTION public.rollout_preview(percentage numeric, feature_name text, examples integer) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_quota(feature text, strategy text, percentage integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_quota(feature text, strategy text, percentage integer) TO service_role;
GRANT ALL ON FUNCTION public.rollout_quota(feature text, strategy text, percentage integer) TO anon;
GRANT ALL ON FUNCTION public.rollout_quota(feature text, strategy text, percentage integer) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_record(config public.rollout_configuration, change jsonb, previous_percentage integer, before jsonb, after jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_record(config public.rollout_configuration, change jsonb, previous_percentage integer, before jsonb, after jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_refresh_admission(feature text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_refresh_admission(feature text) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_remove_from_whitelist(repositories text[], feature_name text, reason text, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_remove_from_whitelist(repositories text[], feature_name text, reason text, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_repository_names(asked text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_repository_names(asked text[]) TO service_role;
GRANT ALL ON FUNCTION public.rollout_repository_names(asked text[]) TO anon;
GRANT ALL ON FUNCTION public.rollout_repository_names(asked text[]) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_resume(percentage numeric, feature_name text, reason text, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_resume(percentage numeric, feature_name text, reason text, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_rollback(percentage numeric, feature_name text, reason text, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_rollback(percentage numeric, feature_name text, reason text, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_schema_version() FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_schema_version() TO service_role;
GRANT ALL ON FUNCTION public.rollout_schema_version() TO anon;
GRANT ALL ON FUNCTION public.rollout_schema_version() TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_seed_whitelist(max_rows integer, feature_name text, reason text, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_seed_whitelist(max_rows integer, feature_name text, reason text, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_set_auto_rollback(enabled boolean, feature_name text, reason text, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_set_auto_rollback(enabled boolean, feature_name text, reason text, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_set_percentage(percentage numeric, feature_name text, reason text, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_set_percentage(percentage numeric, feature_name text, reason text, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_set_pins(repositories text[], pinned boolean, feature_name text, reason text, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_set_pins(repositories text[], pinned boolean, feature_name text, reason text, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_setup_plan(percentage numeric, feature_name text, max_rows integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_setup_plan(percentage numeric, feature_name text, max_rows integer) TO service_role;
GRANT ALL ON FUNCTION public.rollout_setup_plan(percentage numeric, feature_name text, max_rows integer) TO anon;
GRANT ALL ON FUNCTION public.rollout_setup_plan(percentage numeric, feature_name text, max_rows integer) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_show_metrics(feature_name text, errors integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_show_metrics(feature_name text, errors integer) TO service_role;
GRANT ALL ON FUNCTION public.rollout_show_metrics(feature_name text, errors integer) TO anon;
GRANT ALL ON FUNCTION public.rollout_show_metrics(feature_name text, errors integer) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_show_whitelist(feature_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_show_whitelist(feature_name text) TO service_role;
GRANT ALL ON FUNCTION public.rollout_show_whitelist(feature_name text) TO anon;
GRANT ALL ON FUNCTION public.rollout_show_whitelist(feature_name text) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_simulate(jobs integer, error_rate double precision, feature_name text, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_simulate(jobs integer, error_rate double precision, feature_name text, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_start_obstacle(config public.rollout_configuration, percentage integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_start_obstacle(config public.rollout_configuration, percentage integer) TO service_role;
GRANT ALL ON FUNCTION public.rollout_start_obstacle(config public.rollout_configuration, percentage integer) TO anon;
GRANT ALL ON FUNCTION public.rollout_start_obstacle(config public.rollout_configuration, percentage integer) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_stats(feature_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_stats(feature_name text) TO service_role;
GRANT ALL ON FUNCTION public.rollout_stats(feature_name text) TO anon;
GRANT ALL ON FUNCTION public.rollout_stats(feature_name text) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_status(feature_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_status(feature_name text) TO service_role;
GRANT ALL ON FUNCTION public.rollout_status(feature_name text) TO anon;
GRANT ALL ON FUNCTION public.rollout_status(feature_name text) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_store(config public.rollout_configuration, change jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_store(config public.rollout_configuration, change jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_success_metrics(config public.rollout_configuration, seen public.rollout_job_counts[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_success_metrics(config public.rollout_configuration, seen public.rollout_job_counts[]) TO service_role;
GRANT ALL ON FUNCTION public.rollout_success_metrics(config public.rollout_configuration, seen public.rollout_job_counts[]) TO anon;
GRANT ALL ON FUNCTION public.rollout_success_metrics(config public.rollout_configuration, seen public.rollout_job_counts[]) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_test_candidates(config public.rollout_configuration, max_rows integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_test_candidates(config public.rollout_configuration, max_rows integer) TO service_role;
GRANT ALL ON FUNCTION public.rollout_test_candidates(config public.rollout_configuration, max_rows integer) TO anon;
GRANT ALL ON FUNCTION public.rollout_test_candidates(config public.rollout_configuration, max_rows integer) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_trip_breaker(config_id uuid, change jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_trip_breaker(config_id uuid, change jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_unit_cost(config public.rollout_configuration, processor text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_unit_cost(config public.rollout_configuration, processor text) TO service_role;
GRANT ALL ON FUNCTION public.rollout_unit_cost(config public.rollout_configuration, processor text) TO anon;
GRANT ALL ON FUNCTION public.rollout_unit_cost(config public.rollout_configuration, processor text) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_unmark_as_test(repositories text[], feature_name text, reason text, context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_unmark_as_test(repositories text[], feature_name text, reason text, context jsonb) TO service_role;
REVOKE ALL ON FUNCTION public.rollout_verify(feature_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_verify(feature_name text) TO service_role;
GRANT ALL ON FUNCTION public.rollout_verify(feature_name text) TO anon;
GRANT ALL ON FUNCTION public.rollout_verify(feature_name text) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_whitelist_obstacle(config public.rollout_configuration) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_whitelist_obstacle(config public.rollout_configuration) TO service_role;
GRANT ALL ON FUNCTION public.rollout_whitelist_obstacle(config public.rollout_configuration) TO anon;
GRANT ALL ON FUNCTION public.rollout_whitelist_obstacle(config public.rollout_configuration) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_whole_percentage(percentage numeric, example text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_whole_percentage(percentage numeric, example text) TO service_role;
GRANT ALL ON FUNCTION public.rollout_whole_percentage(percentage numeric, example text) TO anon;
GRANT ALL ON FUNCTION public.rollout_whole_percentage(percentage numeric, example text) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_wilson(events bigint, trials bigint, OUT low numeric, OUT high numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_wilson(events bigint, trials bigint, OUT low numeric, OUT high numeric) TO service_role;
GRANT ALL ON FUNCTION public.rollout_wilson(events bigint, trials bigint, OUT low numeric, OUT high numeric) TO anon;
GRANT ALL ON FUNCTION public.rollout_wilson(events bigint, trials bigint, OUT low numeric, OUT high numeric) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_window(config public.rollout_configuration) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_window(config public.rollout_configuration) TO service_role;
GRANT ALL ON FUNCTION public.rollout_window(config public.rollout_configuration) TO anon;
GRANT ALL ON FUNCTION public.rollout_window(config public.rollout_configuration) TO authenticated;
REVOKE ALL ON FUNCTION public.rollout_window_start(config public.rollout_configuration) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollout_window_start(config public.rollout_configuration) TO service_role;
GRANT ALL ON FUNCTION public.rollout_window_start(config public.rollout_configuration) TO anon;
GRANT ALL ON FUNCTION public.rollout_window_start(config public.rollout_configuration) TO authenticated;
GRANT ALL ON TABLE public.pull_requests TO anon;
GRANT ALL ON TABLE public.pull_requests TO authenticated;
GRANT ALL ON TABLE public.pull_requests TO service_role;
GRANT ALL ON TABLE public.repositories TO anon;
GRANT ALL ON TABLE public.repositories TO authenticated;
GRANT ALL ON TABLE public.repositories TO service_role;
GRANT ALL ON TABLE public.repository_categories TO service_role;
REVOKE ALL ON TABLE public.repository_categories FROM anon;
GRANT SELECT ON TABLE public.repository_categories TO anon;
REVOKE ALL ON TABLE public.repository_categories FROM authenticated;
GRANT SELECT ON TABLE public.repository_categories TO authenticated;
GRANT ALL ON TABLE public.rollout_admission TO service_role;
GRANT SELECT ON TABLE public.rollout_admission TO anon;
GRANT SELECT ON TABLE public.rollout_admission TO authenticated;
GRANT ALL ON TABLE public.rollout_alerts TO service_role;
GRANT SELECT ON TABLE public.rollout_alerts TO anon;
GRANT SELECT ON TABLE public.rollout_alerts TO authenticated;
GRANT ALL ON TABLE public.rollout_buckets TO service_role;
GRANT SELECT ON TABLE public.rollout_buckets TO anon;
GRANT SELECT ON TABLE public.rollout_buckets TO authenticated;
GRANT ALL ON TABLE public.rollout_categorization_runs TO service_role;
GRANT SELECT ON TABLE public.rollout_categorization_runs TO anon;
GRANT SELECT ON TABLE public.rollout_categorization_runs TO authenticated;
GRANT ALL ON SEQUENCE public.rollout_categorization_runs_id_seq TO service_role;
GRANT ALL ON TABLE public.rollout_host_repositories TO anon;
GRANT ALL ON TABLE public.rollout_host_repositories TO authenticated;
GRANT ALL ON TABLE public.rollout_host_repositories TO service_role;
GRANT ALL ON TABLE public.rollout_monitors TO service_role;
GRANT SELECT ON TABLE public.rollout_monitors TO anon;
GRANT SELECT ON TABLE public.rollout_monitors TO authenticated;
