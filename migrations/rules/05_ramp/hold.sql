-- R17: what a hold says, and what calls for one without calling for a rollback.

create or replace function rollout.hold_phrase(config rollout_configuration)
returns text
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return format('held since %s%s by %s: %s', to_char(config.held_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"'),
        ' until ' || to_char(config.held_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"'), config.held_by,
        left(config.held_reason, 300));
end $$;
comment on function rollout.hold_phrase(rollout_configuration) is
    'R17: since when, until when, by whom and why a ramp is held.';

create or replace function rollout.held(config rollout_configuration, reason text, by text, ends timestamptz)
returns rollout_configuration
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    config.held_reason := reason;
    config.held_by := left(coalesce(by, 'unknown'), 200);
    config.held_until := ends;
    return config;
end $$;
comment on function rollout.held(rollout_configuration, text, text, timestamptz) is
    'R17: a configuration with a hold in the place of the one that it had; without an end until it is released.';

create or replace function rollout.weak_signals(config rollout_configuration)
returns table (name text, message text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    look constant rollout.look := rollout.look_at(config);
begin
    return query
    select look.health ->> 'verdict', rollout.trip_reason(config, look.health)
    where look.health ->> 'verdict' in ('above_threshold', 'breach')
    union all
    select w ->> 'name', w ->> 'message' from jsonb_array_elements(look.warnings) w
    where w ->> 'name' <> 'unreadable'
    union all
    select s.name, s.message from rollout.signs(config, look) s;
end $$;
comment on function rollout.weak_signals(rollout_configuration) is
    'R17: what speaks against going on and calls for no rollback: a rate above the threshold on weak evidence, what is '
    'wrong with the jobs (R16), and the signs of the reports. No jobs are no signal.';

create or replace function rollout.hold_warnings(config rollout_configuration)
returns table (name text, message text, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select 'raised_while_held',
           format('raised from %s %% to %s %% outside the console on %s, although the ramp is held',
                  h.previous_percentage, h.new_percentage,
                  to_char(h.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"')),
           format('rollout.rollbackToPercentage(%s)', h.previous_percentage)
    from rollout_history h
    where config.held_reason is not null and h.rollout_config_id = config.id and h.created_at >= config.held_at
      and rollout.flag_in(h.metadata, 'outside_console') and h.new_percentage > h.previous_percentage
      and config.rollout_percentage > h.previous_percentage
    order by h.created_at
    limit 1;
end $$;
comment on function rollout.hold_warnings(rollout_configuration) is
    'R17: a raise by the browser console, which writes the row itself and can''t be refused, while the ramp is held.';
