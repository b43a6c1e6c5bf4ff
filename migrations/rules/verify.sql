-- The counters that make reports fast, held against the rows that they count.

create or replace function public.rollout_verify(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable  -- one snapshot for all of it: changes meanwhile are no differences
set search_path = pg_catalog, public, pg_temp
as $$
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
end $$;
comment on function public.rollout_verify(text) is
    'rollout-console verify: every counter that is kept for speed, counted again from the rows.';
