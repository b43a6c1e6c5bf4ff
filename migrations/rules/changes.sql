-- The skeleton of every change: find the configuration, lock it, recognise a repeat, store, record, answer.
--
--     for config in select * from rollout_lock(feature_name, 'setRollout', reason, context) loop
--         config.rollout_percentage := …;
--         perform rollout_store(config);
--     end loop;
--     return rollout_answer(feature_name);
--
-- The lock yields the configuration once, or not at all if this operation was made before: its answer was lost,
-- and the caller retries. There is no other way to a locked configuration, so no command can forget that. The
-- answer of a repeat is read back from the history row that the first sending left.

create or replace function public.rollout_active(feature text)
returns rollout_configuration
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
begin
    select * into config from rollout_configuration c where c.feature_name = feature and c.is_active;
    if not found then
        raise exception 'no active rollout for feature %; to create one, type in a shell: rollout-console setup',
            coalesce(quote_literal(left(feature, 100)), 'null') using errcode = 'RC003';
    end if;
    return config;
end $$;
comment on function public.rollout_active(text) is 'The active configuration of a feature; RC003 if there is none.';

create or replace function public.rollout_lock(
    feature text, command text, reason text, context jsonb, action text default 'updated'
)
returns setof rollout_configuration
language plpgsql rows 1
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
begin
    if pg_is_in_recovery() and command = 'checkHealth' then  -- a standby can lock nothing, and still report
        perform rollout_open_change(coalesce(context, '{}') || jsonb_build_object('command', command));
        return next rollout_active(feature);
        return;
    end if;
    perform rollout_make_way(feature);
    config := rollout_active(feature);  -- as the last writer left it
    if not rollout_open_change(coalesce(context, '{}') || jsonb_build_object(
        'command', command, 'reason', reason, 'action', action)) then
        return next config;
    end if;
end $$;
comment on function public.rollout_lock(text, text, text, jsonb, text) is
    'Opens a change: the active configuration, locked until the transaction ends; no row if the change is a repeat.';

create or replace function public.rollout_open_change(change jsonb)
returns boolean
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    operation constant uuid := coalesce((change ->> 'operation_id')::uuid, gen_random_uuid());
begin
    -- Read by the triggers that record what changes, until the change is closed: what is written past our
    -- functions later in the same transaction is not part of it.
    perform set_config('rollout.change', (change || jsonb_build_object('operation_id', operation))::text, true);
    return exists (select from rollout_history h where h.id = operation);
end $$;
comment on function public.rollout_open_change(jsonb) is
    'Says who changes what and why, for the history row; true if this operation was made before.';

create or replace function public.rollout_close_change()
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    perform set_config('rollout.change', '', true);
end $$;
comment on function public.rollout_close_change() is 'Ends what rollout_open_change began.';

create or replace function public.rollout_change()
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select nullif(current_setting('rollout.change', true), '')::jsonb
$$;
comment on function public.rollout_change() is 'The change that is open in this transaction; null if there is none.';

create or replace function public.rollout_store(config rollout_configuration, details jsonb default '{}')
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    perform rollout_refuse_raise_while_held(config);
    perform rollout_open_change(rollout_change() || jsonb_build_object('details', details));
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
        application_check = config.application_check,
        judged_reports = config.judged_reports,
        stuck_after_minutes = config.stuck_after_minutes,
        act_on_warnings = config.act_on_warnings,
        guardrail = config.guardrail,
        max_error_rate = config.max_error_rate,
        minimum_sample = config.minimum_sample,
        monitoring_window_hours = config.monitoring_window_hours,
        follow_jobs = config.follow_jobs,
        plan = config.plan,
        held_reason = config.held_reason,
        held_by = config.held_by,
        accepted_signals = config.accepted_signals,
        auto_advance = config.auto_advance,
        on_breach = config.on_breach,
        restarted_at = config.restarted_at,
        keep_days = config.keep_days,
        updated_at = now()
    where c.id = config.id and c is distinct from config;
end $$;
comment on function public.rollout_store(rollout_configuration, jsonb) is
    'Writes what a command decided if it differs; the trigger leaves the history row, with the details of the answer.';

create or replace function public.rollout_answer(feature text, details jsonb default '{}')
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    change constant jsonb := rollout_change();
    entry rollout_history;
begin
    select * into entry from rollout_history h where h.id = (change ->> 'operation_id')::uuid;
    perform rollout_close_change();
    return details || coalesce(entry.metadata -> 'details', '{}') || jsonb_build_object(
        'command', change ->> 'command',
        'changed', entry.id is not null,
        'change', rollout_history_entry(entry),
        'ended_sessions', coalesce(entry.metadata -> 'ended_sessions', change -> 'ended_sessions', '[]'),
        'status', rollout_status(feature));
end $$;
comment on function public.rollout_answer(text, jsonb) is
    'Closes a change and answers: whether anything changed, its history row with the details, the status after it.';
