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
returns table ("position" integer, name text, counters bigint, differences bigint)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select 1, 'repositories and totals per category', count(*),
           count(*) filter (where k.kept is distinct from n.counted)
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
           count(*) filter (where (k.cutoff, k.eligible) is distinct from (q.cutoff, q.eligible))
    from (select * from rollout_category_counts c where c.feature_name = config.feature_name) k
    full join rollout_quota(config.feature_name, config.rollout_strategy, config.rollout_percentage) q using (category)
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
    select 5, 'percentage in the last row of history', count(*),
           count(*) filter (where h.new_percentage <> config.rollout_percentage)
    from (
        select x.new_percentage from rollout_history x
        where x.rollout_config_id = config.id order by x.created_at desc, x.id limit 1
    ) h
$$;
comment on function public.rollout_verify_checks(rollout_configuration) is
    'Each kind of counter: how many there are, and how many differ from what the rows say.';
