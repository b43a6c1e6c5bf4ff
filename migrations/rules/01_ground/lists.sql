-- R1, R9: what a list of any length says of a repository, and when an entry ends. Lists stand in columns of
-- rollout_configuration, which the web application and its browser console read and write. A decision reads short lists
-- there; for long ones (rollout.entries_read_whole) it reads rollout.list_entries, which triggers keep. What counts
-- repositories reads the table always.

create or replace function rollout.listed_until(config rollout_configuration, ends timestamptz)
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
comment on function rollout.listed_until(rollout_configuration, timestamptz) is
    'R9: the entries of the whitelist that decide until this moment; null for good.';

create or replace function rollout.whitelist(config rollout_configuration)
returns text[]
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if config.whitelist_until = '{}' then
        return config.target_repositories;
    end if;
    return array(
        select t.entry from unnest(config.target_repositories) with ordinality as t (entry, position)
        where t.entry not in (
            select u.key from jsonb_each_text(config.whitelist_until) u where u.value::timestamptz <= now())
        order by t.position);
end $$;
comment on function rollout.whitelist(rollout_configuration) is
    'R9: the whitelist as it decides now, without expired entries.';

create or replace function rollout.has_expired(expiries jsonb, entry text)
returns boolean
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$ select coalesce((expiries ->> entry)::timestamptz <= now(), false) $$;
comment on function rollout.has_expired(jsonb, text) is
    'R9: whether an entry of the whitelist is over, by the times of its entries.';

create or replace function rollout.expiries(config rollout_configuration)
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
comment on function rollout.expiries(rollout_configuration) is
    'R9: whitelist_until as it is stored: times of entries that are on the list, whoever wrote the list.';

create or replace function rollout.without_lists(config rollout_configuration)
returns rollout_configuration
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    config.target_repositories := '{}';
    config.excluded_repositories := '{}';
    config.whitelist_until := '{}';
    return config;
end $$;
comment on function rollout.without_lists(rollout_configuration) is
    'A configuration without its lists, which are compared by their entries.';

create or replace function rollout.has_long_lists(config rollout_configuration)
returns boolean
language sql immutable
as $$
    select coalesce(cardinality(config.target_repositories), 0)
        + coalesce(cardinality(config.excluded_repositories), 0) > rollout.entries_read_whole()
$$;
comment on function rollout.has_long_lists(rollout_configuration) is
    'R9: whether an index finds an entry sooner than reading both lists does.';

create or replace function rollout.entries_of(config rollout_configuration)
returns table (
    repository_id uuid, blacklisted boolean, whitelisted boolean, until timestamptz, category text, bucket integer
)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    -- The lists are text and may hold anything; no decision is asked for but those for an id, in its one spelling.
    select e.id, e.blacklisted, e.whitelisted, u.value::timestamptz, k.category,
           rollout.bucket(config.feature_name, e.id)
    from (
        select l.entry::uuid as id, bool_or(l.black) as blacklisted, bool_or(not l.black) as whitelisted
        from (
            select w.entry, false as black from unnest(config.target_repositories) w (entry)
            union all
            select b.entry, true from unnest(config.excluded_repositories) b (entry)
        ) l
        where l.entry ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        group by 1
    ) e
    left join jsonb_each_text(config.whitelist_until) u on u.key = e.id::text
    left join repository_categories k on k.repository_id = e.id
$$;
comment on function rollout.entries_of(rollout_configuration) is
    'R9: what rollout.list_entries must hold for a configuration, read from its lists.';

create or replace function rollout.refresh_list_entries(config rollout_configuration)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    -- Locked as by those who change categories, so that neither waits for the other.
    perform from rollout.category_counts c where c.feature_name = config.feature_name order by c.category for update;
    delete from rollout.list_entries e
    where e.rollout_config_id = config.id
      and not exists (select from rollout.entries_of(config) w where w.repository_id = e.repository_id);
    insert into rollout.list_entries as e (
        rollout_config_id, repository_id, blacklisted, whitelisted, until, category, bucket)
    select config.id, w.* from rollout.entries_of(config) w
    on conflict (rollout_config_id, repository_id) do update
    set blacklisted = excluded.blacklisted, whitelisted = excluded.whitelisted, until = excluded.until,
        category = excluded.category
    where (e.blacklisted, e.whitelisted, e.until, e.category)
          is distinct from (excluded.blacklisted, excluded.whitelisted, excluded.until, excluded.category);
end $$;
comment on function rollout.refresh_list_entries(rollout_configuration) is
    'R9: brings rollout.list_entries to the lists of a configuration.';

create or replace function rollout.refresh_entry_categories(ids uuid[])
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    if exists (select from rollout.list_entries) then
        update rollout.list_entries e
        set category = k.category
        from unnest(ids) i (id) left join repository_categories k on k.repository_id = i.id
        where e.repository_id = i.id and e.category is distinct from k.category;
    end if;
