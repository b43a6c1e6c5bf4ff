-- R17: when the ramp may rise: inside the change window, by the clock on the wall of its time zone.

create or replace function rollout.change_window_opens(change_window text, at timestamptz)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if change_window is null then
        return at;
    end if;
    -- Quarter by quarter on the wall's clock, which may be set forward or back meanwhile: the offset of every zone is
    -- a whole number of quarters, as are the ends of a window. For fifteen days, since the only hour of a week may be
    -- the one that is skipped.
    return (
        select min(t.moment)
        from rollout.read_change_window(change_window) w
        cross join lateral (
            select at as moment
            union all
            select generate_series(date_bin('15 minutes', at, 'epoch') + interval '15 minutes', at + interval '15 days',
                                   interval '15 minutes')
        ) t
        cross join lateral (select t.moment at time zone w.zone as clock) wall
        where extract(isodow from wall.clock) = any (w.days)
          and wall.clock::time >= w.opens and wall.clock::time < w.closes);
end $$;
comment on function rollout.change_window_opens(text, timestamptz) is
    'R17: the first moment from this one on that lies in the window: this one, if it does.';

create or replace function rollout.calendar_gates(config rollout_configuration)
returns table (name text, open boolean, message text, opens_at timestamptz, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select 'window', w.opens_at = w.present, format('%s the change window %s',
            case when w.opens_at = w.present then 'inside' else 'outside' end, config.plan ->> 'change_window'),
           w.opens_at, 'rollout.plan()'
    from (
        select p.present, rollout.change_window_opens(config.plan ->> 'change_window', p.present) as opens_at
        from clock_timestamp() p (present)
    ) w
    where config.plan ? 'change_window';
end $$;
comment on function rollout.calendar_gates(rollout_configuration) is 'R17: the gates of the calendar.';
