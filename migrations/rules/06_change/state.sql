-- R5, R6 and R17: the state of a rollout, decided once; screens show it, with since when, by whom and why.

create or replace function rollout.stop_reason(config rollout_configuration)
returns text
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return case when config.emergency_stop then coalesce(config.emergency_stop_reason, (
        select h.reason from rollout_history h
        where h.rollout_config_id = config.id and h.action = 'emergency_stop'
          and rollout.is_recorded(h.metadata) is not true
          and h.created_at >= config.emergency_stopped_at - (rollout.clock_limits()).application_stop
        order by h.created_at limit 1)) end;
end $$;
comment on function rollout.stop_reason(rollout_configuration) is
    'R5: why traffic is halted; of a stop made in the browser console, from the row that it wrote into the history.';

create or replace function rollout.state(config rollout_configuration)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    -- The last change of the percentage says since when it stands there; of a stop and a hold, the row itself does.
    return (
        select jsonb_build_object(
            'name', s.name,
            'since', rollout.known(
                case s.name when 'stopped' then config.emergency_stopped_at when 'held' then config.held_at
                            else coalesce(h.created_at, config.percentage_since) end),
            'by', case s.name
                when 'stopped' then (
                    select coalesce(rollout.text_in(x.metadata, 'operator'), x.triggered_by)
                    from rollout_history x
                    where x.rollout_config_id = config.id and x.created_at >= config.emergency_stopped_at
                      and rollout.is_recorded(x.metadata) and x.metadata #> '{after,emergency_stop}' = 'true'
                    order by x.created_at limit 1)
                when 'held' then config.held_by
                else case when h.triggered_by = 'auto_rollback' then 'auto-rollback'
                          else coalesce(rollout.text_in(h.metadata, 'operator'), h.triggered_by) end end,
            'reason', left(case s.name when 'stopped' then rollout.stop_reason(config)
                                       when 'held' then config.held_reason else h.reason end, 2000),
            'from_percentage', h.previous_percentage)
        from (values (1)) one
        left join lateral (
            select (f.x).previous_percentage, (f.x).new_percentage, (f.x).created_at, (f.x).metadata,
                   e.echo ->> 'triggered_by' as triggered_by, e.echo ->> 'reason' as reason
            from (
                select x from rollout_history x
                where x.rollout_config_id = config.id and rollout.is_recorded(x.metadata)
                  and x.previous_percentage is distinct from x.new_percentage
                order by x.created_at desc limit 1
            ) f
            cross join lateral rollout.full_history_entry(f.x) e (echo)
        ) h on true
        cross join lateral (
            select case
                when config.emergency_stop then 'stopped'
                when h.new_percentage < h.previous_percentage and (
                    config.rollout_percentage = 0 or h.triggered_by in ('auto_rollback', 'manual_rollback')
                    or rollout.text_in(h.metadata, 'command') like 'rollback%') then 'rolled_back'
                when config.held_reason is not null then 'held'
                when config.rollout_percentage = 0 then 'not_started'
                else 'running' end as name
        ) s);
end $$;
comment on function rollout.state(rollout_configuration) is
    'R5, R6 and R17: the state of a rollout in a word: stopped, rolled_back, held, not_started or running; since when, '
    'by whom, why, and what the percentage was before it was last changed.';

create or replace function rollout.switched_off(config rollout_configuration)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select case when not config.breaker_enabled then coalesce((
        select jsonb_build_object(
            'since', h.created_at, 'by', coalesce(rollout.text_in(h.metadata, 'operator'), h.triggered_by),
            'reason', left(h.reason, 2000))
        from rollout_history h
        where h.rollout_config_id = config.id and rollout.is_recorded(h.metadata)
          and h.metadata -> 'after' ?| '{breaker_enabled,breaker_off_until}'
        order by h.created_at desc limit 1), '{}') || jsonb_build_object('until', config.breaker_off_until) end
$$;
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
