-- R17: a hold keeps the percentage. Nobody raises it until the hold is released; lowering, stopping and the breaker go
-- on.

create or replace function public.rollout_hold_phrase(config rollout_configuration)
returns text
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select format('held since %s by %s: %s', to_char(config.held_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"'),
        config.held_by, left(config.held_reason, 300))
$$;
comment on function public.rollout_hold_phrase(rollout_configuration) is
    'R17: since when, by whom and why a ramp is held.';

create or replace function public.rollout_refuse_raise_while_held(became rollout_configuration)
returns void
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
begin
    select * into config from rollout_configuration c
    where c.id = became.id and c.held_reason is not null and became.rollout_percentage > c.rollout_percentage;
    if found then
        raise exception 'the ramp is %; to raise it from % %% to % %%, first type rollout.release()',
            rollout_hold_phrase(config), config.rollout_percentage, became.rollout_percentage using errcode = 'RC002';
    end if;
end $$;
comment on function public.rollout_refuse_raise_while_held(rollout_configuration) is
    'R17: raises RC002 if a held configuration would get a higher percentage; each change of ours passes here.';

create or replace function public.rollout_hold(
    reason text default null, feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    given constant text := nullif(trim(left(reason, 2000)), '');
begin
    for config in select * from rollout_lock(feature_name, 'hold', given, context) loop
        -- A second hold without a reason must not wipe out the first one's.
        if config.held_reason is null or given is not null then
            config.held_reason := coalesce(given, 'no reason given');
            config.held_by := coalesce(left(context ->> 'operator', 200), 'unknown');
        end if;
        perform rollout_store(config);
    end loop;
    return rollout_answer(feature_name);
end $$;
comment on function public.rollout_hold(text, text, jsonb) is
    'rollout.hold(), R17: nobody raises the percentage until release().';

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
    for config in select * from rollout_lock(feature_name, 'release', reason, context) loop
        if config.held_reason is not null then
            -- Whoever releases has seen these: while they last, they don't hold the ramp again, at any step.
            config.accepted_signals := array(select s.name from rollout_weak_signals(config) s);
        end if;
        config.held_reason := null;
        config.held_by := null;
        perform rollout_store(config);
    end loop;
    return rollout_answer(feature_name);
end $$;
comment on function public.rollout_release(text, text, jsonb) is
    'rollout.release(), R17: lifts a hold; with auto_advance, the weak signals of this moment are accepted until they '
    'end.';

create or replace function public.rollout_weak_signals(config rollout_configuration)
returns table (name text, message text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    health constant jsonb := rollout_health(config);
begin
    return query
    select health ->> 'verdict', rollout_trip_reason(config, health)
    where health ->> 'verdict' in ('above_threshold', 'breach')
    union all
    select w.name, w.message from rollout_outcome_warnings(config) w;
end $$;
comment on function public.rollout_weak_signals(rollout_configuration) is
    'R17: what speaks against going on and calls for no rollback: a rate above the threshold on weak evidence, and '
    'what is wrong with the jobs (R16). No jobs are no signal.';

create or replace function public.rollout_hold_warnings(config rollout_configuration)
returns table (name text, message text, command text)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select 'raised_while_held',
           format('raised from %s %% to %s %% outside the console on %s, although the ramp is held',
                  h.previous_percentage, h.new_percentage,
                  to_char(h.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"')),
           format('rollout.rollbackToPercentage(%s)', h.previous_percentage)
    from rollout_history h
    where config.held_reason is not null and h.rollout_config_id = config.id and h.created_at >= config.held_at
      and (h.metadata ->> 'outside_console')::boolean and h.new_percentage > h.previous_percentage
      and config.rollout_percentage > h.previous_percentage
    order by h.created_at
    limit 1
$$;
comment on function public.rollout_hold_warnings(rollout_configuration) is
    'R17: a raise by the browser console, which writes the row itself and can''t be refused, while the ramp is held.';
