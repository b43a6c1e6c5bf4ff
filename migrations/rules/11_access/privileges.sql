-- R11 and R18: who may do what, and how long a change waits for a lock, derived from the catalogue, so that nothing
-- that is added later is open. `migrate` calls this each time, last of all.

create or replace function rollout.apply_privileges()
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    readers constant text := (
        select string_agg(quote_ident(r.rolname), ', ') from pg_roles r where r.rolname in ('anon', 'authenticated'));
    service constant text := (select quote_ident(r.rolname) from pg_roles r where r.rolname = 'service_role');
    everybody constant text := nullif(concat_ws(', ', readers, service), '');
    item record;
begin
    -- The API does not serve the schema; those who call our functions in public need it, and those whom the host lets
    -- ask for its decision.
    perform rollout.revoke_all('schema', 'rollout', readers);
    for item in
        select case a.grantee when 0 then 'public' else a.grantee::regrole::text end as name
        from pg_proc p cross join lateral aclexplode(p.proacl) a
        where rollout.has_host_decision() and p.oid = 'rollout.host_is_halted(uuid, text)'::regprocedure
          and a.grantee <> p.proowner
        union
        select quote_ident(r.rolname) from pg_roles r where r.rolname in ('anon', 'authenticated', 'service_role')
    loop
        execute format('grant usage on schema rollout to %s', item.name);
    end loop;

    -- The four tables that the application writes have the rights that the host, or the step that created them, gave.
    for item in
        select c.oid::regclass as name, c.relkind, c.relrowsecurity, c.relispartition,
               array(select p.polname::text from pg_policy p where p.polrelid = c.oid) as policies,
               case when c.relname in ('error_kinds', 'error_deltas') then 'metrics' else 'configuration' end
                   as shown_with
        from pg_class c
        where c.relkind in ('r', 'v', 'S') and rollout.is_our_table(c.oid)
          and c.relname not in ('rollout_configuration', 'repository_categories', 'rollout_metrics', 'rollout_history')
    loop
        if item.relkind = 'r' and not item.relrowsecurity then
            execute format('alter table %s enable row level security', item.name);
        end if;
        -- Default privileges give the service role more than it is granted here: to truncate, and to add triggers.
        perform rollout.revoke_all(
            case item.relkind when 'S' then 'sequence' else 'table' end, item.name::text, everybody);
        continue when item.relispartition;  -- it is read through its table, which has the rights
        -- What derives from the rollout is shown to those who see the rollout, what has text of errors to those who see
        -- the reports: a host that has closed its tables finds ours closed, too.
        if item.relkind = 'r' and 'rollout_read_with_' || item.shown_with <> all (item.policies) then
            execute format('drop policy if exists rollout_public_read on %s', item.name);
            execute format('create policy rollout_read_with_%1$s on %2$s for select
                using (exists (select from public.rollout_%1$s))', item.shown_with, item.name);
        end if;
        -- Identity columns need no grant on their sequence; hosted Supabase gives one on whatever is created.
        if item.relkind <> 'S' and readers is not null then
            execute format('grant select on %s to %s', item.name, readers);
        end if;
        if item.relkind <> 'S' and service is not null then
            execute format('grant select%s on %s to %s',
                case item.relkind when 'r' then ', insert, update, delete' else '' end, item.name, service);
        end if;
    end loop;

    for item in
        select p.oid::regprocedure as signature, p.provolatile <> 'v' as only_reads
        from pg_proc p
        where rollout.is_our_function(p.pronamespace, p.proname)
          -- Who may execute what the host has made, or what stands in its place, is the host's to say.
          and not (rollout.has_host_decision() and p.proname in (
              'is_repository_eligible_for_rollout', 'categorize_repository', 'host_is_halted'))
    loop
        perform rollout.revoke_all('function', item.signature::text, readers);
        if item.only_reads and readers is not null then
            execute format('grant execute on function %s to %s', item.signature, readers);
        end if;
        if service is not null then
            execute format('grant execute on function %s to %s', item.signature, service);
        end if;
    end loop;
end $$;
comment on function rollout.apply_privileges() is
    'R11: readers see our tables and execute what can''t write; the service role writes; nobody else has anything.';

create or replace function rollout.revoke_all(kind text, name text, readers text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    execute format('revoke all on %s %s from public', kind, name);
    if readers is not null then
        execute format('revoke all on %s %s from %s', kind, name, readers);
    end if;
end $$;
comment on function rollout.revoke_all(text, text, text) is
    'R11: takes every privilege on an object from public and from these roles, null for none.';

create or replace function rollout.limit_waits()
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    change regprocedure;
begin
    -- A setting of the function and not a statement in it: on a new connection PostgreSQL waits for a locked table
    -- as it compiles the function, before any statement.
    for change in
        select p.oid from pg_proc p
        where (p.proargnames @> array['feature_name', 'context'] or p.proname = 'rollout_newest_in_order')
          and rollout.is_our_function(p.pronamespace, p.proname)
    loop
        execute format('alter function %s set lock_timeout = %L', change, '5s');
    end loop;
end $$;
comment on function rollout.limit_waits() is
    'R18: each function that changes the rollout, and what is asked before a change (R20), gives up waiting for a lock '
    'after 5 s. Run after all others are made.';
