-- What the console does. Each command is one call: lock, check, change, one history row.

create or replace function public.rollout_answer(feature text, operation uuid)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select jsonb_build_object(
        'changed', h.id is not null,
        'change', rollout_history_entry(h),
        'status', rollout_status(feature))
    from (select) nothing
    left join rollout_history h on h.id = operation
$$;
comment on function public.rollout_answer(text, uuid) is
    'What every change answers: whether it changed anything, its history row, and the status after it.';

create or replace function public.rollout_create(
    percentage numeric default 0, feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    operation constant uuid := coalesce((context ->> 'operation_id')::uuid, gen_random_uuid());
    wanted constant text := $2;
begin
    if coalesce(wanted, '') = '' or length(wanted) > 100 then
        raise exception 'a feature name has 1 to 100 characters; set ROLLOUT_FEATURE' using errcode = '22023';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('rollout:' || wanted, 0));
    if not exists (select from rollout_configuration c where c.feature_name = wanted and c.is_active) then
        perform set_config('rollout.change', (context || jsonb_build_object(
            'operation_id', operation, 'action', 'created', 'command', 'setup', 'reason', reason))::text, true);
        insert into rollout_configuration (feature_name, rollout_percentage, is_active)
        values (wanted, rollout_whole_percentage(percentage, 'rollout-console setup --percentage 10'), true);
        perform set_config('rollout.change', '', true);
    end if;
    return rollout_answer(wanted, operation);
end $$;
comment on function public.rollout_create(numeric, text, text, jsonb) is
    'Creates the configuration of a feature if it has none; otherwise changes nothing.';

create or replace function public.rollout_set_percentage(
    percentage numeric, feature_name text default 'hybrid_progressive_capture',
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
        config.rollout_percentage := rollout_whole_percentage(percentage, 'rollout.setRollout(10)');
    end if;
    return rollout_store(config, context || jsonb_build_object('command', 'setRollout', 'reason', reason));
end $$;
comment on function public.rollout_set_percentage(numeric, text, text, jsonb) is
    'rollout.setRollout(), R4: stores the percentage, also during an emergency stop, when traffic stays halted.';

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

create or replace function public.rollout_rollback(
    percentage numeric, feature_name text default 'hybrid_progressive_capture',
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
        percentage := rollout_whole_percentage(percentage, 'rollout.rollbackToPercentage(5)');
        if percentage > config.rollout_percentage then
            raise exception 'a rollback only lowers, and the rollout stands at % %%; to raise it, type rollout.setRollout(%)',
                config.rollout_percentage, percentage using errcode = '55000';
        end if;
        config.rollout_percentage := percentage;
    end if;
    return rollout_store(config, jsonb_build_object('triggered_by', 'manual_rollback') || context || jsonb_build_object(
        'action', 'rollback', 'command', 'rollbackToPercentage', 'reason', reason));
end $$;
comment on function public.rollout_rollback(numeric, text, text, jsonb) is
    'rollout.rollbackToPercentage() and rollbackToZero(), R6: lowers the percentage, never raises it.';

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
