-- R8 and R17: what the breaker does once there is a breach.

create or replace function rollout.falls_to(config rollout_configuration)
returns integer
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    -- The host's own function may let more repositories in at a lower percentage, of which it knows only a few.
    select case when config.on_breach = 'step_back' and rollout.decided_by() is distinct from 'host'
        then (rollout.step_in_plan(config)).below else 0 end
$$;
comment on function rollout.falls_to(rollout_configuration) is
    'R8 and R17: the percentage to which a breach lowers: 0, or the step before under step_back.';

create or replace function rollout.trip_breaker(
    config rollout_configuration, health jsonb, change jsonb, details jsonb default '{}'
)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    breaker constant text := 'auto-rollback';
    why constant text := coalesce(change ->> 'reason', rollout.trip_reason(config, health));
    evidence constant jsonb := health || jsonb_build_object(
        'check_leads_to', 'nothing',  -- more than this
        'on_breach', config.on_breach, 'main_errors', rollout.main_errors(config),
        'main_repository', rollout.main_repository(config));
begin
    if rollout.breach_holds(config, (health -> 'shared')::boolean) then
        if not rollout.is_held_for_good(config) then  -- else it is held for this already, or an operator's own stays
            perform rollout.open_change(change);
            perform rollout.hold_automatically(config, why, evidence, breaker, details);
        end if;
        return;
    end if;
    perform rollout.open_change(change || jsonb_build_object(
        'action', 'rollback', 'triggered_by', 'auto_rollback', 'evidence', evidence, 'reason', why));
    config.rollout_percentage := rollout.falls_to(config);
    if config.rollout_percentage > 0 then
        -- What fails at a step would fail there again: a person says when to go on. The errors that led here must not
        -- lead further down, so health starts afresh.
        if not rollout.is_held_for_good(config) then
            config := rollout.held(config, why, breaker, null);
        end if;
        config.restarted_at := clock_timestamp();
    end if;
    perform rollout.store(config, details);
end $$;
comment on function rollout.trip_breaker(rollout_configuration, jsonb, jsonb, jsonb) is
    'R8 and R17: acts on a breach as on_breach says: 0 %, the step before and a hold, or a hold, which is all if the '
    'control fails as well; with the health that called for it and the main errors as evidence, and as its reason '
    'unless the change has one.';

create or replace function rollout.trip(
    config rollout_configuration, health jsonb, change jsonb, details jsonb default '{}'
)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    config := rollout.write_ends(config);
    perform rollout.trip_breaker(config, coalesce(health, rollout.health(config)), change, details);
exception when others then  -- R18: the evidence may fail, and the fall to 0 % needs none of it
    if config.on_breach = 'hold' then
        raise;
    end if;
    change := jsonb_build_object('operation_id', gen_random_uuid()) || change || jsonb_build_object(
        'action', 'rollback', 'triggered_by', 'auto_rollback',
        'reason', 'a breach, of which the evidence can''t be read: ' || sqlerrm);
    perform rollout.halt_row(config.id, false, change);
    -- Whoever answers finds its row by it. The history is not asked for it: it may be what has failed.
    perform set_config('rollout.change', change::text, true);
end $$;
comment on function rollout.trip(rollout_configuration, jsonb, jsonb, jsonb) is
    'R8 and R18: trips the breaker with its evidence, health as it is now unless it is given; falls to 0 % '
    'where that fails.';

create or replace function rollout.hold_automatically(
    config rollout_configuration, why text, evidence jsonb, held_by text, details jsonb
)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    config := rollout.held(config, left(why, 1000), held_by, null);
    perform rollout.open_change(rollout.current_change() || jsonb_build_object(
        'command', 'hold', 'triggered_by', 'auto_hold', 'evidence', evidence, 'reason', left(why, 1000)
            || '; to go on: rollout.release(); to leave: rollout.rollbackToZero()'));
    perform rollout.store(config, details);
end $$;
comment on function rollout.hold_automatically(rollout_configuration, text, jsonb, text, jsonb) is
    'R17: holds a locked configuration, with why in the history and both commands that answer it.';
