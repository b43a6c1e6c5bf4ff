-- R3: what the console shows of categories, and how many repositories have none.

create or replace function rollout.count_uncategorized()
returns bigint
language plpgsql
set search_path = pg_catalog, public, pg_temp
set jit = off
as $$
#variable_conflict use_variable
declare
    missing constant bigint := (
        select count(*) from rollout_host_repositories h
        where not exists (select from repository_categories k where k.repository_id = h.id));
begin
    insert into rollout.categorization_state as s (uncategorized, counted_at) values (missing, clock_timestamp())
    on conflict (only_row) do update set uncategorized = excluded.uncategorized, counted_at = excluded.counted_at;
    return missing;
end $$;
comment on function rollout.count_uncategorized() is
    'R3: counts the repositories without a category and stores it, so that a status need not scan them all.';

create or replace function rollout.uncategorized()
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select jsonb_build_object('repositories', s.uncategorized, 'counted_at', s.counted_at)
        from rollout.categorization_state s);
end $$;
comment on function rollout.uncategorized() is
    'R3: how many repositories had no category when they were last counted; null if they never were.';

create or replace function public.rollout_categories(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout.active(feature_name);
begin
    return jsonb_build_object(
        'rollout_percentage', config.rollout_percentage,
        'emergency_stop', config.emergency_stop,
        'decided_by', rollout.decided_by(),
        'categories', (
            select jsonb_agg(jsonb_build_object(
                'category', a.category, 'rollout_order', a.rollout_order,
                'priority_level', coalesce(r.priority_level, 0),
                'max_stars', r.max_stars, 'max_contributors', r.max_contributors,
                'max_pull_requests', r.max_pull_requests,
                'repositories', a.repositories, 'eligible', a.eligible,
                'stars', t.stars / nullif(1.0 * t.repositories, 0),
                'contributors', t.contributors / nullif(1.0 * t.repositories, 0),
                'pull_requests', t.pull_requests / nullif(1.0 * t.repositories, 0),
                'activity', t.activity / nullif(1.0 * t.repositories, 0),
                'pinned', coalesce(t.pinned, 0)) order by a.rollout_order)
            from rollout.eligible_counts(config) a
            left join rollout.category_rules() r using (category)
            left join rollout.category_counts t on t.feature_name = config.feature_name and t.category = a.category));
end $$;
comment on function public.rollout_categories(text) is
    'rollout.categories(): each category with its limits, averages, and how many are eligible.';
