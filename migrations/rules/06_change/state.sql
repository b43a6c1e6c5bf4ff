-- R5, R6 and R17: the state of a rollout, decided once; screens show it, with since when, by whom and why.

create or replace function rollout.stop_reason(config rollout_configuration)
returns text
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if config.emergency_stop is not true then
        return null;
    end if;
    return coalesce(config.emergency_stop_reason, (
        select h.reason from rollout_history h
        where h.rollout_config_id = config.id and h.action = 'emergency_stop'
          and rollout.is_recorded(h.metadata) is not true
          and h.created_at >= config.emergency_stopped_at - (rollout.clock_limits()).application_stop
        order by h.created_at limit 1));
end $$;
comment on function rollout.stop_reason(rollout_configuration) is
    'R5: why traffic is halted; of a stop made in the browser console, from the row that it wrote into the history.';

create or replace function rollout.last_row_setting(
    config rollout_configuration, fields text[], since timestamptz, with_reason text[] default '{}'
)
returns rollout_history
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select h from rollout_history h
    where h.rollout_config_id = config.id and h.created_at > since and rollout.is_recorded(h.metadata)
      and (h.metadata -> 'after' ?| fields or h.metadata -> 'after' ?| with_reason and h.reason is not null)
    order by h.created_at desc limit 1
$$;
comment on function rollout.last_row_setting(rollout_configuration, text[], timestamptz, text[]) is
    'R10: the newest change after a moment that set one of these fields, or set one of the others and says why: since '
    'when, by whom and why it is so.';

create or replace function rollout.state(config rollout_configuration)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    moved rollout_history;  -- the last change of the percentage: since then it has stood there
    told jsonb;
    name text;
    stopped rollout_history;
begin
    select x.* into moved
    from rollout_history x
    where x.rollout_config_id = config.id and rollout.is_recorded(x.metadata)
      and x.previous_percentage is distinct from x.new_percentage
    order by x.created_at desc limit 1;
    if found then
        told := rollout.full_history_entry(moved);
    end if;
    name := case
        when config.emergency_stop then 'stopped'
        when moved.new_percentage < moved.previous_percentage and (
            config.rollout_percentage = 0 or told ->> 'triggered_by' in ('auto_rollback', 'manual_rollback')
            or rollout.text_in(moved.metadata, 'command') like 'rollback%') then 'rolled_back'
        when config.held_reason is not null then 'held'
        when config.rollout_percentage = 0 then 'not_started'
        else 'running' end;
    if name = 'stopped' then
        stopped := rollout.last_row_setting(
            config, '{emergency_stop,emergency_stop_reason}', config.emergency_stopped_at);
    end if;
    -- All three of one change: who stops or holds once more says why.
    return jsonb_build_object(
        'name', name,
        'since', rollout.known(case name
            when 'stopped' then coalesce(stopped.created_at, config.emergency_stopped_at)
            when 'held' then config.held_at
            else coalesce(moved.created_at, config.percentage_since) end),
        'by', case
            when name = 'stopped' then rollout.author_of(stopped)
            when name = 'held' then config.held_by
            when told ->> 'triggered_by' = 'auto_rollback' then 'auto-rollback'
            else coalesce(rollout.text_in(moved.metadata, 'operator'), told ->> 'triggered_by') end,
        'reason', left(case name
            when 'stopped' then rollout.stop_reason(config)
            when 'held' then config.held_reason
            else told ->> 'reason' end, 2000),
        'from_percentage', moved.previous_percentage);
end $$;
comment on function rollout.state(rollout_configuration) is
    'R5, R6 and R17: the state of a rollout in a word: stopped, rolled_back, held, not_started or running; since when, '
    'by whom, why, and what the percentage was before it was last changed.';

create or replace function rollout.switched_off(config rollout_configuration)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    off rollout_history;
begin
    if config.breaker_enabled is not false then
        return null;
    end if;
    off := rollout.last_row_setting(config, '{breaker_enabled}', '-infinity', with_reason => '{breaker_off_until}');
    return jsonb_strip_nulls(jsonb_build_object(
            'since', off.created_at, 'by', rollout.author_of(off), 'reason', left(off.reason, 2000)))
        || jsonb_build_object('until', config.breaker_off_until);
end $$;
comment on function rollout.switched_off(rollout_configuration) is
    'R8: since when auto-rollback is off, until when, by whom and why; null while it is on.';

create or replace function rollout.without_an_end(config rollout_configuration)
returns table (what text, since timestamptz, message text)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select 'hold', config.held_at, 'the ramp is ' || rollout.hold_phrase(config)
    where rollout.is_held_for_good(config)
    union all
    select 'auto_rollback', o.since, format('auto-rollback is off since %s by %s%s',
        to_char(o.since at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"'), o.off ->> 'by',
        ': ' || left(o.off ->> 'reason', 300))
    from (
        select s.off, (s.off ->> 'since')::timestamptz as since from rollout.switched_off(config) s (off)) o
    where o.since is not null and config.breaker_off_until is null
$$;
comment on function rollout.without_an_end(rollout_configuration) is
    'R8, R17: what is switched off until somebody switches it on again: the ramp by a hold, auto-rollback.';

create or replace function rollout.phase(config rollout_configuration)
returns text
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    -- Also while it is stopped or held, which is the state then.
    return case when config.rollout_percentage = 0 and (rollout.state(config) ->> 'from_percentage')::numeric > 0
        then 'rolled back' else (rollout.step_in_plan(config)).name end;
end $$;
comment on function rollout.phase(rollout_configuration) is
    'R2, R6: where a rollout stands in its plan, in words; at 0 % whether it has not started or was rolled back.';
