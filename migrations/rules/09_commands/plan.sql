-- R17: the plan and the change window, set.

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
    freezes constant boolean := lower(trim(freeze_until)) <> 'off';
    ends constant timestamptz := case
        when freezes then rollout.moment_until(freeze_until, 'rollout.hold("frozen", until="3d")') end;
begin
    for config in select * from rollout.lock(feature_name, 'plan', reason, context) loop
        config.plan := rollout.changed_plan(config, percentages, hours, change_window);
        if freezes and (config.held_reason is null or config.held_until < ends) then
            config := rollout.held(
                config, coalesce(reason, 'frozen'), rollout.current_change() ->> 'operator', ends);
        elsif not freezes and config.held_until is not null then
            config.held_reason := null;
        end if;
        perform rollout.store(config);
    end loop;
    return rollout.answer(feature_name);
end $$;
comment on function public.rollout_set_plan(numeric[], numeric[], text, text, text, text, jsonb) is
    'rollout.plan([5, 10, 25], hours=24, window="Mon-Thu 09:00-16:00 Europe/Berlin"), R17: changes what is given; '
    '"always" ends a window. freeze_until, as of 0.1.0, is a hold with an end; "off" ends such a one.';
