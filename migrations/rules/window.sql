-- R17: when the ramp may rise: inside the change window, by the clock on the wall of its time zone, and in no freeze.

create or replace function public.rollout_read_window(
    change_window text, out days integer[], out opens time, out closes time, out zone text
)
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    week constant text[] := '{mon,tue,wed,thu,fri,sat,sun}';
    parts constant text[] := regexp_match(change_window,
        '^([[:alpha:]]{3}(?:[,-][[:alpha:]]{3})*) ([01]\d|2[0-3]):(00|15|30|45)'
        '-((?:[01]\d|2[0-3]):(?:00|15|30|45)|24:00) (\S+)$');
begin
    if regexp_split_to_array(lower(parts[1]), '[,-]') <@ week and parts[4] > parts[2] || ':' || parts[3] then
        select array_agg(distinct 1 + (first - 1 + later) % 7) into days
        from regexp_split_to_table(lower(parts[1]), ',') part
        cross join array_position(week, split_part(part, '-', 1)) first
        cross join array_position(week, split_part(part, '-', -1)) last
        cross join generate_series(0, (last - first + 7) % 7) later;
        opens := parts[2] || ':' || parts[3];
        closes := parts[4];
        zone := parts[5];
    end if;
end $$;
comment on function public.rollout_read_window(text) is
    'R17: a window such as Mon-Thu 09:00-16:00 Europe/Berlin in parts, days from Monday = 1; nulls for any other text.';

create or replace function public.rollout_check_window(change_window text)
returns void
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if change_window is not null and not exists (
        select from rollout_read_window(change_window) w join pg_timezone_names z on lower(z.name) = lower(w.zone)) then
        raise exception 'a window is days, quarters of an hour from and to, and a time zone, or always, not %; '
            'type for example rollout.plan(window="Mon-Thu 09:00-16:00 Europe/Berlin")',
            quote_literal(left(change_window, 60)) using errcode = 'RC001';
    end if;
end $$;
comment on function public.rollout_check_window(text) is 'R17: raises RC001 unless this is a window, or null.';

create or replace function public.rollout_window_opens(change_window text, at timestamptz)
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
        from rollout_read_window(change_window) w
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
comment on function public.rollout_window_opens(text, timestamptz) is
    'R17: the first moment from this one on that lies in the window: this one, if it does.';

create or replace function public.rollout_frozen_until(config rollout_configuration)
returns timestamptz
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select u.until from (select (config.plan ->> 'frozen_until')::timestamptz as until) u
    where u.until > clock_timestamp()
$$;
comment on function public.rollout_frozen_until(rollout_configuration) is
    'R17: the end of a freeze; null if none is on.';

create or replace function public.rollout_may_raise_at(config rollout_configuration, at timestamptz)
returns timestamptz
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select rollout_window_opens(config.plan ->> 'change_window', greatest(at, rollout_frozen_until(config)))
$$;
comment on function public.rollout_may_raise_at(rollout_configuration, timestamptz) is
    'R17: the first moment from this one on that neither a window nor a freeze forbids.';

create or replace function public.rollout_window_gates(config rollout_configuration)
returns table (name text, open boolean, message text, opens_at timestamptz, command text)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select 'window', w.opens_at = w.present, format('%s the change window %s',
            case when w.opens_at = w.present then 'inside' else 'outside' end, config.plan ->> 'change_window'),
           w.opens_at, 'rollout.plan(window="always")'
    from (
        select p.present, rollout_window_opens(config.plan ->> 'change_window', p.present) as opens_at
        from clock_timestamp() p (present)
    ) w
    where config.plan ? 'change_window'
    union all
    select 'freeze', false, 'frozen until ' || to_char(f.until at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"'), f.until,
           'rollout.plan(freeze="off")'
    from rollout_frozen_until(config) f (until)
    where f.until is not null
$$;
comment on function public.rollout_window_gates(rollout_configuration) is 'R17: the gates of the calendar.';
