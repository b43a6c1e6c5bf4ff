-- R9: whitelist and blacklist. All of the named repositories or, if one is unknown, none.

create or replace function public.rollout_listed_until(config rollout_configuration, ends timestamptz)
returns text[]
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select array(
        select t.entry
        from unnest(config.target_repositories) t (entry)
        left join jsonb_each_text(config.whitelist_until) u on u.key = t.entry
        where u.value::timestamptz is not distinct from ends)
$$;
comment on function public.rollout_listed_until(rollout_configuration, timestamptz) is
    'R9: the entries of the whitelist that decide until this moment; null for good.';

create or replace function public.rollout_whitelist(config rollout_configuration)
returns text[]
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select case config.whitelist_until when '{}' then config.target_repositories else array(
        select t.entry from unnest(config.target_repositories) with ordinality as t (entry, position)
        where t.entry not in (
            select u.key from jsonb_each_text(config.whitelist_until) u where u.value::timestamptz <= now())
        order by t.position) end
$$;
comment on function public.rollout_whitelist(rollout_configuration) is
    'R9: the whitelist as it decides now, without expired entries.';

create or replace function public.rollout_expiries(config rollout_configuration)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
set timezone = 'UTC'
as $$
    -- Cast where it is written, so that what is no time is refused here and never met by a decision.
    select coalesce(jsonb_object_agg(u.key, u.value::timestamptz), '{}')
    from jsonb_each_text(config.whitelist_until) u
    where u.key in (select unnest(config.target_repositories)) and isfinite(u.value::timestamptz)
$$;
comment on function public.rollout_expiries(rollout_configuration) is
    'R9: whitelist_until as it is stored: times of entries that are on the list, whoever wrote the list.';

create or replace function public.rollout_until(given text, example text)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    moment constant timestamptz := rollout_moment(given, 1);
begin
    if given is not null and (moment > clock_timestamp()) is not true then
        raise exception 'until is a time to come, as "2h", "30m", "3d" or "2030-01-31T12:00Z", not %; type %',
            quote_literal(left(given, 40)), example using errcode = 'RC001';
    end if;
    return moment;
end $$;
comment on function public.rollout_until(text, text) is
    'R9: the moment that an operator names, by a span from now or in ISO 8601; RC001 for any other text.';

create or replace function public.rollout_put_on_list(
    listed text[], as_asked text[], other text[], repositories text[], command text,
    out entries text[], out named text[], out details jsonb, out on_other jsonb
)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select listed || coalesce(array_agg(n.id) filter (where n.id <> all (listed)), '{}'),
           coalesce(array_agg(n.id) filter (where n.id <> all (as_asked)), '{}'),
           jsonb_build_object(
               'applied', coalesce(jsonb_agg(n.full_name) filter (where n.id <> all (as_asked)), '[]'),
               'already', coalesce(jsonb_agg(n.full_name) filter (where n.id = any (as_asked)), '[]')),
           coalesce(jsonb_agg(n.full_name) filter (where n.id = any (other)), '[]')
    from (
        select k.repository_id::text as id, k.full_name
        from rollout_known_repositories(repositories, format('rollout.%s("owner/name")', command)) k
    ) n
$$;
comment on function public.rollout_put_on_list(text[], text[], text[], text[], text) is
    'R9: a list with repositories added, those that were not as asked already, and which are on the other list.';

create or replace function public.rollout_take_off_list(
    listed text[], repositories text[], command text, out entries text[], out details jsonb
)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    unlisted constant text[] := array(select u from unnest(repositories) u where u <> all (listed));
begin
    -- An entry whose repository is gone can still be removed, by the text that stands in the list.
    if cardinality(unlisted) > 0 or coalesce(cardinality(repositories), 0) = 0 then
        perform rollout_known_repositories(unlisted, format('rollout.%s("owner/name")', command));
    end if;
    select array(
               select t.entry from unnest(listed) with ordinality as t (entry, position)
               where t.entry <> all (array_agg(n.entry)) order by t.position),
           jsonb_build_object(
               'applied', coalesce(jsonb_agg(n.shown) filter (where n.entry = any (listed)), '[]'),
               'already', coalesce(jsonb_agg(n.shown) filter (where n.entry <> all (listed)), '[]'))
    into entries, details
    from (
        select distinct coalesce(r.repository_id::text, r.asked_name) as entry,
               coalesce(r.full_name, r.asked_name) as shown
        from rollout_repository_names(repositories) r
    ) n;
end $$;
comment on function public.rollout_take_off_list(text[], text[], text) is
    'R9: a list without repositories; RC003 for names that are neither on the list nor a repository.';

