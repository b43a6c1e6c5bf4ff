-- What the console shows. Nothing here writes; every figure comes from the rules above.

create or replace function public.rollout_repository_names(asked text[])
returns table (asked_name text, repository_id uuid, full_name text)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select a.name, h.id, h.full_name
    from unnest(asked) with ordinality as a (name, position)
    left join rollout_host_repositories h
        on h.full_name = a.name
        or h.id = case when a.name ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then a.name::uuid end
    order by a.position
$$;
comment on function public.rollout_repository_names(text[]) is
    'R9: what operators type (ids or owner/name) with the repository it means; null where there is none.';

create or replace function public.rollout_known_repositories(asked text[], example text)
returns table (asked_name text, repository_id uuid, full_name text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
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
comment on function public.rollout_known_repositories(text[], text) is
    'R9: as rollout_repository_names, each repository once; P0002 naming the unknown ones if there are any.';

create or replace function public.rollout_find_repositories(prefix text, max_rows integer default 20)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
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
comment on function public.rollout_find_repositories(text, integer) is 'Names beginning with a prefix, for completion; at most 50.';

create or replace function public.rollout_schema_version()
returns integer
language sql immutable parallel safe
as $$ select 1 $$;
comment on function public.rollout_schema_version() is 'The version of these functions; a console refuses to work with one that it does not know.';

create or replace function public.rollout_phase_plan()
returns table (phase integer, percentage integer, audience text)
language sql immutable parallel safe
as $$
    values (6, 10, 'test and small'), (7, 25, 'test, small, some medium'), (8, 50, 'test, small, medium'),
           (9, 75, 'test, small, medium, large'), (10, 100, 'all, enterprise included')
$$;
comment on function public.rollout_phase_plan() is 'R2, the manual''s progression.';

create or replace function public.rollout_phase_name(stands_at integer)
returns text
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
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
comment on function public.rollout_phase_name(integer) is 'R2: where a percentage stands in the progression.';

create or replace function public.rollout_listed(config rollout_configuration)
returns table (repository_id uuid, category varchar)
language sql stable rows 20
set search_path = pg_catalog, public, pg_temp
as $$
    -- The lists are text and may hold anything: only what is an id is looked up.
    select k.repository_id, k.category
    from (
        select distinct u.id from unnest(config.target_repositories || config.excluded_repositories) u (id)
    ) l
    join repository_categories k on k.repository_id =
        case when l.id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then l.id::uuid end
$$;
comment on function public.rollout_listed(rollout_configuration) is
    'R1: the categorized repositories on the whitelist or the blacklist.';

create or replace function public.rollout_admitted(config rollout_configuration)
returns table (category text, rollout_order integer, repositories bigint, cutoff integer, eligible bigint)
language sql stable rows 5
set search_path = pg_catalog, public, pg_temp
as $$
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
comment on function public.rollout_admitted(rollout_configuration) is
    'R1: per category, how many repositories there are and how many are in now, lists and stop included.';

create or replace function public.rollout_status(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
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
comment on function public.rollout_status(text) is 'rollout.status(): the configuration, what is in effect, health and the last change.';

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
        from rollout_admitted(config) a);
end $$;
comment on function public.rollout_stats(text) is 'rollout.stats(): repositories, rates and success metrics over the window.';

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
comment on function public.rollout_categories(text) is 'rollout.categories(): each category with its limits, averages, and how many are in.';

create or replace function public.rollout_show_metrics(feature_name text default 'hybrid_progressive_capture', errors integer default 5)
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
comment on function public.rollout_show_metrics(text, integer) is 'rollout.showMetrics(): each processor over the window, and the last errors, whenever they were.';

create or replace function public.rollout_error_trend(feature_name text default 'hybrid_progressive_capture', points integer default 24)
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
comment on function public.rollout_error_trend(text, integer) is 'Jobs and errors over the window in equal steps, for charts.';

create or replace function public.rollout_named(ids text[])
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'repository_id', n.asked_name, 'full_name', n.full_name, 'category', k.category) order by n.full_name, n.asked_name), '[]')
    from rollout_repository_names(ids) n
    left join repository_categories k on k.repository_id = n.repository_id
$$;
comment on function public.rollout_named(text[]) is 'Repositories of a list with name and category; the name is null where the repository is gone.';

create or replace function public.rollout_show_whitelist(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
begin
    return jsonb_build_object(
        'whitelist', rollout_named(config.target_repositories),
        'blacklist', rollout_named(config.excluded_repositories));
end $$;
comment on function public.rollout_show_whitelist(text) is 'rollout.showWhitelist(): both lists, with names.';

create or replace function public.rollout_list_history(
    feature_name text default 'hybrid_progressive_capture', max_rows integer default 20, before timestamptz default null
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
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
comment on function public.rollout_list_history(text, integer, timestamptz) is 'rollout.history(): the newest changes first, at most 1,000.';
