-- R11: who can read and write which table, derived from the catalogue: grants, then row-level security.

create or replace function rollout.access()
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    with asked as (
        select c.oid, c.relrowsecurity,
               case c.relnamespace when 'public'::regnamespace then '' else 'rollout.' end || c.relname as relname,
                r.oid as role_oid, r.rolname,
               r.rolbypassrls or r.rolsuper as bypasses, x.command, x.letter
        from pg_class c
        cross join pg_roles r
        cross join (values ('select', 'r'), ('insert', 'a'), ('update', 'w'), ('delete', 'd')) x (command, letter)
        where c.relkind in ('r', 'p') and (
            rollout.is_our_table(c.oid)
            or c.relnamespace = 'public'::regnamespace
                and c.relname in ('repositories', 'pull_requests', 'progressive_capture_jobs'))
          and r.rolname in ('anon', 'authenticated', 'service_role')
    ), allowed as (
        select a.relname, a.rolname, a.command, case
            when not (has_table_privilege(a.role_oid, a.oid, a.command)
                      or a.command <> 'delete' and has_any_column_privilege(a.role_oid, a.oid, a.command)) then 'no'
            when a.bypasses or not a.relrowsecurity then 'yes'
            when not coalesce(bool_or(p.polpermissive), false) then 'no'
            when bool_or(p.polpermissive and x.condition = 'true')
                and not bool_or(not p.polpermissive and x.condition <> 'true') then 'yes'
            else 'by policy'
        end as allowed
        from asked a
        left join pg_policy p on p.polrelid = a.oid and p.polcmd in (a.letter::"char", '*')
            and exists (select from unnest(p.polroles) u where u = 0 or pg_has_role(a.role_oid, u, 'usage'))
        left join lateral (
            select coalesce(pg_get_expr(
                case when a.command = 'insert' then coalesce(p.polwithcheck, p.polqual) else p.polqual end,
                p.polrelid), 'true') as condition
        ) x on true
        group by a.oid, a.relname, a.role_oid, a.rolname, a.bypasses, a.relrowsecurity, a.command
    )
    select coalesce(jsonb_agg(to_jsonb(t) order by t.table_name, t.role), '[]')
    from (
        select relname as table_name, rolname as role,
               max(allowed) filter (where command = 'select') as read,
               max(allowed) filter (where command = 'insert') as insert,
               max(allowed) filter (where command = 'update') as update,
               max(allowed) filter (where command = 'delete') as delete
        from allowed group by 1, 2
    ) t
$$;
comment on function rollout.access() is
    'R11: for each table and role whether it can read, insert, update and delete rows: yes, no, or as a policy says.';
