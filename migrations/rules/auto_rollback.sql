create or replace function public.rollout_trip_breaker(config_id uuid, change jsonb)
returns boolean
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    health jsonb;
begin
    -- The lock comes before the count: of jobs that fail at the same moment, the last one
    -- through sees all the others, so none of them can be the crossing one unnoticed.
    select * into config from rollout_configuration c where c.id = config_id for no key update;
    if not config.is_active or not config.auto_rollback_enabled
        or config.emergency_stop or config.rollout_percentage = 0 then
        return false;
    end if;
    health := rollout_health(config);
    if not (health ->> 'breach')::boolean then
        return false;
    end if;
    config.rollout_percentage := 0;
    perform rollout_store(config, change || jsonb_build_object(
        'action', 'rollback', 'triggered_by', 'auto_rollback', 'evidence', health,
        'reason', format('error rate %s %% (%s of %s jobs) above %s %%',
            round((health ->> 'error_rate')::numeric, 2), health ->> 'errors', health ->> 'jobs',
            config.max_error_rate)));
    return true;
end $$;
comment on function public.rollout_trip_breaker(uuid, jsonb) is
    'R8: sets 0 % with the evidence if the window is in breach, auto-rollback is on, and traffic is flowing; true if it did.';

create or replace function public.rollout_check_health(
    feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout_lock(feature_name);
    operation constant uuid := coalesce((context ->> 'operation_id')::uuid, gen_random_uuid());
    health constant jsonb := rollout_health(config);
    repeat constant boolean := rollout_is_repeat(context);
begin
    if (health ->> 'breach')::boolean and not repeat then
        perform rollout_trip_breaker(config.id, context || jsonb_build_object(
            'operation_id', operation, 'command', 'checkHealth'));
    end if;
    return rollout_answer(feature_name, operation) || jsonb_build_object(
        'health', health,
        'action', case
            when repeat or exists (select from rollout_history h where h.id = operation) then 'rolled_back'
            when not (health ->> 'breach')::boolean then 'none'
            when config.emergency_stop then 'already_stopped'
            when config.rollout_percentage = 0 then 'already_at_zero'
            else 'auto_rollback_off'
        end,
        'indicators', jsonb_build_array(
            jsonb_build_object('name', 'error rate', 'unit', 'percent', 'actual', health -> 'error_rate',
                'needed', '<= ' || trim_scale(config.max_error_rate) || ' %',
                'met', (health ->> 'error_rate')::numeric <= config.max_error_rate),
            jsonb_build_object('name', 'success rate', 'unit', 'percent', 'actual', health -> 'success_rate',
                'needed', '> 95 %', 'met', (health ->> 'success_rate')::numeric > 95),
            jsonb_build_object('name', 'jobs', 'unit', 'jobs', 'actual', health -> 'jobs',
                'needed', config.minimum_sample || ' or more',
                'met', (health ->> 'jobs')::bigint >= config.minimum_sample)));
end $$;
comment on function public.rollout_check_health(text, jsonb) is
    'rollout.checkHealth(), R7 and R8: the indicators with their thresholds, and the rollback if they call for it.';

create or replace function public.rollout_set_auto_rollback(
    enabled boolean, feature_name text default 'hybrid_progressive_capture',
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
        config.auto_rollback_enabled := coalesce(enabled, true);
    end if;
    return rollout_store(config, context || jsonb_build_object(
        'command', case when enabled then 'enableAutoRollback' else 'disableAutoRollback' end, 'reason', reason));
end $$;
comment on function public.rollout_set_auto_rollback(boolean, text, text, jsonb) is
    'rollout.enableAutoRollback() and disableAutoRollback(), R8.';
