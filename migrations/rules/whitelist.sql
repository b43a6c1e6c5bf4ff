-- R9: the whitelist. All of the named repositories or, if one is unknown, none.

create or replace function public.rollout_add_to_whitelist(
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
    for config in select * from rollout_lock(feature_name, 'addToWhitelist', reason, context) loop
        select array_agg(n.repository_id::text) filter (where not n.listed) as ids,
               coalesce(jsonb_agg(n.full_name) filter (where not n.listed), '[]') as applied,
               coalesce(jsonb_agg(n.full_name) filter (where n.listed), '[]') as already,
               coalesce(jsonb_agg(n.full_name) filter (where n.excluded), '[]') as blacklisted
        into asked
        from (
            select k.*, k.repository_id::text = any (config.target_repositories) as listed,
                   k.repository_id::text = any (config.excluded_repositories) as excluded
            from rollout_known_repositories(repositories, 'rollout.addToWhitelist("owner/name")') k
        ) n;
        details := to_jsonb(asked) - 'ids';
        config.target_repositories := config.target_repositories || coalesce(asked.ids, '{}');
        perform rollout_store(config, details);
    end loop;
    return rollout_answer(feature_name, details);
end $$;
comment on function public.rollout_add_to_whitelist(text[], text, text, jsonb) is
    'rollout.addToWhitelist(), R9.';

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
        perform rollout_refuse_unlisted(config.target_repositories, repositories);
        select coalesce(array_agg(n.entry) filter (where n.listed), '{}') as entries,
               coalesce(jsonb_agg(n.shown) filter (where n.listed), '[]') as applied,
               coalesce(jsonb_agg(n.shown) filter (where not n.listed), '[]') as already
        into asked
        from (
            select distinct e.entry, e.shown, e.entry = any (config.target_repositories) as listed
            from rollout_repository_names(repositories) r
            cross join lateral (
                select coalesce(r.repository_id::text, r.asked_name) as entry,
                       coalesce(r.full_name, r.asked_name) as shown) e
        ) n;
        details := to_jsonb(asked) - 'entries';
        config.target_repositories := array(
            select t from unnest(config.target_repositories) with ordinality as t (t, position)
            where t <> all (asked.entries) order by position);
        perform rollout_store(config, details);
    end loop;
    return rollout_answer(feature_name, details);
end $$;
comment on function public.rollout_remove_from_whitelist(text[], text, text, jsonb) is
    'rollout.removeFromWhitelist(), R9.';

create or replace function public.rollout_refuse_unlisted(listed text[], repositories text[])
returns void
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    unlisted constant text[] := array(select u from unnest(repositories) u where u <> all (listed));
begin
    -- An entry whose repository is gone can still be removed, by the text that stands in the list.
    if cardinality(unlisted) > 0 or coalesce(cardinality(repositories), 0) = 0 then
        perform rollout_known_repositories(unlisted, 'rollout.removeFromWhitelist("owner/name")');
    end if;
end $$;
comment on function public.rollout_refuse_unlisted(text[], text[]) is
    'R9: raises RC003 for names that are neither in the list nor a repository.';

create or replace function public.rollout_named(ids text[])
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'repository_id', n.asked_name, 'full_name', n.full_name, 'category', k.category)
        order by n.full_name, n.asked_name), '[]')
    from rollout_repository_names(ids) n
    left join repository_categories k on k.repository_id = n.repository_id
$$;
comment on function public.rollout_named(text[]) is
    'Repositories of a list with name and category; the name is null where the repository is gone.';

create or replace function public.rollout_show_whitelist(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
begin
    return jsonb_build_object(
        'whitelist', rollout_named(config.target_repositories),
        'blacklist', rollout_named(config.excluded_repositories));
end $$;
comment on function public.rollout_show_whitelist(text) is 'rollout.showWhitelist(): both lists, with names.';
