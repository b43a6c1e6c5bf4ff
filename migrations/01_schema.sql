-- The schema of our own, which the API does not serve, with the record of these steps. What 0.1.0 had in public is
-- moved into it. Every step can be applied again: `rollout-console migrate` and the Supabase CLI may both do so.
do $$
declare
    of_0_1_0 constant text[] := '{category_counts,buckets,list_entries,job_counts,error_kinds,reported_jobs,
        follow_errors,categorization_runs,categorization_state,monitors,alerts,rules}';
    named text;
    item record;
begin
    if to_regnamespace('rollout') is null then
        create schema rollout;
    end if;
    if to_regclass('public.rollout_rules') is null then
        return;
    end if;

    -- A trigger's function keeps its triggers, that on the host's table of jobs, too. The rules replace its body.
    for item in
        select p.oid::regprocedure as signature, p.proname, p.prorettype = 'trigger'::regtype as is_trigger
        from pg_proc p
        where p.pronamespace = 'public'::regnamespace and p.proname like 'rollout\_%'
          and p.oid <> to_regprocedure('public.rollout_host_jobs(text, text, timestamptz, integer)')  -- the host's
    loop
        if item.is_trigger then
            execute format('alter function %s rename to %I', item.signature, substr(item.proname, 9));
            execute format('alter function public.%I() set schema rollout', substr(item.proname, 9));
        else
            execute format('drop function %s', item.signature);
        end if;
    end loop;
    drop type public.rollout_report;

    foreach named in array of_0_1_0 loop
        execute format('alter table public.rollout_%s set schema rollout', named);
        execute format('alter table rollout.rollout_%1$s rename to %1$s', named);
    end loop;
    for item in
        select p.polname, p.polrelid::regclass as on_table
        from pg_policy p join pg_class c on c.oid = p.polrelid where c.relnamespace = 'rollout'::regnamespace
    loop
        execute format('drop policy %I on %s', item.polname, item.on_table);  -- the rules say who reads
    end loop;
    for item in select r.rolname from pg_roles r where r.rolname in ('anon', 'authenticated', 'service_role') loop
        execute format('revoke all on all tables in schema rollout from %I', item.rolname);
        execute format('revoke all on all sequences in schema rollout from %I', item.rolname);
    end loop;
    for item in
        select k.conname, k.conrelid::regclass as on_table
        from pg_constraint k where k.connamespace = 'rollout'::regnamespace and k.conname like 'rollout\_%'
    loop
        execute format('alter table %s rename constraint %I to %I', item.on_table, item.conname,
            substr(item.conname, 9));
    end loop;
    for item in
        select c.relname, case c.relkind when 'i' then 'index' else 'sequence' end as kind
        from pg_class c
        where c.relnamespace = 'rollout'::regnamespace and c.relkind in ('i', 'S') and c.relname like 'rollout\_%'
    loop
        execute format('alter %s rollout.%I rename to %I', item.kind, item.relname, substr(item.relname, 9));
    end loop;
    alter table rollout.rules add column catalogue jsonb;

    -- 0.1.0 kept its record in the ledger of the Supabase CLI, which refuses to push while it finds versions there
    -- that it has no file of. Whole files are what `migrate` wrote; the CLI drops a file's last line break.
    if to_regclass('supabase_migrations.schema_migrations') is not null then
        delete from supabase_migrations.schema_migrations m
        where m.version between '20261124000100' and '20261124000500'
          and cardinality(m.statements) = 1 and m.statements[1] like E'%;\n' and m.statements[1] like '%rollout\_%';
    end if;
end $$;

create table if not exists rollout.migrations (
    version text primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now(),
    applied_by text not null default current_user
);
alter table rollout.migrations enable row level security;
comment on schema rollout is 'Tables and functions of rollout-console that nobody calls from outside.';
comment on table rollout.migrations is 'The steps (migrations/*.sql) that were applied, by whichever tool.';
