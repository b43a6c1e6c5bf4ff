-- R17: the plan, set and checked: steps that do not rise, or are no percentages, are refused whoever writes them.

create or replace function public.rollout_build_steps(percentages numeric[], hours numeric[])
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    most constant integer := 20;  -- as many as a screen shows
    each_hours constant numeric[] := case cardinality(hours)
        when 1 then array_fill(hours[1], array[cardinality(percentages)]) else hours end;
begin
    -- "is not true": null and NaN are refused with the rest
    if (cardinality(percentages) between 1 and most and (
            select bool_and(p.value between 1 and 100 and p.value = trunc(p.value) and p.value > p.before)
            from (select value, lag(value, 1, 0) over (order by number) as before
                  from unnest(percentages) with ordinality u (value, number)) p)) is not true then
        raise exception 'a plan is 1 to % whole percentages from 1 to 100 that rise, not %; '
            'type for example rollout.plan([5, 10, 25, 50, 100], hours=24)', most,
            coalesce(left(array_to_string(percentages, ', ', 'null'), 100), 'null') using errcode = 'RC001';
    elsif (cardinality(each_hours) = cardinality(percentages) and (
            select bool_and(h between 1 and 720 and h = trunc(h)) from unnest(each_hours) h)) is not true then
        raise exception 'hours is a whole number from 1 to 720, or one for each of % steps, not %; '
            'type for example rollout.plan(hours=24)', cardinality(percentages),
            coalesce(left(array_to_string(hours, ', ', 'null'), 100), 'null') using errcode = 'RC001';
    end if;
    return (
        select jsonb_agg(jsonb_build_object('percentage', s.percentage::integer, 'hours', s.hours::integer)
                         order by s.number)
        from unnest(percentages, each_hours) with ordinality s (percentage, hours, number));
end $$;
comment on function public.rollout_build_steps(numeric[], numeric[]) is
    'R17: steps from percentages and their hours, one number for all or one for each; RC001 unless they rise from 1 to '
    '100.';

create or replace function public.rollout_check_plan(plan jsonb)
returns void
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if plan ? 'steps' then
        perform rollout_build_steps(array_agg((s ->> 'percentage')::numeric), array_agg((s ->> 'hours')::numeric))
        from jsonb_array_elements(plan -> 'steps') s;
    end if;
    perform rollout_check_window(plan ->> 'change_window');
    perform (plan ->> 'frozen_until')::timestamptz;
end $$;
comment on function public.rollout_check_plan(jsonb) is 'R17: raises unless this is a plan, whoever writes it.';

create or replace function public.rollout_changed_plan(
    config rollout_configuration, percentages numeric[], hours numeric[], change_window text, freeze_until text
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
set timezone = 'UTC'  -- of the end of a freeze, as it is stored
as $$
declare
    became jsonb := coalesce(config.plan, '{}');
    steps jsonb;
begin
    if percentages is not null or hours is not null then
        steps := rollout_build_steps(
            coalesce(percentages, array(select p.percentage from rollout_plan_steps(config) p order by p.number)),
            coalesce(hours, array(select max(m.hours) from rollout_manual_plan() m)));
        became := became || jsonb_build_object('steps', nullif(steps, (
            select jsonb_agg(jsonb_build_object('percentage', m.percentage, 'hours', m.hours) order by m.number)
            from rollout_manual_plan() m)));
    end if;
    if change_window is not null then
        became := became || jsonb_build_object('change_window', case
            when lower(trim(change_window)) <> 'always' then regexp_replace(trim(change_window), '\s+', ' ', 'g') end);
    end if;
    if freeze_until is not null then
        became := became || jsonb_build_object('frozen_until', case
            when lower(trim(freeze_until)) <> 'off' then rollout_until(freeze_until, 'rollout.plan(freeze="3d")') end);
    end if;
    return nullif(jsonb_strip_nulls(became), '{}');
end $$;
comment on function public.rollout_changed_plan(rollout_configuration, numeric[], numeric[], text, text) is
    'R17: a plan with what is given changed; null for the manual''s, at any time.';

create or replace function public.rollout_set_plan(
    percentages numeric[] default null, hours numeric[] default null, change_window text default null,
    freeze_until text default null, feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
begin
    for config in select * from rollout_lock(feature_name, 'plan', reason, context) loop
        config.plan := rollout_changed_plan(config, percentages, hours, change_window, freeze_until);
        perform rollout_store(config);
    end loop;
    return rollout_answer(feature_name);
end $$;
comment on function public.rollout_set_plan(numeric[], numeric[], text, text, text, text, jsonb) is
    'rollout.plan([5, 10, 25], hours=24, window="Mon-Thu 09:00-16:00 Europe/Berlin", freeze="3d"), R17: changes what '
    'is given; "always" and "off" end a window and a freeze.';
