-- R17: a hold keeps the percentage. Nobody raises it until the hold is released or its end has come; lowering, stopping
-- and the breaker go on.

create or replace function public.rollout_hold(
    reason text default null, until text default null, feature_name text default 'hybrid_progressive_capture',
    context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    given constant text := nullif(trim(left(reason, 2000)), '');
    ends constant timestamptz := rollout.moment_until(until, 'rollout.hold("looking", until="2h")');
begin
    for config in select * from rollout.lock(feature_name, 'hold', given, context) loop
        if config.held_reason is null or given is not null then
            config := rollout.held(
                config, coalesce(given, 'no reason given'), rollout.current_change() ->> 'operator', ends);
        elsif ends is not null then
            config.held_until := ends;  -- of the hold that there is, which stays whose it is
        end if;
        perform rollout.store(config);
    end loop;
    return rollout.answer(feature_name);
end $$;
comment on function public.rollout_hold(text, text, text, jsonb) is
    'rollout.hold(), R17: nobody raises the percentage until release(), or until a moment; it replaces what was asked '
    'before, and without a reason only its end.';

create or replace function public.rollout_release(
    feature_name text default 'hybrid_progressive_capture', reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
begin
    for config in select * from rollout.lock(feature_name, 'release', reason, context) loop
        if config.held_reason is not null then
            -- Whoever releases has seen these: while they last, they don't hold the ramp again, at any step.
            config.accepted_signals := array(select s.name from rollout.weak_signals(config) s);
            config.held_reason := null;
            config.held_by := null;
            if rollout.health(config) ->> 'check_leads_to' = 'hold' then  -- what led here would hold it at once
                config.restarted_at := clock_timestamp();
            end if;
            perform rollout.store(config);
        end if;
    end loop;
    return rollout.answer(feature_name);
end $$;
comment on function public.rollout_release(text, text, jsonb) is
    'rollout.release(), R17: lifts a hold, and after a breach health starts afresh. While the ramp goes by itself or '
    'warnings are acted on, the weak signals of this moment are accepted until they end.';
