-- Rows that were here before the rules. `migrate` calls this after it has applied them; a second call finds
-- nothing to do.

create or replace function public.rollout_adopt_rows()
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    categorizing constant text := rollout_set_categorizing('on');
begin
    -- Touching a row is enough: the trigger fills its nulls with the defaults.
    for config in
        select * from rollout_configuration c
        where c.percentage_since is null or c is distinct from rollout_default_settings(c)
           or c.long_lists <> rollout_has_long_lists(c)
    loop
        perform rollout_open_change(jsonb_build_object(
            'triggered_by', 'migration', 'command', 'migrate', 'reason', 'empty settings filled with their defaults'));
        update rollout_configuration c
        set percentage_since = least(now(), coalesce(c.percentage_since,
            (select max(h.created_at) from rollout_history h
             where h.rollout_config_id = c.id and h.new_percentage is distinct from h.previous_percentage),
            c.updated_at, c.created_at, now()))
        where c.id = config.id;
        perform rollout_close_change();
    end loop;

    -- A repository marked as test although its size says otherwise was marked by hand.
    update repository_categories k
    set pinned_as_test = true
    where k.is_test_repository and not k.pinned_as_test
      and 'test' <> (select c.category from rollout_category_of(k.star_count, k.contributor_count, k.pr_count) c);

    perform rollout_count_repositories(c.feature_name)
    from rollout_configuration c
    where c.is_active and not exists (select from rollout_category_counts a where a.feature_name = c.feature_name);
    for config in
        select * from rollout_configuration c
        where c.is_active and (select count(*) from rollout_entries_of(c))
            <> (select count(*) from rollout_list_entries e where e.rollout_config_id = c.id)
    loop
        perform rollout_refresh_list_entries(config);
        perform rollout_refresh_cutoffs(config.feature_name);
    end loop;
    perform rollout_set_categorizing(categorizing);
end $$;
comment on function public.rollout_adopt_rows() is
    'Brings rows older than the rules under them: nulls, marks made by hand, counters of repositories. Idempotent.';

create or replace function public.rollout_adopt_jobs()
returns void
language sql
set search_path = pg_catalog, public, pg_temp
as $$
    -- Every row that is written under the rules has an arm, and is counted by the trigger: those without are older.
    -- They are counted once, in a shard of their own.
    insert into rollout_job_counts (
        rollout_config_id, slot_start, processor_type, treated, shard, jobs, errors, successes, timed_jobs,
        processing_seconds)
    select c.id,
           rollout_slot_start(c, least(now(), coalesce(m.metrics_window_end, m.updated_at, m.created_at, now()))),
           t.processor, t.treated, -1, sum(t.jobs), sum(t.errors), sum(t.successes), sum(t.timed), sum(t.seconds)
    from rollout_metrics m
    join rollout_configuration c on c.id = m.rollout_config_id
    cross join lateral rollout_metrics_tally(m) t
    where m.treated is null
      and not exists (select from rollout_job_counts x where x.rollout_config_id = c.id and x.shard = -1)
    group by 1, 2, 3, 4
$$;
comment on function public.rollout_adopt_jobs() is
    'Counts the reports that are older than the rules. `migrate` calls it when the rules are in force, in a '
    'transaction of its own, so that it holds up no report. Idempotent.';

create or replace function public.rollout_adoption_notes()
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select coalesce(jsonb_agg(n.note order by n.position, n.note), '[]')
    from (
        select 1 as position,
               'the application is still answered by the host''s own function; to compare it with ours, type: '
               'rollout-console migrate --dry-run' as note
        where rollout_decided_by() = 'host'
        union all
        -- Development versions added their policy to adopted tables, too.
        select 2, format(
            'rollout_public_read on %1$s was added by an earlier version, or is our own; the table has other policies, '
            'too (%2$s); if it is to be closed, type: drop policy rollout_public_read on %1$s;',
            c.relname, string_agg(p.polname, ', ' order by p.polname))
        from pg_class c join pg_policy p on p.polrelid = c.oid and p.polname <> 'rollout_public_read'
        where c.relnamespace = 'public'::regnamespace
          and c.relname in ('rollout_configuration', 'repository_categories', 'rollout_metrics', 'rollout_history')
          and exists (select from pg_policy o where o.polrelid = c.oid and o.polname = 'rollout_public_read')
        group by c.relname
        union all
        select 3, format(
            'service_role can''t %1$s on %2$s, which the console needs; type: grant %1$s on %2$s to service_role;',
            string_agg(w.command, ', ' order by w.command), c.relname)
        from pg_class c
        cross join (values ('select'), ('insert'), ('update')) w (command)
        join pg_roles r on r.rolname = 'service_role'
        where c.relnamespace = 'public'::regnamespace
          and (c.relname in ('rollout_configuration', 'repository_categories', 'rollout_metrics', 'rollout_history')
               or c.relname in ('repositories', 'pull_requests', 'progressive_capture_jobs')
                  and w.command = 'select')
          and not (c.relname = 'rollout_history' and w.command = 'update')
          and not has_table_privilege(r.oid, c.oid, w.command)
        group by c.relname
    ) n
$$;
comment on function public.rollout_adoption_notes() is
    'R11: what an operator should know of an adopted database, each with what to type; none for most databases.';
