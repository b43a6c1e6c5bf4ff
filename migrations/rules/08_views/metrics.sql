-- R2 and R7: rates and success metrics over the window, as stats and showMetrics show them, and in equal steps of time
-- with what a chart marks between them.

create or replace function public.rollout_stats(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout.active(feature_name);
    seen constant rollout.job_counts[] := rollout.window_of_jobs(config);
    health constant jsonb := rollout.health(config, seen);
begin
    return jsonb_build_object(
        'feature_name', config.feature_name,
        'rollout_percentage', config.rollout_percentage,
        'emergency_stop', config.emergency_stop,
        'error_rate', health -> 'error_rate',
        'success_rate', health -> 'success_rate',
        'total_jobs', (select greatest(coalesce(sum(w.jobs), 0), 0) from unnest(seen) w),
        'health', health,
        'criteria', rollout.list_criteria(config, seen, health, 'stats'),
        'processor_distribution', coalesce((
            select jsonb_object_agg(w.processor_type, w.jobs) from (
                select u.processor_type, sum(u.jobs) as jobs from unnest(seen) u group by 1) w), '{}')
    ) || (
        select jsonb_build_object(
            'total_repositories', sum(a.repositories),
            'eligible_repositories', sum(a.eligible),
            'all_counted', rollout.is_all(sum(a.repositories)),
            'decided_by', rollout.decided_by(),
            'categories', jsonb_object_agg(a.category, a.repositories),
            'category_order', jsonb_agg(a.category order by a.rollout_order))
        from rollout.eligible_counts(config) a);
end $$;
comment on function public.rollout_stats(text) is
    'rollout.stats(): repositories, rates and success metrics over the window.';

create or replace function rollout.describe_metrics(
    config rollout_configuration, seen rollout.job_counts[], health jsonb, errors integer
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    wanted constant integer := rollout.within('errors', errors, 0, 50, 'rollout.showMetrics(5)');
begin
    return jsonb_build_object(
        'health', health,
        'kinds', rollout.list_error_kinds(config, wanted),
        'server_time', clock_timestamp(),
        'criteria', rollout.list_criteria(config, seen, health, 'stats'),
        'processors', coalesce((
            select jsonb_agg(rollout.rate(greatest(w.jobs, 0), greatest(w.errors, 0)) || jsonb_build_object(
                'processor', w.processor_type,
                'arm', case when w.treated then 'treatment' else 'control' end,
                'successes', w.successes,
                'success_rate', round(100.0 * w.successes / nullif(w.jobs, 0), 4),
                'average_seconds', round(w.processing_seconds / nullif(w.timed_jobs, 0), 2),
                'unit_cost', round(rollout.unit_cost(config, w.processor_type, seen), 10)
                ) order by w.processor_type, w.treated desc)
            from unnest(seen) w), '[]'),
        'last_errors', coalesce((
            select jsonb_agg(jsonb_build_object(
                'at', m.last_error_at, 'processor', m.processor_type, 'repository_id', m.repository_id,
                'repository', m.full_name, 'message', left(m.last_error_message, 500)) order by m.last_error_at desc)
            from (
                select m.last_error_at, m.processor_type, m.repository_id, h.full_name, m.last_error_message
                from rollout_metrics m
                left join rollout_host_repositories h on h.id = m.repository_id
                where m.rollout_config_id = config.id and rollout.known(m.last_error_at) is not null
                order by m.last_error_at desc
                limit wanted) m), '[]'));
end $$;
comment on function rollout.describe_metrics(rollout_configuration, rollout.job_counts[], jsonb, integer) is
    'R7: each processor over a window with its health, the kinds of errors, and the last ones.';

create or replace function public.rollout_show_metrics(
    feature_name text default 'hybrid_progressive_capture', errors integer default 5
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout.active(feature_name);
    seen constant rollout.job_counts[] := rollout.window_of_jobs(config);
begin
    return rollout.describe_metrics(config, seen, rollout.health(config, seen), errors);
end $$;
comment on function public.rollout_show_metrics(text, integer) is
    'rollout.showMetrics(): each processor over the window, the kinds of errors, and the last ones, whenever '
    'they were.';

create or replace function rollout.marks(config rollout_configuration, starts timestamptz, ends timestamptz)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select coalesce(jsonb_agg(
            jsonb_build_object('at', m.at, 'kind', m.kind, 'percentage', m.percentage) order by m.at), '[]')
        from (
            select h.created_at as at, k.kind, h.new_percentage as percentage
            from rollout_history h
            cross join lateral (
                select case
                    when h.triggered_by = 'auto_rollback' then 'trip'
                    when h.metadata -> 'after' ->> 'emergency_stop' = 'true' then 'stop'
                    when h.metadata ? 'restarted_at' then 'restart'
                    when h.previous_percentage <> h.new_percentage then 'change' end as kind) k
            where h.rollout_config_id = config.id and rollout.is_recorded(h.metadata) and k.kind is not null
              and h.created_at >= marks.starts and h.created_at <= marks.ends
            order by h.created_at desc limit 50) m);
end $$;
comment on function rollout.marks(rollout_configuration, timestamptz, timestamptz) is
    'What a chart marks between two moments: trips, stops, restarts and changes of the percentage, the newest 50.';

create or replace function rollout.trend(
    config rollout_configuration, starts timestamptz, ends timestamptz, points integer
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    step constant interval := (ends - starts) / points;
begin
    -- All of the time, restarts included: a chart explains what happened, health decides.
    return jsonb_build_object(
        'max_error_rate', config.max_error_rate,
        'restarted_at', config.restarted_at,
        'marks', rollout.marks(config, starts, ends),
        'points', (
            select jsonb_agg(jsonb_build_object(
                'at', case g when points then starts else ends - step * g end,
                'jobs', coalesce(c.jobs, 0), 'errors', coalesce(c.errors, 0),
                'control_jobs', coalesce(c.control_jobs, 0), 'control_errors', coalesce(c.control_errors, 0)
                ) order by g desc)
            from generate_series(1, points) g
            left join (
                -- a step is rounded to microseconds: the first point begins where it was asked to
                select least(points, ceil(extract(epoch from ends - c.slot_start) / extract(epoch from step))) as back,
                       greatest(sum(c.jobs) filter (where c.treated), 0) as jobs,
                       greatest(sum(c.errors) filter (where c.treated), 0) as errors,
                       greatest(sum(c.jobs) filter (where not c.treated), 0) as control_jobs,
                       greatest(sum(c.errors) filter (where not c.treated), 0) as control_errors
                from rollout.counts c
                where c.rollout_config_id = config.id and c.slot_start >= starts and c.slot_start < ends
                group by 1
            ) c on c.back = g));
end $$;
comment on function rollout.trend(rollout_configuration, timestamptz, timestamptz, integer) is
    'Jobs and errors of the treatment between two moments in equal steps, and of the control, for charts.';

create or replace function public.rollout_error_trend(
    feature_name text default 'hybrid_progressive_capture', points integer default 24
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout.active(feature_name);
    ends constant timestamptz := clock_timestamp();
begin
    return rollout.trend(
        config, ends - make_interval(hours => config.monitoring_window_hours), ends,
        rollout.within('points', points, 2, rollout.slots_of_a_window(), 'rollout.plot(48)'));
end $$;
comment on function public.rollout_error_trend(text, integer) is
    'rollout.plot(): jobs and errors over the window.';
