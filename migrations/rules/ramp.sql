-- R17: one step up the plan, by hand or by itself. The gates are asked under the lock of the change that raises.

create or replace function public.rollout_rise(config rollout_configuration, forced boolean)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    place constant record := rollout_place_in_plan(config);
    shut constant jsonb := rollout_shut_gates(config);
    details jsonb;
begin
    details := jsonb_build_object('next_percentage', place.next, 'shut', shut, 'outcome', case
        when place.next is null then 'finished' when shut = '[]' or forced then 'advanced' else 'shut' end);
    if details ->> 'outcome' = 'advanced' then
        if shut <> '[]' then
            perform rollout_open_change(
                rollout_change() || jsonb_build_object('evidence', jsonb_build_object('shut', shut)));
        end if;
        config.rollout_percentage := place.next;
        perform rollout_store(config, details);
    end if;
    return details;
end $$;
comment on function public.rollout_rise(rollout_configuration, boolean) is
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
    for config in select * from rollout_lock(feature_name, 'advance', reason, context) loop
        details := rollout_rise(config, coalesce(force, false));
    end loop;
    return rollout_answer(feature_name, details);
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
    for config in select * from rollout_lock(feature_name, 'advance', null,
        coalesce(context, '{}') || '{"triggered_by": "auto_advance"}')
    loop
        details := rollout_walk(config);
    end loop;
    return rollout_answer(feature_name, details);
end $$;
comment on function public.rollout_auto_advance(text, jsonb) is
    'R17: what the monitor and a line of pg_cron call: with auto_advance one step up if every gate is open, or a hold '
    'on a weak signal.';

create or replace function public.rollout_walk(config rollout_configuration)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    idle constant jsonb := '{"next_percentage": null, "shut": [], "outcome": "idle"}';
    place constant record := rollout_place_in_plan(config);
    signals jsonb;
begin
    -- What is at 0 % was never started or was rolled back: a person starts it.
    if not config.auto_advance or rollout_percentage_in_effect(config) = 0 or config.held_reason is not null then
        return idle;
    elsif place.next is null then
        config.auto_advance := false;
        perform rollout_open_change(rollout_change() || jsonb_build_object('reason', format(
            'the plan ends at %s %%: auto_advance is off', config.rollout_percentage)));
        perform rollout_store(config, idle || '{"outcome": "finished"}');
        return idle || '{"outcome": "finished"}';
    end if;
    signals := (select coalesce(jsonb_agg(s), '[]') from rollout_weak_signals(config) s);
    config.accepted_signals := array(
        select a from unnest(config.accepted_signals) a where jsonb_path_query_array(signals, '$[*].name') ? a);
    perform rollout_store(config);
    signals := (select coalesce(jsonb_agg(s), '[]') from jsonb_array_elements(signals) s
                where s ->> 'name' <> all (config.accepted_signals));
    if signals <> '[]' then
        perform rollout_hold_by_itself(config, signals #>> '{0,message}', jsonb_build_object('signals', signals),
            'auto-hold', idle || '{"outcome": "held"}');
        return idle || '{"outcome": "held"}';
    end if;
    perform rollout_open_change(rollout_change() || '{"reason": "every gate is open"}');
    return rollout_rise(config, false);
end $$;
comment on function public.rollout_walk(rollout_configuration) is
    'R17: what the automatic advance does with a locked configuration.';

create or replace function public.rollout_hold_by_itself(
    config rollout_configuration, why text, evidence jsonb, held_by text, details jsonb
)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    config.held_reason := left(why, 1000);
    config.held_by := rollout_hold_by_itself.held_by;
    perform rollout_open_change(rollout_change() || jsonb_build_object(
        'command', 'hold', 'triggered_by', 'auto_hold', 'evidence', evidence, 'reason', left(why, 1000)
            || '; to go on: rollout.release(); to leave: rollout.rollbackToZero()'));
    perform rollout_store(config, details);
end $$;
comment on function public.rollout_hold_by_itself(rollout_configuration, text, jsonb, text, jsonb) is
    'R17: holds a locked configuration, with why in the history and both commands that answer it.';
