-- R1, R7 and R11: checks the stored counters, which make decisions and reports fast, against the rows that they count;
-- and what an operator should know of an adopted database.

create or replace function public.rollout_verify(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable  -- one snapshot for all of it: changes meanwhile are no differences
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout.active(feature_name);
begin
    return jsonb_build_object(
        'feature_name', config.feature_name,
        'checks', (
            select jsonb_agg(to_jsonb(c) - 'position' order by c.position) from rollout.verify_checks(config) c),
        'rules', (select r.checksum from rollout.rules r order by r.applied_at desc limit 1),
        'differences', (select coalesce(jsonb_agg(d.line), '[]') from rollout.differences() d (line)),
        'access', rollout.access(),
        'notes', rollout.adoption_notes(),
        'decided_by', rollout.decided_by());
end $$;
comment on function public.rollout_verify(text) is
    'rollout-console verify: every counter that is kept for speed, counted again from the rows, and what of ours in '
    'the catalogue is not as the last migration left it.';

create or replace function rollout.recount_jobs(feature_name text default 'hybrid_progressive_capture')
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config constant rollout_configuration := rollout.active(feature_name);
begin
    lock table rollout_metrics in share row exclusive mode;  -- reports wait, or one of them would count twice, or never
    -- Rows of no jobs stay: they say what has leaked, and that older reports were adopted.
    delete from rollout.job_deltas d where d.rollout_config_id = config.id;
    update rollout.job_counts k
    set jobs = 0, errors = 0, successes = 0, timed_jobs = 0, processing_seconds = 0, recorded = 0
    where k.rollout_config_id = config.id;
    insert into rollout.job_counts as k (
        rollout_config_id, slot_start, processor_type, treated, shard, jobs, errors, successes, timed_jobs,
        processing_seconds, recorded)
    select config.id, rollout.slot_start(config, least(now(), a.at)), t.processor, t.treated, 0, sum(t.jobs),
           sum(t.errors), sum(t.successes), sum(t.timed), sum(t.seconds),
           coalesce(sum(t.jobs) filter (where m.recorded_window is not null), 0)
    from rollout_metrics m
    cross join lateral rollout.metrics_tally(m) t
    cross join lateral (
        -- A row of record_rollout_job has several jobs: they count for the last of them, but not for a run of the
        -- rollout in which none began.
        select case
            when m.success_count = 0 and rollout.is_ignored(config, m.last_error_message) then '-infinity'
            when m.recorded_window is null then coalesce(m.metrics_window_end, m.updated_at, m.created_at, now())
            when m.last_started_at < config.restarted_at then m.last_started_at
            else m.updated_at end as at
    ) a
    where m.rollout_config_id = config.id
    group by 2, 3, 4
    on conflict (rollout_config_id, slot_start, processor_type, treated, shard) do update set
        jobs = k.jobs + excluded.jobs, errors = k.errors + excluded.errors,
        successes = k.successes + excluded.successes, timed_jobs = k.timed_jobs + excluded.timed_jobs,
        processing_seconds = k.processing_seconds + excluded.processing_seconds,
        recorded = k.recorded + excluded.recorded;
end $$;
comment on function rollout.recount_jobs(text) is
    'Counts the reports anew from their rows, each in its slot of time; for when `verify` shows a difference.';

create or replace function rollout.verify_checks(config rollout_configuration)
returns table ("position" integer, name text, counters bigint, differences bigint, remedy text)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select c.*, case
        when c.position <= 3 or c.position = 6 then
            format('select rollout.recount_repositories(%L);', config.feature_name)
        when c.position = 4 then format('select rollout.recount_jobs(%L);', config.feature_name)
        else 'rollout.history() shows the last change; a percentage set with triggers disabled is in none'
    end
    from (
    select 1 as position, 'repositories and totals per category' as name, count(*) as counters,
           count(*) filter (where k.kept is distinct from n.counted) as differences
    from (
        select c.category,
               (c.repositories, c.stars, c.contributors, c.pull_requests, c.activity, c.pinned)::text as kept
        from rollout.category_counts c where c.feature_name = config.feature_name
    ) k
    full join (
        select r.category,
               (count(c.repository_id), coalesce(sum(c.star_count), 0), coalesce(sum(c.contributor_count), 0),
                coalesce(sum(c.pr_count), 0), coalesce(sum(c.monthly_activity_score), 0),
                count(*) filter (where c.pinned_as_test))::text as counted
        from rollout.category_rules() r
        left join repository_categories c on c.category = r.category and c.repository_id is not null
        group by 1
    ) n using (category)
    union all
    select 2, 'repositories per hash bucket', count(*),
           count(*) filter (where coalesce(k.repositories, 0) <> coalesce(n.repositories, 0))
    from (select * from rollout.buckets b where b.feature_name = config.feature_name) k
    full join rollout.counted_buckets(config.feature_name) n using (category, width, bucket)
    union all
    select 3, 'cutoffs at the percentage', count(*),
           count(*) filter (
               where (k.cutoff, k.eligible, k.listed) is distinct from (q.cutoff, q.eligible, l.more))
    from (select * from rollout.category_counts c where c.feature_name = config.feature_name) k
    full join rollout.quota(config.feature_name, config.rollout_strategy, config.rollout_percentage) q
        using (category)
    left join rollout.added_by_lists(verify_checks.config, with_an_end => false) l using (category)
    union all
    select 4, 'jobs per processor and arm', count(*),
           count(*) filter (where coalesce(k.kept, '(0,0,0,0)') <> coalesce(n.counted, '(0,0,0,0)'))
    from (
        select c.processor_type as processor, c.treated,
               (sum(c.jobs), sum(c.errors), sum(c.successes), sum(c.timed_jobs))::text as kept
        from rollout.counts c where c.rollout_config_id = config.id group by 1, 2
    ) k
    full join (
        select t.processor, t.treated, (sum(t.jobs), sum(t.errors), sum(t.successes), sum(t.timed))::text as counted
        from rollout_metrics m cross join lateral rollout.metrics_tally(m) t
        where m.rollout_config_id = config.id group by 1, 2
    ) n using (processor, treated)
    union all
    select 5, 'percentage in the last change of history', count(*),
           count(*) filter (where h.new_percentage <> config.rollout_percentage)
    from (
        select x.new_percentage from rollout_history x
        where x.rollout_config_id = config.id and rollout.is_recorded(x.metadata)
        order by x.created_at desc, x.id limit 1
    ) h
    union all
    select 6, 'entries of the lists', count(*), count(*) filter (where k is distinct from n)
    from (
        select e.repository_id, e.blacklisted, e.whitelisted, e.until, e.category, e.bucket
        from rollout.list_entries e where e.rollout_config_id = config.id
    ) k
    full join rollout.entries_of(verify_checks.config) n using (repository_id)
    ) c
$$;
comment on function rollout.verify_checks(rollout_configuration) is
    'Each kind of counter: how many there are, how many differ from what the rows say, and what to type then.';

create or replace function rollout.adoption_notes()
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select coalesce(jsonb_agg(n.note order by n.position, n.note), '[]')
    from (
        select 1 as position,
               'the application is still answered by the host''s own function; to compare it with ours, type: '
               'rollout-console migrate --dry-run' as note
        where rollout.decided_by() = 'host'
        union all
        -- Development versions added their policy to adopted tables, too.
        select 2, format(
            'rollout_public_read on %1$s was added by an earlier version, or is our own; the table has other policies, '
            'too (%2$s); if it is to be closed, type: drop policy rollout_public_read on %1$s;',
            c.relname, string_agg(p.polname, ', ' order by p.polname))
        from pg_class c join pg_policy p on p.polrelid = c.oid and p.polname <> 'rollout_public_read'
        where c.relnamespace = 'public'::regnamespace
          and c.relname in ('rollout_configuration', 'repository_categories', 'rollout_metrics', 'rollout_history')
          and exists (select from pg_policy o where o.polrelid = c.oid and o.polname = 'rollout_public_read')
        group by c.relname
        union all
        select 3, format(
            'service_role can''t %1$s on %2$s, which the console needs; type: grant %1$s on %2$s to service_role;',
            string_agg(w.command, ', ' order by w.command), c.relname)
        from pg_class c
        cross join (values ('select'), ('insert'), ('update')) w (command)
        join pg_roles r on r.rolname = 'service_role'
        where (c.relnamespace = 'public'::regnamespace
               and (c.relname in (
                        'rollout_configuration', 'repository_categories', 'rollout_metrics', 'rollout_history')
                    or c.relname = 'progressive_capture_jobs' and w.command = 'select')
               or w.command = 'select' and c.oid in (
                   select d.refobjid from pg_rewrite x join pg_depend d on d.objid = x.oid
                   where x.ev_class = 'public.rollout_host_repositories'::regclass
                     and d.refclassid = 'pg_class'::regclass))
          and not (c.relname = 'rollout_history' and w.command = 'update')
          and not has_table_privilege(r.oid, c.oid, w.command)
        group by c.relname
    ) n
$$;
comment on function rollout.adoption_notes() is
    'R11: what an operator should know of an adopted database, each with what to type; none for most databases.';
