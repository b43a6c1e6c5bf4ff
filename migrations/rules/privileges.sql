-- R11: who may do what, derived from the catalogue, so that nothing that is added later is open. `migrate` calls
-- this each time, last of all.

create or replace function public.rollout_apply_privileges()
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    readers constant text := (
        select string_agg(quote_ident(r.rolname), ', ') from pg_roles r where r.rolname in ('anon', 'authenticated'));
    service constant text := (select quote_ident(r.rolname) from pg_roles r where r.rolname = 'service_role');
    item record;
begin
    -- The four tables that the application writes have the rights that the host, or the step that created them, gave.
    for item in
        select c.oid::regclass as name, c.relkind, c.relrowsecurity, c.relispartition,
               array(select p.polname::text from pg_policy p where p.polrelid = c.oid) as policies,
               case c.relname when 'rollout_error_kinds' then 'metrics' else 'configuration' end as shown_with
        from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'S') and c.relname like 'rollout\_%'
          and c.relname not in ('rollout_configuration', 'rollout_metrics', 'rollout_history')
    loop
        if item.relkind = 'r' and not item.relrowsecurity then
            execute format('alter table %s enable row level security', item.name);
        end if;
        perform rollout_revoke_all(
            case item.relkind when 'S' then 'sequence' else 'table' end, item.name::text, readers);
        continue when item.relispartition;  -- it is read through its table, which has the rights
        -- What derives from the rollout is shown to those who see the rollout, what has text of errors to those who see
        -- the reports: a host that has closed its tables finds ours closed, too.
        if item.relkind = 'r' and item.policies <> array['rollout_read_with_' || item.shown_with] then
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
        where p.pronamespace = 'public'::regnamespace
          and (p.proname like 'rollout\_%'
               or p.proname in ('is_repository_eligible_for_rollout', 'categorize_repository', 'record_rollout_job',
                                'record_rollout_jobs'))
          -- Who may execute what the host has made, or what stands in its place, is the host's to say.
          and not (rollout_has_host_decision() and p.proname in (
              'is_repository_eligible_for_rollout', 'categorize_repository', 'rollout_host_is_halted'))
    loop
        perform rollout_revoke_all('function', item.signature::text, readers);
        if item.only_reads and readers is not null then
            execute format('grant execute on function %s to %s', item.signature, readers);
        end if;
        if service is not null then
            execute format('grant execute on function %s to %s', item.signature, service);
        end if;
    end loop;
end $$;
comment on function public.rollout_apply_privileges() is
    'R11: readers see our tables and execute what can''t write; the service role writes; nobody else has anything.';

create or replace function public.rollout_revoke_all(kind text, name text, readers text)
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
comment on function public.rollout_revoke_all(text, text, text) is
    'R11: takes every privilege on an object from public and from these roles, null for none.';
