-- R4, R9: what may be typed as an argument, and how messages say a time or an id. One function refuses what is outside
-- its range, and no function clamps.

create or replace function rollout.within(
    name text, value numeric, low integer, high integer, example text
)
returns integer
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    -- "is not true": null and NaN are refused with the rest
    if (value between low and high and value = trunc(value)) is not true then
        raise exception '% is a whole number from % to %, not %; type for example %',
            name, low, to_char(high, 'FM999,999,999'), coalesce(left(value::text, 30), 'null'), example
            using errcode = 'RC001';
    end if;
    return value;
end $$;
comment on function rollout.within(text, numeric, integer, integer, text) is
    'Returns a whole number that lies within its range, or raises RC001 with its name and what to type.';

create or replace function rollout.within_percent(rate double precision)
returns double precision
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if (rate between 0 and 100) is not true then
        raise exception 'error_rate is a percentage from 0 to 100; type for example rollout.simulate(200, 20)'
            using errcode = 'RC001';
    end if;
    return rate;
end $$;
comment on function rollout.within_percent(double precision) is
    'Returns an error rate of practice jobs, or raises RC001.';

create or replace function rollout.whole_percentage(percentage numeric, example text)
returns integer
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return rollout.within('a percentage', percentage, 0, 100, example);
end $$;
comment on function rollout.whole_percentage(numeric, text) is
    'R4: refuses whatever is not a whole number from 0 to 100.';

create or replace function rollout.moment(given text, direction integer)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
set timezone = 'UTC'  -- of a time that is given without a zone
as $$
declare
    span constant text[] := regexp_match(lower(given), '^\s*(\d{1,5})\s*([smhd])\s*$');
begin
    if span is not null then
        return clock_timestamp()
            + direction * (span[1] || case span[2] when 'm' then 'min' else span[2] end)::interval;
    elsif lower(given) ~ '^\s*(today|tomorrow)\s+\d\d?:\d\d\s*$' then
        return given::timestamptz;
    elsif given ~ '^\s*\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?\s*(Z|[+-]\d\d(:?\d\d)?)?\s*$' then
        return given::timestamptz;
    end if;
    return null;
exception when data_exception then  -- of the 31st of June
    return null;
end $$;
comment on function rollout.moment(text, integer) is
    'The moment that an operator names, by a span from now (direction 1) or up to now (-1), as today or tomorrow at a '
    'time, or in ISO 8601; null for any other text.';

create or replace function rollout.moment_until(given text, example text)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    moment constant timestamptz := rollout.moment(given, 1);
begin
    if given is not null and (moment > clock_timestamp()) is not true then
        raise exception
            'until is a time to come, as "2h", "3d", "tomorrow 09:00" or "2030-01-31T12:00Z", not %; type %',
            quote_literal(left(given, 40)), example using errcode = 'RC001';
    end if;
    return moment;
end $$;
comment on function rollout.moment_until(text, text) is
    'R8, R9, R17: a moment to come that an operator names, as rollout.moment; RC001 for any other text.';

create or replace function rollout.moment_since(given text, example text)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    moment constant timestamptz := rollout.moment(given, -1);
begin
    if (moment <= clock_timestamp()) is not true then
        raise exception 'since is a time that has passed, as "2h", "30m", "3d" or "2026-01-31T12:00Z", not %; type %',
            coalesce(quote_literal(left(given, 40)), 'null'), example using errcode = 'RC001';
    end if;
    return moment;
end $$;
comment on function rollout.moment_since(text, text) is
    'The moment in the past that an operator names, by a span up to now or in ISO 8601; RC001 for any other text.';

create or replace function rollout.time_in_words(span interval)
returns text
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    select case
        when s.seconds < 7200 then floor(s.seconds / 60) || ' min'
        when s.seconds < 2 * 86400 then floor(s.seconds / 3600) || ' h'
        else floor(s.seconds / 86400) || ' days' end
    from (select extract(epoch from span) as seconds) s
$$;
comment on function rollout.time_in_words(interval) is 'A span of time as messages say it: 90 min, 5 h, 3 days.';

create or replace function rollout.short_id(id uuid)
returns text
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$ select left(id::text, 8) $$;
comment on function rollout.short_id(uuid) is 'How a history row is named at the prompt.';
