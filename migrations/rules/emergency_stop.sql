-- R5: the emergency stop and the way out of it.

create or replace function public.rollout_emergency_stop(
    reason text default null, feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return rollout_stop(reason, feature_name, coalesce(context, '{}') || jsonb_build_object(
        'ended_sessions', rollout_make_way(feature_name, wins => true)));
end $$;
comment on function public.rollout_emergency_stop(text, text, jsonb) is
    'rollout.emergencyStop(), R5 and R18: halts all traffic at once, whoever is in the way, and keeps the percentage.';

create or replace function public.rollout_stop(reason text, feature_name text, context jsonb)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    given constant text := nullif(trim(left(reason, 2000)), '');
    recorded constant text := coalesce(given, 'no reason given');
begin
    for config in select * from rollout_lock(feature_name, 'emergencyStop', recorded, context, 'emergency_stop') loop
        -- A second stop without a reason must not wipe out the first one's.
        config.emergency_stop_reason := coalesce(given, config.emergency_stop_reason, recorded);
        config.emergency_stop := true;
        perform rollout_store(config);
    end loop;
    return rollout_answer(feature_name);
end $$;
comment on function public.rollout_stop(text, text, jsonb) is
    'The emergency stop, once nobody is in its way.';

create or replace function public.rollout_resume(
    percentage numeric default null, feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
begin
    for config in select * from rollout_lock(feature_name, 'resume', reason, context) loop
        if percentage is not null then
            percentage := rollout_whole_percentage(percentage, 'rollout.resume(5)');
            if not config.emergency_stop and percentage <> config.rollout_percentage then
                raise exception
                    'no emergency stop to resume from; to change the percentage from % %%, type rollout.setRollout(%)',
                    config.rollout_percentage, percentage using errcode = 'RC002';
            end if;
            config.rollout_percentage := percentage;
        end if;
        config.emergency_stop := false;
        config.emergency_stop_reason := null;
        perform rollout_store(config);
    end loop;
    return rollout_answer(feature_name);
end $$;
comment on function public.rollout_resume(numeric, text, text, jsonb) is
    'rollout.resume(), R5: ends the emergency stop at the percentage that was set, or at another in the same change.';
