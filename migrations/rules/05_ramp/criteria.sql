-- R2 and R7: the criteria by which a rollout is judged, each once: checkHealth, phases and stats all show these.

create or replace function rollout.hours_flowing(config rollout_configuration)
returns numeric
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select coalesce(extract(epoch from clock_timestamp() - rollout.flowing_since(config)) / 3600, 0));
end $$;
comment on function rollout.hours_flowing(rollout_configuration) is
    'R2: hours for which traffic has flowed at this percentage; 0 while none flows.';

create or replace function rollout.criteria(
    config rollout_configuration, seen rollout.job_counts[], health jsonb, screen text
)
returns table (
    "position" integer, name text, actual numeric, unit text,
    operator text, target numeric, upper_target numeric, note text
)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with measured as (
        select (health ->> 'error_rate')::numeric as error_rate,
               (health ->> 'success_rate')::numeric as success_rate,
               (health ->> 'jobs')::numeric as jobs,
               rollout.hours_flowing(config) as hours_flowing,
               (rollout.step_in_plan(config)).hours as hours_due
    ), wanted as (
        select w.*, case when w.target <> w.manual then format('the manual says %s', w.manual) end as note
        from (
            select c.name, c.target as manual, rollout.wanted(config, c.name, c.target) as target
            from rollout.manual_criteria() c
        ) w
    )
    select c.position, c.name, c.actual, c.unit, c.operator, c.target, c.upper_target, c.note
    from measured m
    join wanted e on e.name = 'advance_error_rate'
    join wanted s on s.name = 'success_rate'
    join wanted j on j.name = 'advance_jobs'
    cross join lateral (values
        ('{phases}'::text[], 1, 'time at this percentage', m.hours_flowing, 'hours', '>=', m.hours_due,
            null::numeric, null::text),
        ('{phases}', 2, 'error rate', m.error_rate, 'percent', '<', e.target, null, e.note),
        ('{health,stats}', 3, 'error rate', m.error_rate, 'percent', '<=', config.max_error_rate, null, null),
        ('{health,stats,phases}', 4, 'success rate', m.success_rate, 'percent', '>', s.target, null, s.note),
        ('{phases}', 5, 'jobs', m.jobs, 'jobs', '>=', j.target, null, j.note),
        ('{health}', 6, 'jobs', m.jobs, 'jobs', '>=', config.minimum_sample, null, null)
    ) as c (shown_by, position, name, actual, unit, operator, target, upper_target, note)
    where screen = any (c.shown_by);
    if screen <> 'stats' then
        return;
    end if;
    return query
    with processors as (
        select p.*, sum(w.processing_seconds) / nullif(sum(w.timed_jobs), 0) as seconds,
               100.0 * sum(w.jobs) / nullif((select sum(a.jobs) from unnest(seen) a), 0) as share
        from rollout.processors(config) p
        left join unnest(seen) w on w.processor_type = p.processor
        group by p.position, p.processor, p.title, p.arm, p.shortest, p.longest, p.manual
    )
    select 6 + p.position, p.title || ' processing time', p.seconds, 'seconds',
           case when p.longest is null then null when p.shortest is null then '<' else 'between' end,
           coalesce(p.shortest, p.longest)::numeric, case when p.shortest is not null then p.longest::numeric end,
           case when p.longest <> p.manual then format('the manual says %s s', p.manual) end
    from processors p
    union all
    select 50 + p.position, 'jobs on ' || p.title, p.share, 'percent', null, null, null, null
    from processors p where p.arm = 'treatment'
    union all
    select 99, format('cost reduction against %s only', (
               select p.title from processors p
               where p.arm is distinct from 'treatment' order by p.position limit 1)),
           rollout.cost_reduction(config, seen), 'percent', 'between', r.low, r.high, rollout.cost_note(config, seen)
    from rollout.manual_cost_reduction() r
    where (select count(*) from processors) > 1;
end $$;
comment on function rollout.criteria(rollout_configuration, rollout.job_counts[], jsonb, text) is
    'R2, R7 and the manual''s success metrics over a window from rollout.window_of_jobs, and its health: what is '
    'measured and what is wanted, as one screen shows it: health, phases or stats.';

create or replace function rollout.list_criteria(
    config rollout_configuration, seen rollout.job_counts[], health jsonb, screen text
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
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
        from rollout.criteria(config, seen, health, screen) c);
end $$;
comment on function rollout.list_criteria(rollout_configuration, rollout.job_counts[], jsonb, text) is
    'The criteria that one report shows (health, phases or stats), in order; met is null where nothing is measured.';
