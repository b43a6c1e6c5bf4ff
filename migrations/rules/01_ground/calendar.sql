-- R17: what a change window is in words, such as Mon-Thu 09:00-16:00 Europe/Berlin.

create or replace function rollout.read_change_window(
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
comment on function rollout.read_change_window(text) is
    'R17: a window such as Mon-Thu 09:00-16:00 Europe/Berlin in parts, days from Monday = 1; nulls for any other text.';

create or replace function rollout.check_change_window(change_window text)
returns void
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if change_window is not null and not exists (
        select from rollout.read_change_window(change_window) w
        join pg_timezone_names z on lower(z.name) = lower(w.zone)) then
        raise exception 'a window is days, quarters of an hour from and to, and a time zone, or always, not %; '
            'type for example rollout.plan(window="Mon-Thu 09:00-16:00 Europe/Berlin")',
            quote_literal(left(change_window, 60)) using errcode = 'RC001';
    end if;
end $$;
comment on function rollout.check_change_window(text) is 'R17: raises RC001 unless this is a window, or null.';
