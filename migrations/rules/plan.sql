-- R17 and R2: the plan, steps that rise, each with the hours that it takes at least; and where a rollout stands in it.

create or replace function public.rollout_manual_plan()
returns table (number integer, percentage integer, hours integer, audience text)
language sql immutable parallel safe
as $$
    values (6, 10, 24, 'test and small'), (7, 25, 24, 'test, small, some medium'), (8, 50, 24, 'test, small, medium'),
           (9, 75, 24, 'test, small, medium, large'), (10, 100, 24, 'all, enterprise included')
$$;
comment on function public.rollout_manual_plan() is
    'R2, the manual''s progression: its phases, and the plan of a rollout that has none of its own.';

create or replace function public.rollout_plan_steps(config rollout_configuration)
returns table (number integer, percentage integer, hours integer, audience text)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select m.* from rollout_manual_plan() m where config.plan -> 'steps' is null
    union all
    select s.position::integer, (s.step ->> 'percentage')::integer, (s.step ->> 'hours')::integer, m.audience
    from jsonb_array_elements(config.plan -> 'steps') with ordinality s (step, position)
    left join rollout_manual_plan() m on m.percentage = (s.step ->> 'percentage')::integer
$$;
comment on function public.rollout_plan_steps(rollout_configuration) is
    'R17: the steps of a rollout; its own are numbered from 1, the manual''s are its phases.';

create or replace function public.rollout_place_in_plan(
    config rollout_configuration, out below integer, out next integer, out hours integer, out name text
)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select coalesce(s.below, 0), s.next, coalesce(s.hours, s.first_hours), case
        when config.rollout_percentage = 0 then 'not started'
        when s.reached is null then format('before %s %s', k.kind, s.first)
        when s.at = config.rollout_percentage then format('%s %s', k.kind, s.reached)
        when s.next is null then format('beyond %s %s', k.kind, s.reached)
        else format('between %s %s and %s', k.kind, s.reached, s.reached + 1) end
    from (
        select max(p.percentage) filter (where p.percentage < config.rollout_percentage) as below,
               min(p.percentage) filter (where p.percentage > config.rollout_percentage) as next,
               max(p.percentage) filter (where p.percentage <= config.rollout_percentage) as at,
               max(p.number) filter (where p.percentage <= config.rollout_percentage) as reached,
               min(p.number) as first,
               (array_agg(p.hours order by p.number desc)
                   filter (where p.percentage <= config.rollout_percentage))[1] as hours,
               (array_agg(p.hours order by p.number))[1] as first_hours
        from rollout_plan_steps(config) p
    ) s
    cross join (select case when config.plan -> 'steps' is null then 'phase' else 'step' end as kind) k
$$;
comment on function public.rollout_place_in_plan(rollout_configuration) is
    'R17: the step below the percentage (0 if none) and above it (null at the end of the plan), the hours that are due '
    'at it, and where it stands in words.';

create or replace function public.rollout_flowing_since(config rollout_configuration)
returns timestamptz
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select case when rollout_percentage_in_effect(config) > 0
        then greatest(config.percentage_since, config.restarted_at) end
$$;
comment on function public.rollout_flowing_since(rollout_configuration) is
    'R2: since when traffic has flowed at this percentage; null while none flows.';

create or replace function public.rollout_coming_steps(config rollout_configuration)
returns table (number integer, earliest timestamptz)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    place constant record := rollout_place_in_plan(config);
    due integer := case when config.rollout_percentage > 0 then place.hours else 0 end;
    at timestamptz := coalesce(rollout_flowing_since(config), clock_timestamp());
    step record;
begin
    if config.emergency_stop or config.held_reason is not null then
        return;  -- nobody knows when these end
    end if;
    for step in select * from rollout_plan_steps(config) p
        where p.percentage > config.rollout_percentage order by p.number
    loop
        at := rollout_may_raise_at(config, greatest(at + make_interval(hours => due), clock_timestamp()));
        due := step.hours;
        number := step.number;
        earliest := at;
        return next;
    end loop;
end $$;
comment on function public.rollout_coming_steps(rollout_configuration) is
    'R17: the earliest moment of each step ahead, if every criterion is met by then.';

create or replace function public.rollout_describe_plan(config rollout_configuration)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    place constant record := rollout_place_in_plan(config);
    gates constant jsonb := rollout_list_gates(config);
begin
    return jsonb_build_object(
        'rollout_percentage', config.rollout_percentage,
        'emergency_stop', config.emergency_stop,
        'phase', place.name,
        'since', rollout_flowing_since(config),
        'next_percentage', place.next,
        'ready', place.next is not null and not jsonb_path_exists(gates, '$[*] ? (@.open == false)'),
        'gates', gates,
        'steps', (
            select jsonb_agg(jsonb_build_object(
                'number', p.number, 'percentage', p.percentage, 'hours', p.hours, 'audience', p.audience,
                'state', case
                    when p.percentage < config.rollout_percentage then 'passed'
                    when p.percentage = config.rollout_percentage then 'current'
                    else 'ahead' end,
                'earliest', c.earliest) order by p.number)
            from rollout_plan_steps(config) p left join rollout_coming_steps(config) c using (number)),
        'change_window', config.plan ->> 'change_window',
        'frozen_until', rollout_frozen_until(config),
        'held_reason', config.held_reason, 'held_by', config.held_by, 'held_at', config.held_at,
        'auto_advance', config.auto_advance, 'on_breach', config.on_breach,
        'server_time', clock_timestamp());
end $$;
comment on function public.rollout_describe_plan(rollout_configuration) is
    'R17: the plan with where the rollout stands, the gates before the next step, and when each step may come.';

create or replace function public.rollout_plan(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return rollout_describe_plan(rollout_active(feature_name));
end $$;
comment on function public.rollout_plan(text) is 'rollout.plan(), R17.';
