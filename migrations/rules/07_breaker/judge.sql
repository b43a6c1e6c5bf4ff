-- R8: which report is judged when, so that the one too many trips the breaker and the others do not wait.

create or replace function rollout.can_trip(config rollout_configuration)
returns boolean
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return rollout.breaker_is_armed(config) and config.max_error_rate < 100;  -- no rate is above 100 %
end $$;
comment on function rollout.can_trip(rollout_configuration) is
    'R8: whether any report could trip the breaker; if not, reports need not wait for each other.';

create or replace function rollout.is_in_breach(config rollout_configuration)
returns boolean
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    treatment record;
begin
    if not rollout.can_trip(config) then
        return false;
    end if;
    treatment := rollout.treatment(config);
    return treatment.whole_breach or treatment.recent_breach;
end $$;
comment on function rollout.is_in_breach(rollout_configuration) is
    'R8: whether a report trips the breaker now, by the jobs that this transaction sees.';

create or replace function rollout.judging_lock(config rollout_configuration)
returns bigint
language sql immutable
as $$ select hashtextextended('rollout.judging_lock ' || config.id::text, 0) $$;
comment on function rollout.judging_lock(rollout_configuration) is
    'R8: the advisory lock of reports that are judged: shared by those that can''t be a breach, held alone by others.';

create or replace function rollout.judge_report(config rollout_configuration, reported_by text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if not rollout.can_trip(config) then
        return;
    end if;
    -- One failure of a transaction may pass without a lock; it is judged once more as its transaction commits.
    if coalesce(current_setting('rollout.unjudged', true), '') = '' and not rollout.could_breach(config) then
        perform set_config('rollout.unjudged', format('%s %s', config.id, reported_by), true);
        return;
    end if;
    perform rollout.judge_alone(config, reported_by);
end $$;
comment on function rollout.judge_report(rollout_configuration, text) is
    'R8: trips the breaker in the transaction of a report if the window is in breach with it.';

create or replace function rollout.judge_alone(config rollout_configuration, reported_by text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    if not rollout.can_trip(config) then
        return;
    end if;
    -- The lock comes before the count: of jobs that fail at the same moment, the last one through sees all the others,
    -- so none of them can be the crossing one unnoticed.
    perform pg_advisory_xact_lock(rollout.judging_lock(config)), set_config('rollout.unjudged', '', true);
    select * into config from rollout_configuration c where c.id = config.id;
    config := rollout.usable(config);
    if rollout.is_in_breach(config) then
        select * into config from rollout_configuration c where c.id = config.id for no key update;
        config := rollout.usable(config);
        if rollout.is_in_breach(config) then  -- unless an operator was faster
            begin
                perform rollout.trip_breaker(
                    config, rollout.health(config), jsonb_build_object('command', reported_by));
            exception when others then  -- R18: the evidence is for people, the fall is not
                perform rollout.halt_row(config.id, false, jsonb_build_object(
                    'operation_id', gen_random_uuid(), 'command', reported_by, 'action', 'rollback',
                    'triggered_by', 'auto_rollback', 'reason', 'auto-rollback; what called for it can''t be told: '
                    || sqlerrm));
            end;
            perform rollout.close_change();
        end if;
    end if;
end $$;
comment on function rollout.judge_alone(rollout_configuration, text) is
    'R8: judges a report after all that were judged before it are committed, and lets none pass until it is.';

create or replace function rollout.metrics_judged()
returns trigger
language plpgsql security definer  -- whoever may write the table
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    unjudged constant text[] := string_to_array(current_setting('rollout.unjudged', true), ' ');
    config rollout_configuration;
begin
    if unjudged[1] is distinct from new.rollout_config_id::text then
        return null;
    end if;
    select * into config from rollout_configuration c where c.id = new.rollout_config_id;
    config := rollout.usable(config);
    begin
        perform pg_advisory_xact_lock_shared(rollout.judging_lock(config));
        if not rollout.could_breach(config) then
            perform set_config('rollout.unjudged', '', true);
            return null;
        end if;
        raise sqlstate 'RC000';
    exception when sqlstate 'RC000' then
        null;  -- this gave the shared lock back: two that wait for each other to do so would wait for ever
    end;
    perform rollout.judge_alone(config, unjudged[2]);
    return null;
end $$;
comment on function rollout.metrics_judged() is
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
            execute function rollout.metrics_judged();
    end if;
end $$;
