-- What the role that migrates may not do, though `migrate` must, and what to type as the owner. Asked before the first
-- statement, so that nothing stops half-way.
with wanted (needs, remedy) as (
    select format('create on database %I, which %s owns', d.datname, d.datdba::regrole),
           format('grant create on database %I to %I', d.datname, current_user)
    from pg_database d
    where d.datname = current_database() and not has_database_privilege(d.oid, 'create')
      and (to_regnamespace('rollout') is null
           -- where the host's own decision is kept
           or to_regnamespace('rollout_host') is null and exists (
               select from pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname in (
                   'is_repository_eligible_for_rollout', 'categorize_repository')))
    union all
    select format('usage and create on schema %s, which %s owns', n.nspname, n.nspowner::regrole),
           format('grant usage, create on schema %I to %I', n.nspname, current_user)
    from pg_namespace n
    where n.nspname in ('public', 'rollout')
      and not (has_schema_privilege(n.oid, 'create') and has_schema_privilege(n.oid, 'usage'))
    union all
    select format('%s, which %s owns', string_agg(o.name, ', ' order by o.name), o.owner),
           format('grant %I to %I', o.owner, current_user)
    from (
        select c.oid::regclass::text as name, c.relowner::regrole::text as owner
        from pg_class c
        where c.relkind in ('r', 'p', 'v') and not pg_has_role(c.relowner, 'usage')
          and (c.relnamespace = to_regnamespace('rollout') or c.relnamespace = 'public'::regnamespace and (
               -- no rule is there yet to ask; what 0.1.0 had in public is taken by its names' beginning
               c.relname in ('rollout_configuration', 'rollout_metrics', 'rollout_history', 'repository_categories',
                             'rollout_host_repositories', 'rollout_host_jobs')
               or c.relname like 'rollout\_%' and to_regclass('public.rollout_rules') is not null))
        union all
        select p.oid::regprocedure::text, p.proowner::regrole::text
        from pg_proc p
        where not pg_has_role(p.proowner, 'usage') and p.pronamespace = 'public'::regnamespace
          and p.proname in ('is_repository_eligible_for_rollout', 'categorize_repository', 'record_rollout_job',
                            'record_rollout_jobs')
    ) o
    group by o.owner
    union all
    select format('references on %s, which %s owns', c.oid::regclass, c.relowner::regrole),
           format('grant references on %s to %I', c.oid::regclass, current_user)
    from pg_class c
    where c.oid = to_regclass('public.repositories') and not has_table_privilege(c.oid, 'references')
      and (to_regclass('public.rollout_metrics') is null or to_regclass('public.repository_categories') is null)
)
select string_agg(w.needs, '; '), string_agg(w.remedy || ';', ' ') from wanted w
