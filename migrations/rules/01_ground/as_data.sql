-- R7, R9 and R10: what others wrote, read as data. The application, its browser console, scripts, SQL editors and
-- imports write the rollout's tables: here is a value of the kind that is wanted, or null, which means unknown. Nothing
-- casts such a value elsewhere. Without a search_path of their own, so that they are inlined.

create or replace function rollout.known(value numeric)
returns numeric
language sql immutable parallel safe
as $$ select case when value > '-Infinity' and value < 'Infinity' then value end $$;
comment on function rollout.known(numeric) is 'A number; null for NaN and for what is infinite.';

create or replace function rollout.known(value timestamptz)
returns timestamptz
language sql immutable parallel safe
as $$
    select case when value >= '0001-01-02 00:00:00+00'::timestamptz and value < '9999-12-31 00:00:00+00'::timestamptz
        then value end
$$;
comment on function rollout.known(timestamptz) is
    'A moment of the years 1 to 9999, which are all that most clients can read; null for any other.';

create or replace function rollout.text_in(value jsonb, key text)
returns text
language sql immutable parallel safe
as $$
    select case when pg_catalog.jsonb_typeof(value -> key) in ('string', 'number', 'boolean') then value ->> key end
$$;
comment on function rollout.text_in(jsonb, text) is 'What stands under a key as text; null for an object or an array.';

create or replace function rollout.number_in(value jsonb, key text)
returns numeric
language sql immutable parallel safe
as $$ select case when pg_catalog.jsonb_typeof(value -> key) = 'number' then (value ->> key)::numeric end $$;
comment on function rollout.number_in(jsonb, text) is 'The number under a key; null for anything else.';

create or replace function rollout.flag_in(value jsonb, key text)
returns boolean
language sql immutable parallel safe
as $$ select case value -> key when 'true' then true when 'false' then false end $$;
comment on function rollout.flag_in(jsonb, text) is 'The true or false under a key; null for anything else.';

create or replace function rollout.object_in(value jsonb, key text)
returns jsonb
language sql immutable parallel safe
as $$ select case when pg_catalog.jsonb_typeof(value -> key) = 'object' then value -> key end $$;
comment on function rollout.object_in(jsonb, text) is 'The object under a key; null for anything else.';

create or replace function rollout.array_in(value jsonb, key text)
returns jsonb
language sql immutable parallel safe
as $$ select case when pg_catalog.jsonb_typeof(value -> key) = 'array' then value -> key end $$;
comment on function rollout.array_in(jsonb, text) is 'The array under a key; null for anything else.';

create or replace function rollout.time_in(value jsonb, key text)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
set timezone = 'UTC'
as $$
begin
    return rollout.known((value ->> key)::timestamptz);
exception when data_exception then
    return null;
end $$;
comment on function rollout.time_in(jsonb, text) is 'The moment under a key; null for anything else.';

create or replace function rollout.has_details(metadata jsonb)
returns boolean
language plpgsql immutable parallel safe  -- in SQL, its parts would be taken for rare together, and all history be read
set search_path = pg_catalog, public, pg_temp
as $$
begin
    -- Whoever keeps a "before" of his own in his rows has no details.
    return metadata ? 'after' and jsonb_typeof(metadata -> 'details') = 'object'
       and jsonb_typeof(metadata -> 'before') in ('object', 'null')
       and jsonb_typeof(metadata -> 'after') in ('object', 'null');
end $$;
comment on function rollout.has_details(jsonb) is
    'R10: whether metadata of a row of history is as rollout.write_history makes it.';

create or replace function rollout.is_recorded(metadata jsonb)
returns boolean
language sql immutable parallel safe
as $$ select metadata ? 'before' and rollout.has_details(metadata) $$;  -- the first lets the index be used
comment on function rollout.is_recorded(jsonb) is
    'R10: whether a row of history with this metadata is one that rollout.write_history wrote; the host has its own.';

create or replace function rollout.uuid_in(value text)
returns uuid
language sql immutable parallel safe
as $$ select case when value ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then value::uuid end $$;
comment on function rollout.uuid_in(text) is
    'An id in its usual form; null for anything else. An index of ids finds it, as it finds none of their texts.';

create or replace function rollout.entries(list text[])
returns text[]
language sql immutable parallel safe
as $$
    select array(
        select coalesce(rollout.uuid_in(e.entry)::text, e.entry)
        from pg_catalog.unnest(list) with ordinality e (entry, position)
        where e.entry is not null
        order by e.position)
$$;
comment on function rollout.entries(text[]) is
    'R9: a list as it decides: without nulls, ids in the spelling in which they are compared.';

create or replace function rollout.given(argument jsonb, kind text, name text)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    -- A string that holds JSON is that JSON: some drivers encode an argument twice, as does JSON.stringify() in rpc().
    if jsonb_typeof(argument) = 'string' then
        begin
            argument := (argument #>> '{}')::jsonb;
        exception when data_exception then
            null;
        end;
    end if;
    if jsonb_typeof(argument) <> kind then
        raise exception '% is a JSON %, not %; nothing was changed', name, kind, left(argument::text, 60)
            using errcode = 'RC001', hint = 'rpc() takes the value itself: JSON.stringify() is not needed.';
    end if;
    return argument;
end $$;
comment on function rollout.given(jsonb, text, text) is
    'An argument that is an object or an array, also where it was encoded twice; RC001 for any other, null for null.';

create or replace function rollout.unreadable(part text, reason text, command text)
returns table (name text, message text, command text)
language sql immutable parallel safe
as $$ select 'unreadable', part || ': can''t be read: ' || pg_catalog."left"(reason, 200), command $$;
comment on function rollout.unreadable(text, text, text) is
    'The warning in the place of a part of a screen that can''t be read.';
