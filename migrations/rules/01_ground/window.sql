-- R7: where the window of health begins, and the slots of time in which jobs are counted.

create or replace function rollout.window_start(config rollout_configuration)
returns timestamptz
language plpgsql stable  -- asked at each failure; in SQL, it would be planned each time
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return greatest(
        clock_timestamp() - make_interval(hours => config.monitoring_window_hours), config.restarted_at);
end $$;
comment on function rollout.window_start(rollout_configuration) is
    'R7: the window reaches monitoring_window_hours back, but never past the last restart.';

create or replace function rollout.slot_length(config rollout_configuration)
returns interval
language sql immutable
as $$ select make_interval(hours => config.monitoring_window_hours) / rollout.slots_of_a_window() $$;
comment on function rollout.slot_length(rollout_configuration) is
    'R7: how long a slot of time is, of which a window has as many as rollout.slots_of_a_window says.';

create or replace function rollout.is_late(at timestamptz, restarted_at timestamptz)
returns boolean
language sql immutable
as $$ select restarted_at - at = interval '1 microsecond' $$;
comment on function rollout.is_late(timestamptz, timestamptz) is
    'R7: whether rollout.counted_at has dated a job just before the restart that it began before: it was reported '
    'after it, and is judged by nothing.';

create or replace function rollout.slot_start(config rollout_configuration, at timestamptz)
returns timestamptz
language sql immutable
as $$
    -- A job leaves the window exactly to a slot, and a window is never more than 288 rows for each processor, arm and
    -- folder. A slot never spans a restart, a stop or a lowering.
    select case
        when at = '-infinity' then at
        when rollout.is_late(at, config.restarted_at) then at  -- apart from what was judged when it was reported
        else greatest(
            date_bin(rollout.slot_length(config), at, 'epoch'),
            case when at >= config.restarted_at then config.restarted_at end,
            case when at >= config.narrowed_at then config.narrowed_at end)
    end
$$;
comment on function rollout.slot_start(rollout_configuration, timestamptz) is
    'R7: the beginning of the slot of time in which a job is counted.';
