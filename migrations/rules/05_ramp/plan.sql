-- R17: when the steps ahead may come, and a plan changed in parts.

create or replace function rollout.coming_steps(config rollout_configuration)
returns table (number integer, earliest timestamptz)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    place constant record := rollout.step_in_plan(config);
    due integer := case when config.rollout_percentage > 0 then place.hours else 0 end;
    at timestamptz := coalesce(rollout.flowing_since(config), clock_timestamp());
    step record;
begin
    if config.emergency_stop or rollout.is_held_for_good(config) then
        return;  -- nobody knows when these end
    end if;
    for step in select * from rollout.plan_steps(config) p
        where p.percentage > config.rollout_percentage order by p.number
    loop
        at := rollout.change_window_opens(config.plan ->> 'change_window', greatest(
            at + make_interval(hours => due), config.held_until, clock_timestamp()));
        due := step.hours;
        number := step.number;
        earliest := at;
        return next;
    end loop;
end $$;
comment on function rollout.coming_steps(rollout_configuration) is
    'R17: the earliest moment of each step ahead, if every criterion is met by then.';

create or replace function rollout.changed_plan(
    config rollout_configuration, percentages numeric[], hours numeric[], change_window text
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    became jsonb := coalesce(config.plan, '{}');
    steps jsonb;
begin
    if percentages is not null or hours is not null then
        steps := rollout.build_steps(
            coalesce(percentages, array(select p.percentage from rollout.plan_steps(config) p order by p.number)),
            coalesce(hours, array(select max(p.hours) from rollout.plan_steps(config) p)));  -- none faster by accident
        became := became || jsonb_build_object('steps', nullif(steps, (
            select jsonb_agg(jsonb_build_object('percentage', m.percentage, 'hours', m.hours) order by m.number)
            from rollout.manual_plan() m)));
    end if;
    if change_window is not null then
        became := became || jsonb_build_object('change_window', case
            when lower(trim(change_window)) <> 'always' then regexp_replace(trim(change_window), '\s+', ' ', 'g') end);
    end if;
    return nullif(jsonb_strip_nulls(became), '{}');
end $$;
comment on function rollout.changed_plan(rollout_configuration, numeric[], numeric[], text) is
    'R17: a plan with what is given changed; null for the manual''s, at any time.';
