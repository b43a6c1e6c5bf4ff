create or replace function public.rollout_unit_cost(config rollout_configuration, processor text)
returns numeric
language sql immutable
as $$
    select case when jsonb_typeof(config.metadata -> 'cost_per_job' -> processor) = 'number'
        then (config.metadata -> 'cost_per_job' ->> processor)::numeric end
$$;
comment on function public.rollout_unit_cost(rollout_configuration, text) is
    'The cost of one job on a processor, from metadata.cost_per_job; null until it is set.';

create or replace function public.rollout_success_metrics(config rollout_configuration, seen rollout_job_counts[])
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
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
comment on function public.rollout_success_metrics(rollout_configuration, rollout_job_counts[]) is
    'The manual''s success metrics over the window, each with its target.';

create or replace function public.rollout_stats(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
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
        from rollout_eligible_counts(config) a);
end $$;
comment on function public.rollout_stats(text) is
    'rollout.stats(): repositories, rates and success metrics over the window.';

create or replace function public.rollout_show_metrics(
    feature_name text default 'hybrid_progressive_capture', errors integer default 5
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
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
comment on function public.rollout_show_metrics(text, integer) is
    'rollout.showMetrics(): each processor over the window, and the last errors, whenever they were.';

create or replace function public.rollout_error_trend(
    feature_name text default 'hybrid_progressive_capture', points integer default 24
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
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
comment on function public.rollout_error_trend(text, integer) is
    'Jobs and errors over the window in equal steps, for charts.';
