-- What the console shows. Nothing here writes; every figure comes from the rules above.

create or replace function public.rollout_repository_names(asked text[])
returns table (asked_name text, repository_id uuid, full_name text)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select a.name, h.id, h.full_name
    from unnest(asked) with ordinality as a (name, position)
    left join rollout_host_repositories h
        on h.full_name = a.name
        or h.id = case when a.name ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then a.name::uuid end
    order by a.position
$$;
comment on function public.rollout_repository_names(text[]) is
    'R9: what operators type (ids or owner/name) with the repository it means; null where there is none.';

create or replace function public.rollout_known_repositories(asked text[], example text, changes boolean default true)
returns table (asked_name text, repository_id uuid, full_name text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    unknown text[];
    alike text;
begin
    if coalesce(cardinality(asked), 0) = 0 then
        raise exception 'no repository named; type for example %', example using errcode = 'RC001';
    end if;
    unknown := array(
        select left(coalesce(n.asked_name, 'null'), 100)
        from rollout_repository_names(asked) n where n.repository_id is null limit 10);
    if cardinality(unknown) > 0 then
        select string_agg(h.full_name, ', ') into alike
        from (select h.full_name from rollout_host_repositories h
              where lower(h.full_name) in (select lower(u) from unnest(unknown) u) limit 5) h;
        raise exception 'unknown repository: %; %', array_to_string(unknown, ', '),
            case when changes then 'nothing was changed; ' else '' end
            || coalesce('did you mean ' || alike || '?', 'type for example ' || example) using errcode = 'RC003';
    end if;
    return query select distinct on (n.repository_id) n.* from rollout_repository_names(asked) n;
end $$;
comment on function public.rollout_known_repositories(text[], text, boolean) is
    'R9: as rollout_repository_names, each repository once; RC003 naming the unknown ones if there are any.';

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
        limit rollout_within('limit', max_rows, 1, 50, 'rollout.help()')
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
