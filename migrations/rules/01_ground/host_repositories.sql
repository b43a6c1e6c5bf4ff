-- R1, R3 and R9: the name, the bucket and the category of a repository, whatever the rollout.

create or replace function rollout.repository_names(asked text[])
returns table (asked_name text, repository_id uuid, full_name text)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select a.name, h.id, h.full_name
    from unnest(asked) with ordinality as a (name, position)
    left join rollout_host_repositories h
        on h.full_name = a.name or h.id = rollout.uuid_in(a.name)
    order by a.position
$$;
comment on function rollout.repository_names(text[]) is
    'R9: what operators type (ids or owner/name) with the repository it means; null where there is none.';

create or replace function rollout.known_repositories(asked text[], example text, changes boolean default true)
returns table (asked_name text, repository_id uuid, full_name text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    unknown text[];
    alike text;
begin
    if coalesce(cardinality(asked), 0) = 0 then
        raise exception 'no repository named; type for example %', example using errcode = 'RC001';
    end if;
    unknown := array(
        select left(coalesce(n.asked_name, 'null'), 100)
        from rollout.repository_names(asked) n where n.repository_id is null limit 10);
    if cardinality(unknown) > 0 then
        select string_agg(h.full_name, ', ') into alike
        from (select h.full_name from rollout_host_repositories h
              where lower(h.full_name) in (select lower(u) from unnest(unknown) u) limit 5) h;
        raise exception 'unknown repository: %; %', array_to_string(unknown, ', '),
            case when changes then 'nothing was changed; ' else '' end
            || coalesce('did you mean ' || alike || '?', 'type for example ' || example) using errcode = 'RC003';
    end if;
    return query select distinct on (n.repository_id) n.* from rollout.repository_names(asked) n;
end $$;
comment on function rollout.known_repositories(text[], text, boolean) is
    'R9: as rollout.repository_names, each repository once; RC003 naming the unknown ones if there are any.';

create or replace function public.rollout_find_repositories(prefix text, max_rows integer default 20)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    with beginning as (
        select n.full_name
        from (
            -- the host's index is in the database's collation: read on from the prefix, then keep what fits
            select h.full_name from rollout_host_repositories h
            where h.full_name >= prefix order by h.full_name limit 200
        ) n
        where starts_with(n.full_name, prefix)
        limit rollout.within('limit', max_rows, 1, 50, 'rollout.help()')
    ), holding as (
        -- all names are read, so only where nothing begins with it, and it says enough
        select h.full_name from rollout_host_repositories h
        where length(prefix) >= 3 and not exists (select from beginning)
          and strpos(lower(h.full_name), lower(prefix)) > 0
        limit max_rows
    )
    select coalesce(jsonb_agg(f.full_name order by f.full_name), '[]')
    from (select full_name from beginning union all select full_name from holding) f
$$;
comment on function public.rollout_find_repositories(text, integer) is
    'Names beginning with a text, for completion; where there are none, names that hold it, in any case; at most 50.';

-- md5 rather than hashtext: its result is documented, so cohorts survive every upgrade of
-- PostgreSQL. 32 bits cast through bit(32) are never negative; 2^32 is not a multiple of
-- 10,000, and that bias of 0.0002 % must stay: changing the hash would re-draw every cohort.
create or replace function rollout.bucket(feature_name text, repository_id uuid)
returns integer
language sql immutable strict parallel safe
as $$
    select (('x' || pg_catalog.substr(pg_catalog.md5(feature_name || ':' || repository_id::text), 1, 8))
            ::bit(32)::bigint % 10000)::integer
$$;
comment on function rollout.bucket(text, uuid) is
    'R1: the bucket, 0 to 9999, of a repository for a feature; stable and salted with the feature''s name.';

create or replace function rollout.category_of(stars integer, contributors integer, pull_requests integer)
returns table (category text, priority_level integer)
language sql immutable parallel safe
as $$
    -- returns a table, so that PostgreSQL can inline it into a query over many repositories
    select r.category, r.priority_level
    from rollout.category_rules() r
    where (stars > r.max_stars or contributors > r.max_contributors or pull_requests > r.max_pull_requests) is not true
    order by r.rollout_order
    limit 1
$$;
comment on function rollout.category_of(integer, integer, integer) is
    'R3: the category of a repository with these counts, and its priority.';
