-- R5 and R17: the active configuration of a feature, the percentage that is in effect, and whether it is held for good.

create or replace function rollout.no_active(feature text)
returns text
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    others constant text[] := array(
        select left(c.feature_name, 100) from rollout_configuration c where c.is_active order by 1 limit 5);
begin
    return format('no active rollout for feature %s', coalesce(quote_literal(left(feature, 100)), 'null'))
        || case when others = '{}' then '; to create one, type in a shell: rollout-console setup'
            else format(', but for %1$s; to use one, type rollout.use(feature="%2$s"), or in a shell: export '
                        'ROLLOUT_FEATURE=%2$s', array_to_string(others, ', '), others[1]) end;
end $$;
comment on function rollout.no_active(text) is
    'R13: that a feature has no active rollout, which have one, and what to type.';

create or replace function rollout.active(feature text)
returns rollout_configuration
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config rollout_configuration;
begin
    select * into config from rollout_configuration c where c.feature_name = feature and c.is_active;
    if not found then
        if row_security_active('public.rollout_configuration') and not exists (select from rollout_configuration) then
            raise exception 'this key or role may not read the rollout''s tables, or there is no rollout in them; '
                'set SUPABASE_SECRET_KEY, then start again' using errcode = 'RC003';
        end if;
        raise exception '%', rollout.no_active(feature) using errcode = 'RC003';
    end if;
    return rollout.usable(config);
end $$;
comment on function rollout.active(text) is
    'The active configuration of a feature, with values that can be used; RC003 if there is none, or if row-level '
    'security hides all of them.';

create or replace function rollout.percentage_in_effect(config rollout_configuration)
returns integer
language sql immutable
as $$ select case when config.emergency_stop then 0 else coalesce(config.rollout_percentage, 0) end $$;
comment on function rollout.percentage_in_effect(rollout_configuration) is
    'R5: the percentage that is set, or 0 during an emergency stop.';

create or replace function rollout.is_held_for_good(config rollout_configuration)
returns boolean
language sql immutable
as $$ select config.held_reason is not null and config.held_until is null $$;
comment on function rollout.is_held_for_good(rollout_configuration) is
    'R17: whether a hold stands until somebody releases it; what the breaker and a weak signal do is this.';

create or replace function rollout.breaker_is_armed(config rollout_configuration)
returns boolean
language sql immutable
as $$
    select config.is_active and config.breaker_enabled
           and not config.emergency_stop and config.rollout_percentage > 0
$$;
comment on function rollout.breaker_is_armed(rollout_configuration) is
    'R8: auto-rollback is on and traffic is flowing, so a breach would be acted on.';

create or replace function rollout.can_trip(config public.rollout_configuration)
returns boolean
language plpgsql immutable
as $$
#variable_conflict use_variable
begin
    return rollout.breaker_is_armed(config) and config.max_error_rate < 100  -- no rate is above 100 %
       and (config.on_breach <> 'hold' or not rollout.is_held_for_good(config));  -- a hold adds nothing to a hold
end $$;
comment on function rollout.can_trip(rollout_configuration) is
    'R8: whether any report could trip the breaker; if not, reports are counted and not judged.';
