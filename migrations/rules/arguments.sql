-- The ranges of arguments: one function refuses what is outside, and no function clamps.

create or replace function public.rollout_within(
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
comment on function public.rollout_within(text, numeric, integer, integer, text) is
    'Returns a whole number that lies within its range, or raises RC001 with its name and what to type.';

create or replace function public.rollout_whole_percentage(percentage numeric, example text)
returns integer
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$ select rollout_within('a percentage', percentage, 0, 100, example) $$;
comment on function public.rollout_whole_percentage(numeric, text) is
    'R4: refuses whatever is not a whole number from 0 to 100.';

create or replace function public.rollout_moment(given text, direction integer)
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
    elsif given ~ '^\s*\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?\s*(Z|[+-]\d\d(:?\d\d)?)?\s*$' then
        return given::timestamptz;
    end if;
    return null;
exception when data_exception then  -- of the 31st of June
    return null;
end $$;
comment on function public.rollout_moment(text, integer) is
    'The moment that an operator names, by a span from now (direction 1) or up to now (-1), or in ISO 8601; null for '
    'any other text.';
