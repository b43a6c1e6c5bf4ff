-- R17: the plan, the change window and the freeze, set.

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
    for config in select * from rollout.lock(feature_name, 'plan', reason, context) loop
        config.plan := rollout.changed_plan(config, percentages, hours, change_window, freeze_until);
        perform rollout.store(config);
    end loop;
    return rollout.answer(feature_name);
end $$;
comment on function public.rollout_set_plan(numeric[], numeric[], text, text, text, text, jsonb) is
    'rollout.plan([5, 10, 25], hours=24, window="Mon-Thu 09:00-16:00 Europe/Berlin", freeze="3d"), R17: changes what '
    'is given; "always" and "off" end a window and a freeze.';
