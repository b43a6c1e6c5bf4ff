-- Checks the stored counters, which make reports fast, against the rows that they count.

create or replace function public.rollout_verify(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable  -- one snapshot for all of it: changes meanwhile are no differences
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
begin
    return jsonb_build_object(
        'feature_name', config.feature_name,
        'checks', (
            select jsonb_agg(to_jsonb(c) - 'position' order by c.position) from rollout_verify_checks(config) c),
        'access', rollout_access(),
        'notes', rollout_adoption_notes(),
        'decided_by', rollout_decided_by());
end $$;
comment on function public.rollout_verify(text) is
    'rollout-console verify: every counter that is kept for speed, counted again from the rows.';

create or replace function public.rollout_verify_checks(config rollout_configuration)
returns table ("position" integer, name text, counters bigint, differences bigint, remedy text)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select c.*, case
        when c.position <= 3 or c.position = 6 then
            format('select rollout_count_repositories(%L);', config.feature_name)
        when c.position = 4 then format('select rollout_count_jobs(%L);', config.feature_name)
        else 'rollout.history() shows the last change; a percentage set with triggers disabled is in none'
    end
    from (
    select 1 as position, 'repositories and totals per category' as name, count(*) as counters,
           count(*) filter (where k.kept is distinct from n.counted) as differences
    from (
        select c.category,
               (c.repositories, c.stars, c.contributors, c.pull_requests, c.activity, c.pinned)::text as kept
        from rollout_category_counts c where c.feature_name = config.feature_name
    ) k
    full join (
        select r.category,
               (count(c.repository_id), coalesce(sum(c.star_count), 0), coalesce(sum(c.contributor_count), 0),
                coalesce(sum(c.pr_count), 0), coalesce(sum(c.monthly_activity_score), 0),
                count(*) filter (where c.pinned_as_test))::text as counted
        from rollout_category_rules() r
        left join repository_categories c on c.category = r.category and c.repository_id is not null
        group by 1
    ) n using (category)
    union all
    select 2, 'repositories per hash bucket', count(*),
           count(*) filter (where coalesce(k.repositories, 0) <> coalesce(n.repositories, 0))
    from (select * from rollout_buckets b where b.feature_name = config.feature_name) k
    full join rollout_counted_buckets(config.feature_name) n using (category, width, bucket)
    union all
    select 3, 'cutoffs at the percentage', count(*),
           count(*) filter (
               where (k.cutoff, k.eligible, k.listed) is distinct from (q.cutoff, q.eligible, l.more))
    from (select * from rollout_category_counts c where c.feature_name = config.feature_name) k
    full join rollout_quota(config.feature_name, config.rollout_strategy, config.rollout_percentage) q
        using (category)
    left join rollout_listed_more(config, with_an_end => false) l using (category)
    union all
    select 4, 'jobs per processor and arm', count(*),
           count(*) filter (where coalesce(k.kept, '(0,0,0,0)') <> coalesce(n.counted, '(0,0,0,0)'))
    from (
        select c.processor_type as processor, c.treated,
               (sum(c.jobs), sum(c.errors), sum(c.successes), sum(c.timed_jobs))::text as kept
        from rollout_job_counts c where c.rollout_config_id = config.id group by 1, 2
    ) k
    full join (
        select t.processor, t.treated, (sum(t.jobs), sum(t.errors), sum(t.successes), sum(t.timed))::text as counted
        from rollout_metrics m cross join lateral rollout_metrics_tally(m) t
        where m.rollout_config_id = config.id group by 1, 2
    ) n using (processor, treated)
    union all
    select 5, 'percentage in the last change of history', count(*),
           count(*) filter (where h.new_percentage <> config.rollout_percentage)
    from (
        select x.new_percentage from rollout_history x
        where x.rollout_config_id = config.id and x.metadata ? 'before' order by x.created_at desc, x.id limit 1
    ) h
    union all
    select 6, 'entries of the lists', count(*), count(*) filter (where k is distinct from n)
    from (
        select e.repository_id, e.blacklisted, e.whitelisted, e.until, e.category, e.bucket
        from rollout_list_entries e where e.rollout_config_id = config.id
    ) k
    full join rollout_entries_of(config) n using (repository_id)
    ) c
$$;
comment on function public.rollout_verify_checks(rollout_configuration) is
    'Each kind of counter: how many there are, how many differ from what the rows say, and what to type then.';

create or replace function public.rollout_count_jobs(feature_name text default 'hybrid_progressive_capture')
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
begin
    -- What the rows have more or less is counted before all time: no window, and so no verdict, changes.
    insert into rollout_job_counts as k (
        rollout_config_id, slot_start, processor_type, treated, shard, jobs, errors, successes, timed_jobs,
        processing_seconds)
    select config.id, '-infinity', d.processor, d.treated, 0, sum(d.jobs), sum(d.errors), sum(d.successes),
           sum(d.timed), sum(d.seconds)
    from (
        select t.processor, t.treated, t.jobs, t.errors, t.successes, t.timed, t.seconds
        from rollout_metrics m cross join lateral rollout_metrics_tally(m) t
        where m.rollout_config_id = config.id
        union all
        select c.processor_type, c.treated, -c.jobs, -c.errors, -c.successes, -c.timed_jobs, -c.processing_seconds
        from rollout_job_counts c where c.rollout_config_id = config.id
    ) d
    group by d.processor, d.treated
    having (sum(d.jobs), sum(d.errors), sum(d.successes), sum(d.timed)) <> (0, 0, 0, 0)
    on conflict (rollout_config_id, slot_start, processor_type, treated, shard) do update set
        jobs = k.jobs + excluded.jobs, errors = k.errors + excluded.errors,
        successes = k.successes + excluded.successes, timed_jobs = k.timed_jobs + excluded.timed_jobs,
        processing_seconds = k.processing_seconds + excluded.processing_seconds;
end $$;
comment on function public.rollout_count_jobs(text) is
    'Brings the sums of the job counters to what the rows say; for when `verify` shows a difference.';