end $$;
comment on function rollout.refresh_entry_categories(uuid[]) is
    'R1: gives listed repositories their category as it is now.';

create or replace function rollout.listed_as(config_id uuid, repo_id uuid)
returns text
language plpgsql stable
as $$
begin
    return (
        select case when e.blacklisted then 'blacklist' when e.until > now() is not false then 'whitelist' end
        from rollout.list_entries e where e.rollout_config_id = config_id and e.repository_id = repo_id);
end $$;
comment on function rollout.listed_as(uuid, uuid) is
    'R1: the list that decides for a repository, whitelist or blacklist; null if neither does. For long lists.';

create or replace function rollout.listed(config rollout_configuration)
returns table (repository_id uuid, category text, bucket integer, eligible boolean)
language plpgsql stable rows 20
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select e.repository_id, e.category, e.bucket, not e.blacklisted
    from rollout.list_entries e
    where e.rollout_config_id = config.id and e.category is not null
      and (e.blacklisted or e.until > now() is not false);
end $$;
comment on function rollout.listed(rollout_configuration) is
    'R1: the categorized repositories for which the whitelist or the blacklist decides, and how.';

create or replace function rollout.added_by_lists(config rollout_configuration, with_an_end boolean)
returns table (category text, more bigint)
language plpgsql stable rows 5
set search_path = pg_catalog, public, pg_temp
as $$
begin
    -- Two statements: entries with an end, counted at every status, are found by their own index.
    if with_an_end then
        return query
        select a.category, count(*) - count(*) filter (where e.bucket < a.cutoff)
        from rollout.list_entries e
        join rollout.category_counts a on a.feature_name = config.feature_name and a.category = e.category
        where e.rollout_config_id = config.id and e.until > now() and not e.blacklisted
        group by 1;
    else
        return query
        select a.category, (
            select count(*) filter (where not e.blacklisted) - count(*) filter (where e.bucket < a.cutoff)
            from rollout.list_entries e
            where e.rollout_config_id = config.id and e.category = a.category and (e.blacklisted or e.until is null))
        from rollout.category_counts a where a.feature_name = config.feature_name;
    end if;
end $$;
comment on function rollout.added_by_lists(rollout_configuration, boolean) is
    'R1: per category, how many more repositories than its cutoff lets in are eligible because of the lists: of '
    'entries that end, or of all others.';

create or replace function rollout.with_short_lists(config rollout_configuration)
returns rollout_configuration
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    shown constant integer := rollout.entries_shown();
begin
    if config.long_lists then
        config.target_repositories := config.target_repositories[1:shown];
        config.excluded_repositories := config.excluded_repositories[1:shown];
        config.whitelist_until := coalesce((
            select jsonb_object_agg(e.repository_id, e.until)
            from rollout.list_entries e
            where e.rollout_config_id = config.id and e.until is not null
              and e.repository_id::text = any (config.target_repositories)), '{}');
    end if;
    return config;
end $$;
comment on function rollout.with_short_lists(rollout_configuration) is
    'A configuration to show and to judge by: of long lists the first fifty entries.';

create or replace function rollout.list_sizes(config_id uuid)
returns table (whitelist integer, blacklist integer)
language plpgsql stable rows 1
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select cardinality(rollout.whitelist(c)), cardinality(c.excluded_repositories)
    from rollout_configuration c where c.id = list_sizes.config_id;
end $$;
comment on function rollout.list_sizes(uuid) is
    'R9: how many entries of the whitelist decide now, and how many the blacklist has.';

create or replace function rollout.names_of_entries(ids text[], expiries jsonb default '{}')
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'repository_id', n.asked_name, 'category', k.category,
        'full_name', case when n.asked_name = n.repository_id::text then n.full_name end,  -- a name decides nothing
        'until', names_of_entries.expiries ->> n.asked_name,
        'expired', rollout.has_expired(names_of_entries.expiries, n.asked_name))
        order by n.full_name, n.asked_name), '[]')
    from rollout.repository_names(names_of_entries.ids) n
    left join repository_categories k on k.repository_id = n.repository_id and n.asked_name = n.repository_id::text
$$;
comment on function rollout.names_of_entries(text[], jsonb) is
    'Repositories of a list with name, category and end; the name is null where the repository is gone.';

create or replace function rollout.search_list(ids text[], bound integer, search text)
returns text[]
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select array(
        select n.asked_name from rollout.repository_names(ids) n
        where search is null or strpos(lower(n.full_name), lower(search)) > 0 or strpos(n.asked_name, search) > 0
        order by n.full_name, n.asked_name limit bound)
$$;
comment on function rollout.search_list(text[], integer, text) is
    'The first entries of a list by name, of those whose name or id contains a text.';
