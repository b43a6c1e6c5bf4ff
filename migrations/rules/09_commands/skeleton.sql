-- R10 and R18: the skeleton of every change: find the configuration, lock it, recognise a repeat, store, answer.
--
--     for config in select * from rollout.lock(feature_name, 'setRollout', reason, context) loop
--         config.rollout_percentage := …;
--         perform rollout.store(config);
--     end loop;
--     return rollout.answer(feature_name);
--
-- The lock yields the configuration once, or not at all if this operation was made before: its answer was lost,
-- and the caller retries. There is no other way to a locked configuration, so no command can forget that. The
-- answer of a repeat is read back from the history row that the first sending left.

create or replace function rollout.lock(
    feature text, command text, reason text, context jsonb, action text default 'updated'
)
returns setof rollout_configuration
language plpgsql rows 1
set search_path = pg_catalog, public, pg_temp
as $$
declare
    given constant jsonb := rollout.given(context, 'object', 'context');
    config rollout_configuration;
begin
    if pg_is_in_recovery() and command = 'checkHealth' then  -- a standby can lock nothing, and still report
        perform rollout.open_change(coalesce(given, '{}') || jsonb_build_object('command', command));
        return next rollout.active(feature);
        return;
    end if;
    perform rollout.lock_row(feature);
    config := rollout.write_ends(rollout.active(feature));  -- as the last writer left it
    if not rollout.open_change(coalesce(given, '{}') || jsonb_build_object(
        'command', command, 'reason', reason, 'action', action)) then
        perform rollout.open_exposure(feature, command);
        return next config;
    end if;
end $$;
comment on function rollout.lock(text, text, text, jsonb, text) is
    'Opens a change: the active configuration, locked until the transaction ends; no row if the change is a repeat.';

create or replace function rollout.answer(feature text, details jsonb default '{}', look rollout.look default null)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    change constant jsonb := rollout.current_change();
    config constant rollout_configuration := rollout.active(feature);
    entry rollout_history;
begin
    select * into entry from rollout_history h where h.id = (change ->> 'operation_id')::uuid;
    perform rollout.close_exposure(feature, change);
    perform rollout.close_change();
    return details || coalesce(rollout.object_in(entry.metadata, 'details'), '{}') || jsonb_build_object(
        'command', change ->> 'command',
        'changed', entry.id is not null,
        'change', rollout.history_entry(entry),
        'ended_sessions', coalesce(
            rollout.array_in(entry.metadata, 'ended_sessions'), change -> 'ended_sessions', '[]'),
        'status', rollout.describe_status(
            config, rollout.look_at(config, case when entry.id is null then look end)));
end $$;
comment on function rollout.answer(text, jsonb, rollout.look) is
    'Closes a change and answers: whether anything changed, its history row with the details, the status after it, of '
    'the look that was taken before if nothing has changed.';

create or replace function rollout.open_exposure(feature text, command text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    answer record;
begin
    -- What names its repositories, and what never lets anybody in, has nothing to say beforehand.
    if rollout.decided_by() = 'host' and not rollout.is_confirmed(rollout.current_change()) and command in (
        'setRollout', 'rollbackToPercentage', 'resume', 'advance', 'undo', 'configure', 'setup')
    then
        select * into answer
        from rollout.ask_host(feature, rollout.repositories_to_ask(), (rollout.host_questions()).before_a_change);
        perform rollout.open_change(rollout.current_change() || jsonb_build_object('exposure', jsonb_build_object(
            'asked', answer.asked, 'admitted', cardinality(answer.admitted))));
    end if;
end $$;
comment on function rollout.open_exposure(text, text) is
    'R11: while the host''s own function decides: how many repositories it lets in before a change.';

create or replace function rollout.close_exposure(feature text, change jsonb)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    asked constant integer := change #>> '{exposure,asked}';
    answer record;
begin
    if asked > 0 and exists (select from rollout_history h where h.id = (change ->> 'operation_id')::uuid) then
        select * into answer from rollout.ask_host(
            feature, (rollout.repositories_to_ask())[1:asked], (rollout.host_questions()).after_a_change);
        perform rollout.refuse_exposure(
            asked, (change #>> '{exposure,admitted}')::integer, cardinality(answer.admitted), case
                when change ->> 'command' in ('setRollout', 'rollbackToPercentage', 'resume') then format(
                    '%s(%s, confirm=True)', change ->> 'command', (rollout.active(feature)).rollout_percentage)
                when change ->> 'command' = 'undo' then format(
                    'undo("%s", confirm=True)', rollout.short_id((change ->> 'undoes')::uuid))
                else (change ->> 'command') || '(…, confirm=True)' end);
    end if;
end $$;
comment on function rollout.close_exposure(text, jsonb) is
    'R11: refuses a change that would have the host''s own function let more repositories in, unless who asked for it '
    'has seen the two numbers.';

create or replace function rollout.lock_row(feature text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    began constant timestamptz := clock_timestamp();
    patience constant text := current_setting('lock_timeout');
begin
    perform rollout.queue_up(feature);
    perform set_config('lock_timeout', greatest(1000, round(
        1000 * extract(epoch from patience::interval - (clock_timestamp() - began))))::text, true);
    lock table rollout_configuration in row exclusive mode;
    -- "No key": history and metrics rows may still refer to the configuration meanwhile.
    perform from rollout_configuration c where c.feature_name = feature and c.is_active for no key update;
    perform set_config('lock_timeout', patience, true);
exception when lock_not_available then
    perform rollout_blocked(feature);
end $$;
comment on function rollout.lock_row(text) is
    'R18: locks a feature''s configuration for a change, which gives up in time and names who is in the way.';

create or replace function rollout.queue_up(feature text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    patience constant text := current_setting('lock_timeout');
begin
    perform set_config('lock_timeout', greatest(100, round(
        1000 * extract(epoch from patience::interval - interval '1 second')))::text, true);
    perform pg_advisory_xact_lock(hashtextextended('rollout.change ' || feature, 0));
    perform set_config('lock_timeout', patience, true);
exception when lock_not_available or deadlock_detected then
    null;  -- whoever is ahead has waited for the row as long as it may, or is not one of us
end $$;
comment on function rollout.queue_up(text) is
    'R10: has changes made one after the other in the order in which they came. Of those who wait for a row that is '
    'updated, PostgreSQL gives it to any, so that among many one might wait too long. A stop does not queue.';
