-- R8: the breaker, and the switch that arms it.

create or replace function public.rollout_breaker_is_armed(config rollout_configuration)
returns boolean
language sql immutable
as $$
    select config.is_active and config.breaker_enabled
           and not config.emergency_stop and config.rollout_percentage > 0
$$;
comment on function public.rollout_breaker_is_armed(rollout_configuration) is
    'R8: auto-rollback is on and traffic is flowing, so a breach would be acted on.';

create or replace function public.rollout_trip_reason(config rollout_configuration, health jsonb)
returns text
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    select format('error rate %s %% (%s of %s jobs%s) above %s %%',
            round((h.judged ->> 'error_rate')::numeric, 2), h.judged ->> 'errors', h.judged ->> 'jobs',
            to_char((h.judged ->> 'since')::timestamptz at time zone 'UTC', '" since "YYYY-MM-DD HH24:MI"Z"'),
            config.max_error_rate)
        || case when (health #>> '{control,jobs}')::bigint > 0
            then format('; control %s %%', round((health #>> '{control,error_rate}')::numeric, 2)) else '' end
        || case when (health #> '{control,failing}')::boolean then ': probably not the rollout' else '' end
    from (select coalesce(nullif(health -> 'recent', 'null'), health) as judged) h
$$;
comment on function public.rollout_trip_reason(rollout_configuration, jsonb) is
    'R8: why the breaker tripped, with both arms, in one line of history.';

create or replace function public.rollout_trip_breaker(
    config rollout_configuration, health jsonb, change jsonb, details jsonb default '{}'
)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    breaker constant text := 'auto-rollback';
    why constant text := coalesce(change ->> 'reason', rollout_trip_reason(config, health));
    evidence constant jsonb := health || jsonb_build_object(
        'on_breach', config.on_breach, 'main_errors', rollout_main_errors(config));
begin
    if config.on_breach = 'hold' then
        if config.held_by is distinct from breaker then  -- held for this already
            perform rollout_open_change(change);
            perform rollout_hold_by_itself(config, why, evidence, breaker, details);
        end if;
        return;
    end if;
    perform rollout_open_change(change || jsonb_build_object(
        'action', 'rollback', 'triggered_by', 'auto_rollback', 'evidence', evidence, 'reason', why));
    config.rollout_percentage := case config.on_breach
        when 'step_back' then (rollout_place_in_plan(config)).below else 0 end;
    if config.rollout_percentage > 0 then
        -- What fails at a step would fail there again: a person says when to go on. The errors that led here must not
        -- lead further down, so health starts afresh.
        config.held_reason := why;
        config.held_by := breaker;
        config.restarted_at := clock_timestamp();
    end if;
    perform rollout_store(config, details);
end $$;
comment on function public.rollout_trip_breaker(rollout_configuration, jsonb, jsonb, jsonb) is
    'R8 and R17: acts on a breach as on_breach says: 0 %, the step before and a hold, or a hold; with the health that '
    'called for it and the main errors as evidence, and as its reason unless the change has one.';

create or replace function public.rollout_can_trip(config rollout_configuration)
returns boolean
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return rollout_breaker_is_armed(config) and config.max_error_rate < 100;  -- no rate is above 100 %
end $$;
comment on function public.rollout_can_trip(rollout_configuration) is
    'R8: whether any report could trip the breaker; if not, reports need not wait for each other.';

create or replace function public.rollout_is_in_breach(config rollout_configuration)
returns boolean
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    treatment record;
begin
    if not rollout_can_trip(config) then
        return false;
    end if;
    treatment := rollout_treatment(config);
    return treatment.whole_breach or treatment.recent_breach;
end $$;
comment on function public.rollout_is_in_breach(rollout_configuration) is
    'R8: whether a report trips the breaker now, by the jobs that this transaction sees.';

create or replace function public.rollout_line_of_reports(config rollout_configuration)
returns bigint
language sql immutable
as $$ select hashtextextended('rollout_line_of_reports ' || config.id::text, 0) $$;
comment on function public.rollout_line_of_reports(rollout_configuration) is
    'R8: the advisory lock of reports that are judged: shared by those that can''t be a breach, held alone by others.';

create or replace function public.rollout_judge_report(config rollout_configuration, reported_by text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if not rollout_can_trip(config) then
        return;
    end if;
    -- One failure of a transaction may pass without a lock; it is judged once more as its transaction commits.
    if coalesce(current_setting('rollout.unjudged', true), '') = '' and not rollout_could_breach(config) then
        perform set_config('rollout.unjudged', format('%s %s', config.id, reported_by), true);
        return;
    end if;
    perform rollout_judge_in_line(config, reported_by);
end $$;
comment on function public.rollout_judge_report(rollout_configuration, text) is
    'R8: trips the breaker in the transaction of a report if the window is in breach with it.';

create or replace function public.rollout_judge_in_line(config rollout_configuration, reported_by text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if not rollout_can_trip(config) then
        return;
    end if;
    -- The lock comes before the count: of jobs that fail at the same moment, the last one through sees all the others,
    -- so none of them can be the crossing one unnoticed.
    perform pg_advisory_xact_lock(rollout_line_of_reports(config)), set_config('rollout.unjudged', '', true);
    select * into config from rollout_configuration c where c.id = config.id;
    if rollout_is_in_breach(config) then
        select * into config from rollout_configuration c where c.id = config.id for no key update;
        if rollout_is_in_breach(config) then  -- unless an operator was faster
            perform rollout_trip_breaker(config, rollout_health(config), jsonb_build_object('command', reported_by));
            perform rollout_close_change();
        end if;
    end if;
end $$;
comment on function public.rollout_judge_in_line(rollout_configuration, text) is
    'R8: judges a report after all that were judged before it are committed, and lets none pass until it is.';

create or replace function public.rollout_metrics_judged()
returns trigger
language plpgsql security definer  -- whoever may write the table
set search_path = pg_catalog, public, pg_temp
as $$
declare
    unjudged constant text[] := string_to_array(current_setting('rollout.unjudged', true), ' ');
    config rollout_configuration;
begin
    if unjudged[1] is distinct from new.rollout_config_id::text then
        return null;
    end if;
    select * into config from rollout_configuration c where c.id = new.rollout_config_id;
    begin
        perform pg_advisory_xact_lock_shared(rollout_line_of_reports(config));
        if not rollout_could_breach(config) then
            perform set_config('rollout.unjudged', '', true);
            return null;
        end if;
        raise sqlstate 'RC000';
    exception when sqlstate 'RC000' then
        null;  -- this gave the shared lock back: two that wait for each other to do so would wait for ever
    end;
    perform rollout_judge_in_line(config, unjudged[2]);
    return null;
end $$;
comment on function public.rollout_metrics_judged() is
    'Trigger on rollout_metrics, R8: as a transaction commits, judges the report that passed without a lock.';

do $$
begin
    -- A constraint trigger can't be replaced, and dropping it would wait for every reader of the table.
    if not exists (
        select from pg_trigger t
        where t.tgrelid = 'public.rollout_metrics'::regclass and t.tgname = 'rollout_metrics_judged') then
        create constraint trigger rollout_metrics_judged after insert or update on public.rollout_metrics
            deferrable initially deferred
            for each row when (new.treated is not false
                               and current_setting('rollout.reporting', true) is distinct from 'on')
            execute function public.rollout_metrics_judged();
    end if;
end $$;

create or replace function public.rollout_check_health(
    feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    seen rollout_job_counts[];
    health jsonb;
    warning text;
    details jsonb := '{}';
begin
    for config in select * from rollout_lock(feature_name, 'checkHealth', null, context) loop
        seen := rollout_window(config);
        health := rollout_health(config, seen);
        if config.act_on_warnings and not (health ->> 'check_rolls_back')::boolean then
            select w.message into warning from rollout_outcome_warnings(config) w limit 1;
        end if;
        details := jsonb_build_object(
            'health', health,
            'action', case
                when not (health ->> 'check_rolls_back')::boolean and warning is null then
                    case health ->> 'verdict' when 'above_threshold' then 'held' else 'none' end
                when pg_is_in_recovery() then 'read_only'
                when rollout_breaker_is_armed(config) then case config.on_breach
                    when 'hold' then 'ramp_held' when 'step_back' then 'stepped_back' else 'rolled_back' end
                when config.emergency_stop then 'already_stopped'
                when config.rollout_percentage = 0 then 'already_at_zero'
                else 'auto_rollback_off'
            end,
            'criteria', rollout_list_criteria(config, seen, 'health'));
        if details ->> 'action' in ('rolled_back', 'stepped_back', 'ramp_held') then
            perform rollout_trip_breaker(
                config, health, rollout_change() || jsonb_build_object('reason', warning), details);
        end if;
    end loop;
    return rollout_answer(feature_name, details);
end $$;
comment on function public.rollout_check_health(text, jsonb) is
    'rollout.checkHealth(), R7, R8 and R16: the criteria of health, and the rollback if they call for it, or if a '
    'warning does and act_on_warnings is on.';

create or replace function public.rollout_set_auto_rollback(
    enabled boolean, feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    command constant text := case when enabled then 'enableAutoRollback' else 'disableAutoRollback' end;
begin
    for config in select * from rollout_lock(feature_name, command, reason, context) loop
        config.breaker_enabled := coalesce(enabled, true);
        perform rollout_store(config);
    end loop;
    return rollout_answer(feature_name);
end $$;
comment on function public.rollout_set_auto_rollback(boolean, text, text, jsonb) is
    'rollout.enableAutoRollback() and disableAutoRollback(), R8.';
