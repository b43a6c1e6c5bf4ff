-- R10, R17 and R20: writes what a command decided, if it differs, was not given up, and no hold forbids it; and what
-- has ended by itself.

create or replace function rollout.store(config rollout_configuration, details jsonb default '{}')
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    perform rollout.refuse_given_up(config);
    perform rollout.refuse_raise_while_held(config);
    perform rollout.open_change(rollout.current_change() || jsonb_build_object('details', details));
    update rollout_configuration c
    set rollout_percentage = config.rollout_percentage,
        emergency_stop = config.emergency_stop,
        emergency_stop_reason = config.emergency_stop_reason,
        target_repositories = config.target_repositories,
        excluded_repositories = config.excluded_repositories,
        whitelist_until = config.whitelist_until,
        rollout_strategy = config.rollout_strategy,
        metadata = config.metadata,
        breaker_enabled = config.breaker_enabled,
        breaker_off_until = config.breaker_off_until,
        application_check = config.application_check,
        judged_reports = config.judged_reports,
        stuck_after_minutes = config.stuck_after_minutes,
        act_on_warnings = config.act_on_warnings,
        guardrail = config.guardrail,
        max_error_rate = config.max_error_rate,
        minimum_sample = config.minimum_sample,
        minimum_repositories = config.minimum_repositories,
        monitoring_window_hours = config.monitoring_window_hours,
        follow_jobs = config.follow_jobs,
        plan = config.plan,
        held_reason = config.held_reason,
        held_by = config.held_by,
        held_until = config.held_until,
        accepted_signals = config.accepted_signals,
        auto_advance = config.auto_advance,
        on_breach = config.on_breach,
        restarted_at = config.restarted_at,
        unrecorded_halt_at = config.unrecorded_halt_at,
        keep_days = config.keep_days,
        most_jobs_of_a_row = config.most_jobs_of_a_row,
        ignored_errors = config.ignored_errors,
        ignored_job_types = config.ignored_job_types,
        updated_at = now()
    where c.id = config.id and c is distinct from config;
end $$;
comment on function rollout.store(rollout_configuration, jsonb) is
    'Writes what a command decided if it differs; the trigger leaves the history row, with the details of the answer.';

create or replace function rollout.refuse_raise_while_held(became rollout_configuration)
returns void
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config rollout_configuration;
begin
    select * into config from rollout_configuration c
    where c.id = became.id and c.held_reason is not null and became.rollout_percentage > c.rollout_percentage
      and became.held_reason is not null;  -- else the same change ends the hold: the undo of a step back
    if found then
        raise exception 'the ramp is %; to raise it from % %% to % %%, first type rollout.release()',
            rollout.hold_phrase(config), config.rollout_percentage, became.rollout_percentage using errcode = 'RC002';
    end if;
end $$;
comment on function rollout.refuse_raise_while_held(rollout_configuration) is
    'R17: raises RC002 if a held configuration would get a higher percentage; each change of ours passes here.';

create or replace function rollout.write_ends(config rollout_configuration)
returns rollout_configuration
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    opened constant text := current_setting('rollout.change', true);
    was rollout_configuration;
begin
    select * into was from rollout_configuration c
    where c.id = config.id and (c.held_until <= clock_timestamp() or c.breaker_off_until <= clock_timestamp());
    if not found then
        return config;
    end if;
    config := rollout.usable(was);
    perform rollout.open_change(jsonb_build_object(
        'command', 'end', 'triggered_by', 'auto_end', 'reason', concat_ws('; ',
        case when was.held_reason is not null and config.held_reason is null then rollout.hold_phrase(was) end,
        case when not was.breaker_enabled and config.breaker_enabled then 'auto-rollback was off until '
            || to_char(was.breaker_off_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"') end)));
    perform rollout.store(config);
    perform set_config('rollout.change', coalesce(opened, ''), true);
    return rollout.active(config.feature_name);
end $$;
comment on function rollout.write_ends(rollout_configuration) is
    'R8, R10, R17: writes down that a hold or switch-off of a locked configuration has ended, as a change of its own; '
    'the configuration as it stands then. Nothing waits for this: rollout.usable reads it as ended from that moment.';
