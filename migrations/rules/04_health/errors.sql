-- R8: errors in kinds: messages that differ only in numbers, ids, names and quoted text are one kind. Bounded whatever
-- is reported.

create or replace function rollout.error_kind(message text)
returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, public, pg_temp
as $$
declare
    -- cut first: nothing below may take long for a text that somebody has made for it to
    kind text := regexp_replace(left(message, 400), '[[:cntrl:][:space:]]+', ' ', 'g');
begin
    kind := regexp_replace(kind, '[a-z][a-z0-9+.-]{1,20}://[^ "''<>]*', '<url>', 'gi');
    kind := regexp_replace(kind, '[^ "''<>@]+@[^ "''<>@]+', '<email>', 'g');
    kind := regexp_replace(kind, '"[^"]*"|`[^`]*`', '<text>', 'g');
    kind := regexp_replace(kind, '(^|[^[:alnum:]])''[^'']*''', '\1<text>', 'g');  -- not the apostrophe of "can't"
    kind := regexp_replace(kind, '\m[[:xdigit:]]{8}-?([[:xdigit:]]{4}-?){3}[[:xdigit:]]{12}\M', '<id>', 'g');
    kind := regexp_replace(kind, '([a-z]:)?[[:alnum:]_.~-]*([/\\][[:alnum:]_.~-]+)+[/\\]?', '<path>', 'gi');
    kind := regexp_replace(kind, '[[:xdigit:]]*(:[[:xdigit:]]*){3,}', '<address>', 'g');
    -- a word with letters and digits: an id, a hash, a hexadecimal number
    kind := regexp_replace(
        kind, '\m(?=[[:alnum:]_-]*\d)(?=[[:alnum:]_-]*[[:alpha:]])[[:alnum:]_-]{7,}', '<id>', 'g');
    -- numbers, but not those of "HTTP 403" and "status: 502": these are two kinds
    kind := regexp_replace(
        kind, '\m(http|status|code)([ :=]{1,2})([1-5])(\d)(\d)\M', E'\\1\\2\x01\\3\x01\\4\x01\\5', 'gi');
    kind := regexp_replace(kind, E'(?<!\x01)\\d+([.,:]\\d+)*', '<n>', 'g');
    kind := replace(kind, E'\x01', '');
    return coalesce(nullif(trim(left(kind, 160)), ''), 'no message');
end $$;
comment on function rollout.error_kind(text) is
    'The kind of an error: its message without numbers, ids, addresses, paths and quoted text, on one line of at most '
    '160 characters.';

create or replace function rollout.is_ignored(config public.rollout_configuration, message text)
returns boolean
language sql immutable  -- inlined
as $$
    -- Most rollouts ignore none: the kind is not found for nothing.
    select coalesce(config.ignored_errors <> '{}' and rollout.error_kind(message) = any (config.ignored_errors), false)
$$;
comment on function rollout.is_ignored(rollout_configuration, text) is
    'R7: whether an error is of a kind that is counted and shown, and not judged.';

create or replace function rollout.room_for_kinds(config rollout_configuration)
returns integer
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    limits constant record := rollout.error_limits();
begin
    -- Full a moment ago, full now: a flood of new kinds is not counted each time.
    if exists (
        select from rollout.error_kinds k
        where k.rollout_config_id = config.id and k.kind = ''
          and k.last_seen_at > clock_timestamp() - limits.full_for) then
        return 0;
    end if;
    delete from rollout.error_kinds k
    where k.ctid = any (array(
        select o.ctid from rollout.error_kinds o
        where o.rollout_config_id = config.id
          and o.last_seen_at < clock_timestamp()
              - greatest(limits.kept, make_interval(hours => config.monitoring_window_hours))
        for update skip locked));
    return (select greatest(0, limits.kinds - count(distinct k.kind))
            from rollout.error_kinds k where k.rollout_config_id = config.id);
end $$;
comment on function rollout.room_for_kinds(rollout_configuration) is
    'How many more kinds of errors may be kept; removes those that were not seen for long.';

