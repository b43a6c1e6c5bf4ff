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

create or replace function public.rollout_phases(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
    health constant jsonb := rollout_health(config);
    held constant numeric := case when config.emergency_stop or config.rollout_percentage = 0 then 0 else
        extract(epoch from clock_timestamp() - greatest(config.percentage_since, config.restarted_at)) / 3600 end;
    error_rate constant numeric := (health ->> 'error_rate')::numeric;
    success_rate constant numeric := (health ->> 'success_rate')::numeric;
begin
    return (
        select jsonb_build_object(
            'rollout_percentage', config.rollout_percentage,
            'emergency_stop', config.emergency_stop,
            'phase', rollout_phase_name(config.rollout_percentage),
            'next_percentage', (
                select min(p.percentage) from rollout_phase_plan() p where p.percentage > config.rollout_percentage),
            'ready', not config.emergency_stop and bool_and(coalesce(c.met, false)),
            'criteria', jsonb_agg(jsonb_build_object(
                'name', c.name, 'actual', round(c.actual, 4), 'unit', c.unit, 'needed', c.needed, 'met', coalesce(c.met, false))
                order by c.position),
            'phases', (
                select jsonb_agg(jsonb_build_object(
                    'phase', p.phase, 'percentage', p.percentage, 'audience', p.audience,
                    'state', case
                        when p.percentage < config.rollout_percentage then 'passed'
                        when p.percentage = config.rollout_percentage then 'current'
                        else 'ahead' end) order by p.phase)
                from rollout_phase_plan() p))
        from (values
            (1, 'time at this percentage', held, 'hours', '24 h', held >= 24),
            (2, 'error rate', error_rate, 'percent', '< 3 %', error_rate < 3),
            (3, 'success rate', success_rate, 'percent', '> 95 %', success_rate > 95),
            (4, 'jobs', (health ->> 'jobs')::numeric, 'jobs', '10 or more', (health ->> 'jobs')::bigint >= 10)
        ) as c (position, name, actual, unit, needed, met));
end $$;
comment on function public.rollout_phases(text) is
    'rollout.phases(): the progression and whether the next phase may begin (R2).';
