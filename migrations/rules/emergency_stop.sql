create or replace function public.rollout_emergency_stop(
    reason text default null, feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration := rollout_lock(feature_name);
    given constant text := nullif(trim(left(reason, 2000)), '');
begin
    if not rollout_is_repeat(context) then
        -- A second stop without a reason must not wipe out the first one's.
        config.emergency_stop_reason := coalesce(
            given, case when config.emergency_stop then config.emergency_stop_reason end, 'no reason given');
        config.emergency_stop := true;
    end if;
    return rollout_store(config, context || jsonb_build_object(
        'action', 'emergency_stop', 'command', 'emergencyStop', 'reason', coalesce(given, 'no reason given')));
end $$;
comment on function public.rollout_emergency_stop(text, text, jsonb) is
    'rollout.emergencyStop(), R5: halts all traffic at once and keeps the percentage.';

create or replace function public.rollout_resume(
    percentage numeric default null, feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration := rollout_lock(feature_name);
begin
    if not rollout_is_repeat(context) then
        if percentage is not null then
            percentage := rollout_whole_percentage(percentage, 'rollout.resume(5)');
            if not config.emergency_stop and percentage <> config.rollout_percentage then
                raise exception 'no emergency stop to resume from; to change the percentage from % %%, type rollout.setRollout(%)',
                    config.rollout_percentage, percentage using errcode = '55000';
            end if;
            config.rollout_percentage := percentage;
        end if;
        config.emergency_stop := false;
        config.emergency_stop_reason := null;
    end if;
    return rollout_store(config, context || jsonb_build_object('command', 'resume', 'reason', reason));
end $$;
comment on function public.rollout_resume(numeric, text, text, jsonb) is
    'rollout.resume(), R5: ends the emergency stop at the percentage that was set, or at another one in the same transaction.';