create or replace function rollout.last_raise(config rollout_configuration)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select h.created_at from rollout_history h
        where h.rollout_config_id = config.id and rollout.is_recorded(h.metadata)
          and (h.new_percentage > coalesce(h.previous_percentage, 0)
               or h.metadata #> '{before,emergency_stop}' = 'true' and h.metadata #> '{after,emergency_stop}' = 'false')
        order by h.created_at desc limit 1);
end $$;
comment on function rollout.last_raise(rollout_configuration) is
    'When traffic was last raised: what failed for the first time since then is new.';

create or replace function rollout.error_kinds_of(config rollout_configuration)
returns table (
    kind text, errors bigint, treatment bigint, control bigint, since_restart bigint, first_seen_at timestamptz,
    first_percentage integer, is_new boolean, last_seen_at timestamptz, sample text, processors text[],
    repositories uuid[]
)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
declare
    raised_at constant timestamptz := rollout.last_raise(config);
begin
    return query
    select k.kind, sum(k.errors)::bigint,
           coalesce(sum(k.errors) filter (where k.treated), 0)::bigint,
           coalesce(sum(k.errors) filter (where not k.treated), 0)::bigint,
           coalesce(sum(k.judged_errors) filter (
               where k.treated and k.judged_since is not distinct from config.restarted_at
                 and (k.kind = any (config.ignored_errors)) is not true), 0)::bigint,
           min(k.first_seen_at), (array_agg(k.first_percentage order by k.first_seen_at))[1],
           coalesce(min(k.first_seen_at) >= raised_at, false), max(k.last_seen_at),
           (array_agg(k.sample order by k.treated desc, k.first_seen_at))[1],
           array_agg(distinct k.processor_type), coalesce(n.ids, '{}')
    from rollout.counted_errors k
    left join (  -- of all kinds at once: before they are folded, there may be as many as reports
        select o.kind, array_agg(distinct r) as ids
        from rollout.counted_errors o, unnest(o.repositories) r
        where o.rollout_config_id = config.id
        group by o.kind
    ) n on n.kind = k.kind
    where k.rollout_config_id = config.id
    group by k.kind, n.ids;
end $$;
comment on function rollout.error_kinds_of(rollout_configuration) is
    'The kinds of errors that are kept: how often in each arm, and in the rollout since the last restart.';

create or replace function rollout.list_error_kinds(config rollout_configuration, max_rows integer)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'kind', nullif(k.kind, ''), 'errors', k.errors, 'treatment', k.treatment, 'control', k.control,
            'since_restart', k.since_restart, 'first_seen_at', k.first_seen_at, 'first_percentage', k.first_percentage,
            'is_new', k.is_new, 'last_seen_at', k.last_seen_at, 'sample', k.sample, 'processors', k.processors,
            'is_ignored', k.kind = any (config.ignored_errors),
            'repositories', array(
                select coalesce(h.full_name, r.id::text)
                from unnest(k.repositories) r (id) left join rollout_host_repositories h on h.id = r.id
                order by 1 limit l.repositories),
            'more_repositories', cardinality(k.repositories) >= l.repositories
            ) order by k.since_restart desc, k.last_seen_at desc, k.kind), '[]')
        from (
            select * from rollout.error_kinds_of(list_error_kinds.config) o
            order by o.since_restart desc, o.last_seen_at desc, o.kind limit list_error_kinds.max_rows
        ) k
        cross join rollout.error_limits() l);
end $$;
comment on function rollout.list_error_kinds(rollout_configuration, integer) is
    'Kinds of errors as the console shows them: those that fail in the rollout since the last restart first.';

create or replace function rollout.main_errors(config rollout_configuration)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        -- without samples: whoever may read the history need not be allowed to read messages
        select coalesce(jsonb_agg(jsonb_build_object(
            'kind', coalesce(nullif(k.kind, ''), 'other kinds'), 'errors', k.since_restart, 'is_new', k.is_new,
            'first_seen_at', k.first_seen_at, 'first_percentage', k.first_percentage)
            order by k.since_restart desc, k.last_seen_at desc), '[]')
        from (
            select * from rollout.error_kinds_of(config) o where o.since_restart > 0
            order by o.since_restart desc, o.last_seen_at desc limit 3
        ) k);
end $$;
comment on function rollout.main_errors(rollout_configuration) is
    'R8: the three most frequent kinds of errors in the rollout since the last restart, as evidence of a trip.';
