-- R9: whitelist and blacklist changed. All of the named repositories or, if one is unknown, none.

create or replace function rollout.put_on_list(
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
        from rollout.known_repositories(repositories, format('rollout.%s("owner/name")', command)) k
    ) n
$$;
comment on function rollout.put_on_list(text[], text[], text[], text[], text) is
    'R9: a list with repositories added, those that were not as asked already, and which are on the other list.';

create or replace function rollout.take_off_list(
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
        perform rollout.known_repositories(unlisted, format('rollout.%s("owner/name")', command));
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
        from rollout.repository_names(repositories) r
    ) n;
end $$;
comment on function rollout.take_off_list(text[], text[], text) is
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
#variable_conflict use_variable
declare
    config rollout_configuration;
    ends constant timestamptz := rollout.moment_until(until, 'rollout.addToWhitelist("owner/name", until="2h")');
    asked record;
    details jsonb := '{}';
begin
    for config in select * from rollout.lock(feature_name, 'addToWhitelist', reason, context) loop
        select * into asked from rollout.put_on_list(
            config.target_repositories,
            rollout.listed_until(config, ends),
            config.excluded_repositories, repositories, 'addToWhitelist');
        details := asked.details || jsonb_build_object('blacklisted', asked.on_other, 'until', ends);
        config.target_repositories := asked.entries;
        config.whitelist_until := config.whitelist_until - asked.named || case when ends is null then '{}' else
            (select coalesce(jsonb_object_agg(n, ends), '{}') from unnest(asked.named) n) end;
        perform rollout.store(config, details);
    end loop;
    return rollout.answer(feature_name, details);
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
#variable_conflict use_variable
declare
    config rollout_configuration;
    asked record;
    details jsonb := '{}';
begin
    for config in select * from rollout.lock(feature_name, 'removeFromWhitelist', reason, context) loop
        select * into asked
        from rollout.take_off_list(config.target_repositories, repositories, 'removeFromWhitelist');
        details := asked.details;
        config.target_repositories := asked.entries;
        perform rollout.store(config, details);
    end loop;
    return rollout.answer(feature_name, details);
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
#variable_conflict use_variable
declare
    config rollout_configuration;
    asked record;
    details jsonb := '{}';
begin
    for config in select * from rollout.lock(feature_name, 'addToBlacklist', reason, context) loop
        select * into asked from rollout.put_on_list(
            config.excluded_repositories, config.excluded_repositories, rollout.whitelist(config), repositories,
            'addToBlacklist');
        details := asked.details || jsonb_build_object('whitelisted', asked.on_other);
        config.excluded_repositories := asked.entries;
        perform rollout.store(config, details);
    end loop;
    return rollout.answer(feature_name, details);
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
#variable_conflict use_variable
declare
    config rollout_configuration;
    asked record;
    details jsonb := '{}';
begin
    for config in select * from rollout.lock(feature_name, 'removeFromBlacklist', reason, context) loop
        select * into asked
        from rollout.take_off_list(config.excluded_repositories, repositories, 'removeFromBlacklist');
        details := asked.details;
        config.excluded_repositories := asked.entries;
        perform rollout.store(config, details);
    end loop;
    return rollout.answer(feature_name, details);
end $$;
comment on function public.rollout_remove_from_blacklist(text[], text, text, jsonb) is
    'rollout.removeFromBlacklist(), R9.';
