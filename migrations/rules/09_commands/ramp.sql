-- R17: one step up the plan, by hand or by itself. The gates are asked under the lock of the change that raises.

create or replace function rollout.raise_to_next_step(config rollout_configuration, forced boolean)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    place constant record := rollout.step_in_plan(config);
    shut constant jsonb := rollout.shut_gates(config);
    details jsonb;
begin
    details := jsonb_build_object('next_percentage', place.next, 'shut', shut, 'outcome', case
        when place.next is null then 'finished' when shut = '[]' or forced then 'advanced' else 'shut' end);
    if details ->> 'outcome' = 'advanced' then
        if shut <> '[]' then
            perform rollout.open_change(
                rollout.current_change() || jsonb_build_object('evidence', jsonb_build_object('shut', shut)));
        end if;
        config.rollout_percentage := place.next;
        perform rollout.store(config, details);
    end if;
    return details;
end $$;
comment on function rollout.raise_to_next_step(rollout_configuration, boolean) is
    'R17: raises a locked configuration to the next step if every gate is open or it is forced; which gates were shut.';

create or replace function public.rollout_advance(
    force boolean default false, feature_name text default 'hybrid_progressive_capture', reason text default null,
    context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    details jsonb := '{}';
begin
    if force and nullif(trim(reason), '') is null then
        raise exception 'advance past a shut gate needs a reason, for the history; '
            'type for example rollout.advance("checked by hand", force=True)' using errcode = 'RC001';
    end if;
    for config in select * from rollout.lock(feature_name, 'advance', reason, context) loop
        details := rollout.raise_to_next_step(config, coalesce(force, false));
    end loop;
    return rollout.answer(feature_name, details);
end $$;
comment on function public.rollout_advance(boolean, text, text, jsonb) is
    'rollout.advance(), R17: one step up the plan, or which gates are shut; past them only with a reason, which is '
    'recorded with them.';

create or replace function public.rollout_auto_advance(
    feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    details jsonb := '{}';
begin
    for config in select * from rollout.lock(feature_name, 'advance', null,
        coalesce(rollout.given(context, 'object', 'context'), '{}') || '{"triggered_by": "auto_advance"}')
    loop
        details := rollout.advance_or_hold(config);
    end loop;
    return rollout.answer(feature_name, details);
end $$;
comment on function public.rollout_auto_advance(text, jsonb) is
    'R17: what the monitor and a line of pg_cron call: with auto_advance one step up if every gate is open, or a hold '
    'on a weak signal.';

create or replace function rollout.advance_or_hold(config rollout_configuration)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    idle constant jsonb := '{"next_percentage": null, "shut": [], "outcome": "idle"}';
    place constant record := rollout.step_in_plan(config);
    signals jsonb;
begin
    -- What is at 0 % was never started or was rolled back, and whom the host's own function would let in is to be seen
    -- before: a person raises it.
    if not config.auto_advance or rollout.percentage_in_effect(config) = 0 or config.held_reason is not null
        or rollout.decided_by() = 'host' then
        return idle;
    elsif place.next is null then
        config.auto_advance := false;
        perform rollout.open_change(rollout.current_change() || jsonb_build_object('reason', format(
            'the plan ends at %s %%: auto_advance is off', config.rollout_percentage)));
        perform rollout.store(config, idle || '{"outcome": "finished"}');
        return idle || '{"outcome": "finished"}';
    end if;
    signals := (select coalesce(jsonb_agg(s), '[]') from rollout.weak_signals(config) s);
    config.accepted_signals := array(
        select a from unnest(config.accepted_signals) a where jsonb_path_query_array(signals, '$[*].name') ? a);
    perform rollout.store(config);
    signals := (select coalesce(jsonb_agg(s), '[]') from jsonb_array_elements(signals) s
                where s ->> 'name' <> all (config.accepted_signals));
    if signals <> '[]' then
        perform rollout.hold_automatically(config, signals #>> '{0,message}', jsonb_build_object('signals', signals),
            'auto-hold', idle || '{"outcome": "held"}');
        return idle || '{"outcome": "held"}';
    end if;
    perform rollout.open_change(rollout.current_change() || '{"reason": "every gate is open"}');
    return rollout.raise_to_next_step(config, false);
end $$;
comment on function rollout.advance_or_hold(rollout_configuration) is
    'R17: what the automatic advance does with a locked configuration.';
