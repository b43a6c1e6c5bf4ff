-- R5, R7 and R8: the way out of an emergency stop, the health check, and the switch of auto-rollback.

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
    cautions jsonb := '{}';
begin
    for config in select * from rollout.lock(feature_name, 'resume', reason, context) loop
        if percentage is not null then
            percentage := rollout.whole_percentage(percentage, 'rollout.resume(5)');
            if not config.emergency_stop and percentage <> config.rollout_percentage then
                raise exception
                    'no emergency stop to resume from; to change the percentage from % %%, type rollout.setRollout(%)',
                    config.rollout_percentage, percentage using errcode = 'RC002';
            end if;
            cautions := rollout.cautions(config, percentage::integer);
            config.rollout_percentage := percentage;
        end if;
        config.emergency_stop := false;
        config.emergency_stop_reason := null;
        perform rollout.store(config, cautions);
    end loop;
    return rollout.answer(feature_name, cautions);
end $$;
comment on function public.rollout_resume(numeric, text, text, jsonb) is
    'rollout.resume(), R5: ends the emergency stop at the percentage that was set, or at another in the same change; '
    'what speaks against a higher one is said as by setRollout.';

create or replace function rollout.action_of_check(config rollout_configuration, health jsonb, warning text)
returns text
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return case
        when not (health -> 'check_rolls_back')::boolean and not (health -> 'shared')::boolean and warning is null then
            case health ->> 'verdict' when 'above_threshold' then 'held' else 'none' end
        when pg_is_in_recovery() then 'read_only'
        when rollout.breaker_is_armed(config) then case
            when rollout.breach_holds(config, (health -> 'shared')::boolean) then 'ramp_held'
            when rollout.falls_to(config) > 0 then 'stepped_back' else 'rolled_back' end
        when config.emergency_stop then 'already_stopped'
        when config.rollout_percentage = 0 then 'already_at_zero'
        else 'auto_rollback_off'
    end;
end $$;
comment on function rollout.action_of_check(rollout_configuration, jsonb, text) is
    'R8, R16 and R17: what a health check does about what it finds, and if nothing, why.';

create or replace function public.rollout_check_health(
    feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    look rollout.look;
    warning text;
    action text;
    details jsonb := '{}';
    answer jsonb;
begin
    for config in select * from rollout.lock(feature_name, 'checkHealth', null, context) loop
        perform rollout.take_over(config);
        look.jobs := rollout.window_of_jobs(config);
        look.health := rollout.health(config, look.jobs);
        if not (look.health -> 'check_rolls_back')::boolean then  -- else nothing else is read before it does
            look := rollout.look_at(config, look);
            if config.act_on_warnings then
                warning := w.message
                from jsonb_to_recordset(look.warnings) w (name text, message text)
                where w.name <> 'unreadable' and w.name <> all (config.accepted_signals) limit 1;
            end if;
        end if;
        action := rollout.action_of_check(config, look.health, warning);
        details := jsonb_build_object('health', look.health, 'action', action);
        if action in ('rolled_back', 'stepped_back', 'ramp_held') then
            details := jsonb_set(details, '{health,check_leads_to}', '"nothing"');  -- more than this
            -- The row is locked: neither the evidence nor what is shown then is worth waiting for.
            perform set_config('lock_timeout', (rollout.report_limits()).trip_wait, true);
            perform rollout.trip(
                config, look.health, rollout.current_change() || jsonb_build_object('reason', warning), details);
            if (select c.rollout_percentage from rollout_configuration c where c.id = config.id) = 0 then
                details := jsonb_set(details, '{action}', '"rolled_back"');  -- whatever was meant: its evidence failed
            end if;
        end if;
        perform rollout.note_check(feature_name, context);
    end loop;
    begin
        answer := rollout.answer(feature_name, details, look);
        return answer || jsonb_build_object('criteria', rollout.list_criteria(
            rollout.active(feature_name), look.jobs, answer -> 'health', 'health'));
    exception when others then  -- R18: what can't be shown does not undo a rollback
        if (action in ('rolled_back', 'stepped_back', 'ramp_held')) is not true then
            raise;
        end if;
        return details || jsonb_build_object('command', 'checkHealth', 'changed', true, 'unreadable', sqlerrm);
    end;
end $$;
comment on function public.rollout_check_health(text, jsonb) is
    'rollout.checkHealth(), R7, R8 and R16: the criteria of health, and the rollback if they call for it, or if a '
    'warning does and act_on_warnings is on.';

create or replace function public.rollout_set_auto_rollback(
    enabled boolean, until text default null, feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    command constant text := case when enabled then 'enableAutoRollback' else 'disableAutoRollback' end;
    ends constant timestamptz := rollout.moment_until(until, 'rollout.disableAutoRollback("maintenance", until="2h")');
begin
    if enabled is null then
        raise exception 'auto-rollback is on or off, not null; type rollout.enableAutoRollback()'
            using errcode = 'RC001';
    end if;
    for config in select * from rollout.lock(feature_name, command, reason, context) loop
        config.breaker_enabled := enabled;
        config.breaker_off_until := case when not enabled then coalesce(
            ends, case when nullif(trim(reason), '') is null then config.breaker_off_until end) end;
        perform rollout.store(config);
    end loop;
    return rollout.answer(feature_name);
end $$;
comment on function public.rollout_set_auto_rollback(boolean, text, text, text, jsonb) is
    'rollout.enableAutoRollback() and disableAutoRollback(), R8: off until it is switched on, or until a moment; asked '
    'again with neither a moment nor a reason, it stays as it is.';
