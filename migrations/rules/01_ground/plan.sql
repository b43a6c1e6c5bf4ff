-- R2 and R17: the plan, steps that rise, each with the hours that it takes at least, and where a rollout stands in it.
-- Steps that do not rise, or are no percentages, are refused whoever writes them.

create or replace function rollout.build_steps(percentages numeric[], hours numeric[])
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    most constant record := rollout.plan_limits();
    each_hours constant numeric[] := case cardinality(hours)
        when 1 then array_fill(hours[1], array[cardinality(percentages)]) else hours end;
begin
    -- "is true", "is not true": null and NaN are refused with the rest, and no steps at all
    if (cardinality(percentages) <= most.steps and (
            select bool_and((p.value <= 100 and p.value = trunc(p.value) and p.value > p.before) is true)
            from (select value, lag(value, 1, 0) over (order by number) as before
                  from unnest(percentages) with ordinality u (value, number)) p)) is not true then
        raise exception 'a plan is 1 to % whole percentages from 1 to 100 that rise, not %; '
            'type for example rollout.plan([5, 10, 25, 50, 100], hours=24)', most.steps,
            coalesce(left(array_to_string(percentages, ', ', 'null'), 100), 'null') using errcode = 'RC001';
    elsif (cardinality(each_hours) = cardinality(percentages) and (
            select bool_and((h between 1 and most.hours and h = trunc(h)) is true)
            from unnest(each_hours) h)) is not true then
        raise exception 'hours is a whole number from 1 to %, or one for each of % steps, not %; '
            'type for example rollout.plan(hours=24)', most.hours, cardinality(percentages),
            coalesce(left(array_to_string(hours, ', ', 'null'), 100), 'null') using errcode = 'RC001';
    end if;
    return (
        select jsonb_agg(jsonb_build_object('percentage', s.percentage::integer, 'hours', s.hours::integer)
                         order by s.number)
        from unnest(percentages, each_hours) with ordinality s (percentage, hours, number));
end $$;
comment on function rollout.build_steps(numeric[], numeric[]) is
    'R17: steps from percentages and their hours, one number for all or one for each; RC001 unless they rise from 1 to '
    '100.';

create or replace function rollout.check_plan(plan jsonb)
returns void
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if plan ? 'steps' then
        perform rollout.build_steps(array_agg((s ->> 'percentage')::numeric), array_agg((s ->> 'hours')::numeric))
        from jsonb_array_elements(plan -> 'steps') s;
    end if;
    perform rollout.check_change_window(plan ->> 'change_window');
end $$;
comment on function rollout.check_plan(jsonb) is 'R17: raises unless this is a plan, whoever writes it.';

create or replace function rollout.plan_steps(config rollout_configuration)
returns table (number integer, percentage integer, hours integer, audience text)
language sql immutable
as $$
    select m.* from rollout.manual_plan() m where config.plan -> 'steps' is null
    union all
    select s.position::integer, (s.step ->> 'percentage')::integer, (s.step ->> 'hours')::integer, m.audience
    from pg_catalog.jsonb_array_elements(config.plan -> 'steps') with ordinality s (step, position)
    left join rollout.manual_plan() m on m.percentage = (s.step ->> 'percentage')::integer
$$;
comment on function rollout.plan_steps(rollout_configuration) is
    'R17: the steps of a rollout; its own are numbered from 1, the manual''s are its phases.';

create or replace function rollout.step_in_plan(
    config rollout_configuration, out below integer, out next integer, out hours integer, out name text
)
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    select coalesce(s.below, 0), s.next, coalesce(s.hours, s.first_hours), case
        when config.rollout_percentage = 0 then 'not started'
        when s.reached is null then format('before %s %s', k.kind, s.first)
        when s.at = config.rollout_percentage then format('%s %s', k.kind, s.reached)
        when s.next is null then format('beyond %s %s', k.kind, s.reached)
        else format('between %s %s and %s', k.kind, s.reached, s.reached + 1) end
    into below, next, hours, name
    from (
        select max(p.percentage) filter (where p.percentage < config.rollout_percentage) as below,
               min(p.percentage) filter (where p.percentage > config.rollout_percentage) as next,
               max(p.percentage) filter (where p.percentage <= config.rollout_percentage) as at,
               max(p.number) filter (where p.percentage <= config.rollout_percentage) as reached,
               min(p.number) as first,
               (array_agg(p.hours order by p.number desc)
                   filter (where p.percentage <= config.rollout_percentage))[1] as hours,
               (array_agg(p.hours order by p.number))[1] as first_hours
        from rollout.plan_steps(config) p
    ) s
    cross join (select case when config.plan -> 'steps' is null then 'phase' else 'step' end as kind) k;
end $$;
comment on function rollout.step_in_plan(rollout_configuration) is
    'R17: the step below the percentage (0 if none) and above it (null at the end of the plan), the hours that are due '
    'at it, and where it stands in words.';

create or replace function rollout.flowing_since(config rollout_configuration)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return case when rollout.percentage_in_effect(config) > 0
        then greatest(config.percentage_since, config.restarted_at) end;
end $$;
comment on function rollout.flowing_since(rollout_configuration) is
    'R2: since when traffic has flowed at this percentage; null while none flows.';