create or replace function public.rollout_add_to_whitelist(
    repositories text[], until text default null, feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
set timezone = 'UTC'
as $$
declare
    config rollout_configuration;
    ends constant timestamptz := rollout_until(until, 'rollout.addToWhitelist("owner/name", until="2h")');
    asked record;
    details jsonb := '{}';
begin
    for config in select * from rollout_lock(feature_name, 'addToWhitelist', reason, context) loop
        select * into asked from rollout_put_on_list(
            config.target_repositories,
            rollout_listed_until(config, ends),
            config.excluded_repositories, repositories, 'addToWhitelist');
        details := asked.details || jsonb_build_object('blacklisted', asked.on_other, 'until', ends);
        config.target_repositories := asked.entries;
        config.whitelist_until := config.whitelist_until - asked.named || case when ends is null then '{}' else
            (select coalesce(jsonb_object_agg(n, ends), '{}') from unnest(asked.named) n) end;
        perform rollout_store(config, details);
    end loop;
    return rollout_answer(feature_name, details);
end $$;
comment on function public.rollout_add_to_whitelist(text[], text, text, text, jsonb) is
    'rollout.addToWhitelist(), R9: for good, or until a moment; it replaces what was asked before.';

create or replace function public.rollout_remove_from_whitelist(
    repositories text[], feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    asked record;
    details jsonb := '{}';
begin
    for config in select * from rollout_lock(feature_name, 'removeFromWhitelist', reason, context) loop
        select * into asked
        from rollout_take_off_list(config.target_repositories, repositories, 'removeFromWhitelist');
        details := asked.details;
        config.target_repositories := asked.entries;
        perform rollout_store(config, details);
    end loop;
    return rollout_answer(feature_name, details);
end $$;
comment on function public.rollout_remove_from_whitelist(text[], text, text, jsonb) is
    'rollout.removeFromWhitelist(), R9.';

create or replace function public.rollout_add_to_blacklist(
    repositories text[], feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    asked record;
    details jsonb := '{}';
begin
    for config in select * from rollout_lock(feature_name, 'addToBlacklist', reason, context) loop
        select * into asked from rollout_put_on_list(
            config.excluded_repositories, config.excluded_repositories, rollout_whitelist(config), repositories,
            'addToBlacklist');
        details := asked.details || jsonb_build_object('whitelisted', asked.on_other);
        config.excluded_repositories := asked.entries;
        perform rollout_store(config, details);
    end loop;
    return rollout_answer(feature_name, details);
end $$;
comment on function public.rollout_add_to_blacklist(text[], text, text, jsonb) is 'rollout.addToBlacklist(), R9.';

create or replace function public.rollout_remove_from_blacklist(
    repositories text[], feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    asked record;
    details jsonb := '{}';
begin
    for config in select * from rollout_lock(feature_name, 'removeFromBlacklist', reason, context) loop
        select * into asked
        from rollout_take_off_list(config.excluded_repositories, repositories, 'removeFromBlacklist');
        details := asked.details;
        config.excluded_repositories := asked.entries;
        perform rollout_store(config, details);
    end loop;
    return rollout_answer(feature_name, details);
end $$;
comment on function public.rollout_remove_from_blacklist(text[], text, text, jsonb) is
    'rollout.removeFromBlacklist(), R9.';

create or replace function public.rollout_named(ids text[], expiries jsonb default '{}')
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'repository_id', n.asked_name, 'full_name', n.full_name, 'category', k.category,
        'until', expiries ->> n.asked_name,
        'expired', coalesce((expiries ->> n.asked_name)::timestamptz <= now(), false))
        order by n.full_name, n.asked_name), '[]')
    from rollout_repository_names(ids) n
    left join repository_categories k on k.repository_id = n.repository_id
$$;
comment on function public.rollout_named(text[], jsonb) is
    'Repositories of a list with name, category and end; the name is null where the repository is gone.';

create or replace function public.rollout_show_whitelist(
    feature_name text default 'hybrid_progressive_capture', max_rows integer default 50, search text default null
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
    bound constant integer := rollout_within('limit', max_rows, 1, 100000, 'rollout.showWhitelist(limit=200)');
begin
    return jsonb_build_object(
        'whitelist_entries', cardinality(config.target_repositories),
        'blacklist_entries', cardinality(config.excluded_repositories),
        'search', search,
        'whitelist', rollout_named(rollout_found(config.target_repositories, bound, search), config.whitelist_until),
        'blacklist', rollout_named(rollout_found(config.excluded_repositories, bound, search)));
end $$;
comment on function public.rollout_show_whitelist(text, integer, text) is
    'rollout.showWhitelist(): of both lists the first entries by name, or those whose name or id contains a text.';

create or replace function public.rollout_found(ids text[], bound integer, search text)
returns text[]
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select array(
        select n.asked_name from rollout_repository_names(ids) n
        where search is null or strpos(lower(n.full_name), lower(search)) > 0 or strpos(n.asked_name, search) > 0
        order by n.full_name, n.asked_name limit bound)
$$;
comment on function public.rollout_found(text[], integer, text) is
    'The first entries of a list by name, of those whose name or id contains a text.';
