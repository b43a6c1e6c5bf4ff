-- R2 and R7: the criteria by which a rollout is judged, each once: checkHealth, phases and stats all show these.

create or replace function rollout.hours_flowing(config rollout_configuration)
returns numeric
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select coalesce(extract(epoch from clock_timestamp() - rollout.flowing_since(config)) / 3600, 0)
$$;
comment on function rollout.hours_flowing(rollout_configuration) is
    'R2: hours for which traffic has flowed at this percentage; 0 while none flows.';

create or replace function rollout.criteria(config rollout_configuration, seen rollout.job_counts[])
returns table (
    shown_by text[], "position" integer, name text, actual numeric, unit text,
    operator text, target numeric, upper_target numeric, note text
)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    with measured as (
        select (h.health ->> 'error_rate')::numeric as error_rate,
               (h.health ->> 'success_rate')::numeric as success_rate,
               (h.health ->> 'jobs')::numeric as jobs,
               rollout.hours_flowing(config) as hours_flowing,
               (rollout.step_in_plan(config)).hours as hours_due
        from (select rollout.health(config, seen) as health) h
    ), processors as (
        select sum(w.processing_seconds) filter (where w.processor_type = 'inngest')
                   / nullif(sum(w.timed_jobs) filter (where w.processor_type = 'inngest'), 0) as inngest_seconds,
               sum(w.processing_seconds) filter (where w.processor_type = 'github_actions')
                   / nullif(sum(w.timed_jobs) filter (where w.processor_type = 'github_actions'), 0) as actions_seconds,
               100.0 * sum(w.jobs) filter (where w.processor_type = 'github_actions')
                   / nullif(sum(w.jobs), 0) as actions_share
        from unnest(seen) w
    )
    select c.*
    from measured m
    cross join processors p
    join rollout.processing_targets() i on i.processor = 'inngest'
    join rollout.processing_targets() a on a.processor = 'github_actions'
    cross join lateral (values
        ('{phases}'::text[], 1, 'time at this percentage', m.hours_flowing, 'hours', '>=', m.hours_due,
            null::numeric, null::text),
        ('{phases}', 2, 'error rate', m.error_rate, 'percent', '<', 3, null, null),
        ('{health,stats}', 3, 'error rate', m.error_rate, 'percent', '<=', config.max_error_rate, null, null),
        ('{health,stats,phases}', 4, 'success rate', m.success_rate, 'percent', '>', 95, null, null),
        ('{phases}', 5, 'jobs', m.jobs, 'jobs', '>=', 10, null, null),
        ('{health}', 6, 'jobs', m.jobs, 'jobs', '>=', config.minimum_sample, null, null),
        ('{stats}', 7, 'Inngest processing time', p.inngest_seconds, 'seconds', '<', i.longest, null, null),
        ('{stats}', 8, 'GitHub Actions processing time', p.actions_seconds, 'seconds',
            'between', a.shortest, a.longest, null),
        ('{stats}', 9, 'jobs on GitHub Actions', p.actions_share, 'percent', null, null, null, null),
        ('{stats}', 10, 'cost reduction against Inngest only', rollout.cost_reduction(config, seen), 'percent',
            'between', 60, 85, rollout.cost_note(config, seen))
    ) as c (shown_by, position, name, actual, unit, operator, target, upper_target, note)
$$;
comment on function rollout.criteria(rollout_configuration, rollout.job_counts[]) is
    'R2, R7 and the manual''s success metrics over a window from rollout.window_of_jobs: what is measured and '
    'what is wanted.';

create or replace function rollout.list_criteria(
    config rollout_configuration, seen rollout.job_counts[], shown_by text
)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select jsonb_agg(jsonb_build_object(
        'name', c.name, 'actual', round(c.actual, 4), 'unit', c.unit, 'operator', c.operator,
        'target', c.target, 'upper_target', c.upper_target, 'note', c.note,
        'met', case c.operator
            when '<' then c.actual < c.target
            when '<=' then c.actual <= c.target
            when '>' then c.actual > c.target
            when '>=' then c.actual >= c.target
            when 'between' then c.actual between c.target and c.upper_target
        end) order by c.position)
    from rollout.criteria(config, seen) c
    where list_criteria.shown_by = any (c.shown_by)
$$;
comment on function rollout.list_criteria(rollout_configuration, rollout.job_counts[], text) is
    'The criteria that one report shows (health, phases or stats), in order; met is null where nothing is measured.';
