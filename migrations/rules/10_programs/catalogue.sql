-- R11: what `migrate` leaves in the catalogue: functions, triggers, rights and row-level security of ours. It is
-- recorded with the rules, so that `verify` finds what a restore, a grant or a statement by hand has changed, and
-- `migrate` mends it.

create or replace function rollout.rights(acl aclitem[], owner oid)
returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_agg(distinct format('%s may %s',
        case a.grantee when 0 then 'everybody' else a.grantee::regrole::text end, lower(a.privilege_type))), '[]')
    from aclexplode(acl) a where a.grantee <> owner
$$;
comment on function rollout.rights(aclitem[], oid) is
    'R11: what each role but the owner may do, a line for each right.';

create or replace function rollout.catalogue()
returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp  -- so that every name is written with its schema
as $$
    select jsonb_object_agg(o.object, o.state)
    from (
        select format('schema %s', n.nspname) as object,
               jsonb_build_object('rights', rollout.rights(n.nspacl, n.nspowner)) as state
        from pg_namespace n where n.nspname = 'rollout'
        union all
        select 'decision', jsonb_build_object('who decides', rollout.decided_by())
        union all
        select format('function %s', p.oid::regprocedure), jsonb_build_object(
            'rights', rollout.rights(coalesce(p.proacl, acldefault('f', p.proowner)), p.proowner),
            'definition', case when p.proname not in ('rollout_host_jobs', 'rollout_host_processors') then md5(row(
                p.prosrc, p.proconfig, p.prosecdef, p.provolatile, pg_get_function_arguments(p.oid),
                pg_get_function_result(p.oid))::text) end)
        from pg_proc p
        where rollout.is_our_function(p.pronamespace, p.proname)
        union all
        select format('trigger %s on %s', t.tgname, t.tgrelid::regclass), jsonb_build_object(
            'enabled', t.tgenabled = 'O',
            'definition', md5(row(t.tgtype, t.tgfoid::regprocedure, t.tgdeferrable, t.tgqual is null)::text))
        from pg_trigger t
        join pg_proc p on p.oid = t.tgfoid and rollout.is_our_function(p.pronamespace, p.proname)
        -- Those of a partition are its table's, and the one on the host's table is there while follow_jobs is on.
        where not t.tgisinternal and t.tgparentid = 0 and t.tgname <> 'rollout_follow_jobs'
        union all
        select format('%s %s', case c.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end,
                      c.oid::regclass),
               jsonb_build_object(
                   'rights', rollout.rights(c.relacl, c.relowner),
                   'row-level security', c.relrowsecurity or c.relkind not in ('r', 'p'),
                   'policies', array(select y.polname from pg_policy y where y.polrelid = c.oid order by 1))
        from pg_class c
        where c.relkind in ('r', 'p', 'v', 'S') and rollout.is_our_table(c.oid)
          -- A new partition is no difference, unless it is open.
          and (not c.relispartition or not c.relrowsecurity
               or rollout.rights(c.relacl, c.relowner)::text ~ '"(anon|authenticated|everybody) may ')
    ) o
$$;
comment on function rollout.catalogue() is
    'R11: our functions, triggers, tables and views by name, each with its rights and what else matters.';

create or replace function rollout.record_catalogue()
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    update rollout.rules set catalogue = rollout.catalogue()
    where applied_at = (select max(r.applied_at) from rollout.rules r)
$$;
comment on function rollout.record_catalogue() is 'R11: keeps the present catalogue as what the rules have left.';

create or replace function rollout.changed_rights(before jsonb, after jsonb)
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(r.line, ', ' order by r.line)
    from (
        select e.line || ' now' as line from jsonb_array_elements_text(after) e (line) where not before ? e.line
        union all
        select e.line || ' no longer' from jsonb_array_elements_text(before) e (line) where not after ? e.line
    ) r
$$;
comment on function rollout.changed_rights(jsonb, jsonb) is 'R11: which rights were added, and which are gone.';

create or replace function rollout.differences(from_catalogue jsonb default null)
returns setof text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with recorded as (
        select e.key as object, e.value as state
        from jsonb_each(coalesce(
            from_catalogue, (select r.catalogue from rollout.rules r order by r.applied_at desc limit 1))) e
    ), found as (
        select e.key as object, e.value as state from jsonb_each(rollout.catalogue()) e
    )
    select case
        when f.object is null then r.object || ' is missing'
        when r.object is null then f.object || ' was added'
        else f.object || ': ' || (
            select string_agg(case
                when k.aspect = 'rights' then rollout.changed_rights(r.state -> k.aspect, f.state -> k.aspect)
                when k.aspect = 'enabled' then 'is disabled'
                when k.aspect = 'row-level security' then 'row-level security is off'
                when k.aspect = 'policies' then 'policies have changed'
                else k.aspect || ' has changed' end, ', ' order by k.aspect)
            from jsonb_object_keys(r.state || f.state) k (aspect)
            where f.state -> k.aspect is distinct from r.state -> k.aspect)
        end
    from recorded r full join found f on f.object = r.object
    where f.state is distinct from r.state
    order by coalesce(f.object, r.object)
$$;
comment on function rollout.differences(jsonb) is
    'R11: what in the catalogue is not as the last migration left it, or as in another one, a line each; none where '
    'all is.';
