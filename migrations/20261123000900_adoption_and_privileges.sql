-- The rows that were here before us, then who may do what (R11).

-- Two active configurations of one feature were possible; the newest stays active.
select set_config('rollout.change', jsonb_build_object(
    'action', 'updated', 'triggered_by', 'migration', 'command', 'migrate',
    'reason', 'a newer active configuration of the same feature exists')::text, true);
update public.rollout_configuration c
set is_active = false
where c.is_active and exists (
    select from public.rollout_configuration newer
    where newer.is_active and newer.feature_name = c.feature_name
      and (coalesce(newer.updated_at, newer.created_at, '-infinity'), newer.id)
        > (coalesce(c.updated_at, c.created_at, '-infinity'), c.id));
create unique index if not exists rollout_configuration_one_active
    on public.rollout_configuration (feature_name) where is_active;

-- Nulls become the defaults that the existing deployment reads them as.
select set_config('rollout.change', jsonb_build_object(
    'action', 'updated', 'triggered_by', 'migration', 'command', 'migrate',
    'reason', 'empty settings filled with their defaults')::text, true);
update public.rollout_configuration c
set percentage_since = coalesce(
    c.percentage_since,
    (select max(h.created_at) from public.rollout_history h
     where h.rollout_config_id = c.id and h.new_percentage is distinct from h.previous_percentage),
    c.updated_at, c.created_at, now())
where c.percentage_since is null;
select set_config('rollout.change', '', true);

-- A repository marked as test although its size says otherwise was marked by hand.
select set_config('rollout.categorizing', 'on', true);
update public.repository_categories k
set pinned_as_test = true
where k.is_test_repository and not k.pinned_as_test
  and 'test' <> (select c.category from public.rollout_category_of(k.star_count, k.contributor_count, k.pr_count) c);
select set_config('rollout.categorizing', '', true);

-- Counters from the rows, once.
select public.rollout_count_repositories(c.feature_name)
from public.rollout_configuration c
where c.is_active and not exists (
    select from public.rollout_admission a where a.feature_name = c.feature_name);
insert into public.rollout_job_counts (
    rollout_config_id, slot_start, processor_type, shard, jobs, errors, successes, timed_jobs, processing_seconds)
select c.id,
       date_bin(make_interval(secs => c.monitoring_window_hours * 12.5),
                least(now(), coalesce(m.metrics_window_end, m.updated_at, m.created_at, now())), 'epoch'),
       m.processor_type, 0, sum(t.jobs), sum(t.errors), sum(t.successes), sum(t.timed), sum(t.seconds)
from public.rollout_metrics m
join public.rollout_configuration c on c.id = m.rollout_config_id
cross join lateral public.rollout_metrics_tally(m) t
where not exists (select from public.rollout_job_counts x where x.rollout_config_id = c.id)
group by 1, 2, 3;

-- Everybody may read, behind row-level security; nobody but the service role may write.
do $$
declare
    ours constant text[] := '{rollout_configuration,repository_categories,rollout_metrics,rollout_history,
        rollout_admission,rollout_buckets,rollout_job_counts,rollout_categorization_runs,
        rollout_monitors,rollout_alerts}';
    reports constant text[] := '{is_repository_eligible_for_rollout,rollout_schema_version,rollout_status,rollout_stats,
        rollout_categories,rollout_show_metrics,rollout_error_trend,rollout_show_whitelist,rollout_list_history,
        rollout_preview,rollout_explain,rollout_phases,rollout_overview,rollout_find_repositories,
        rollout_category_rules,rollout_category_of,rollout_bucket,rollout_below,rollout_boundary,
        rollout_counted_buckets,rollout_quota,rollout_decide,rollout_admits,rollout_wilson,
        rollout_window_start,rollout_window,rollout_health,rollout_active,rollout_history_entry,
        rollout_whole_percentage,rollout_phase_plan,rollout_phase_name,rollout_listed,rollout_admitted,rollout_success_metrics,
        rollout_unit_cost,rollout_named,rollout_repository_names,rollout_known_repositories,
        rollout_verify,rollout_setup_plan,rollout_start_obstacle,rollout_whitelist_obstacle,rollout_test_candidates}';
    readers text := (select string_agg(quote_ident(rolname), ', ') from pg_roles where rolname in ('anon', 'authenticated'));
    service boolean := exists (select from pg_roles where rolname = 'service_role');
    item record;
begin
    for item in select name from unnest(ours) name loop
        execute format('alter table public.%I enable row level security', item.name);
        execute format('drop policy if exists rollout_public_read on public.%I', item.name);
        execute format('create policy rollout_public_read on public.%I for select using (true)', item.name);
        execute format('revoke all on public.%I from public', item.name);
        if readers is not null then
            execute format('revoke all on public.%I from %s', item.name, readers);
            execute format('grant select on public.%I to %s', item.name, readers);
        end if;
        if service then
            execute format('grant select, insert, update, delete on public.%I to service_role', item.name);
        end if;
    end loop;
    -- Identity columns need no grant; hosted Supabase gives one on whatever is created.
    for item in
        select d.objid::regclass as name
        from pg_depend d join pg_class c on c.oid = d.objid and c.relkind = 'S'
        where d.refobjid in (select to_regclass('public.' || name) from unnest(ours) name)
    loop
        execute format('revoke all on sequence %s from public', item.name);
        if readers is not null then
            execute format('revoke all on sequence %s from %s', item.name, readers);
        end if;
    end loop;
    if readers is not null then
        execute format('grant select on public.rollout_host_repositories to %s', readers);
    end if;
    if service then
        grant select on public.rollout_host_repositories to service_role;
    end if;

    for item in
        select p.oid::regprocedure as signature, p.proname = any (reports) as readable
        from pg_proc p
        where p.pronamespace = 'public'::regnamespace
          and (p.proname like 'rollout\_%'
               or p.proname in ('is_repository_eligible_for_rollout', 'categorize_repository', 'record_rollout_job'))
    loop
        execute format('revoke all on function %s from public', item.signature);
        if readers is not null then
            execute format('revoke all on function %s from %s', item.signature, readers);
            if item.readable then
                execute format('grant execute on function %s to %s', item.signature, readers);
            end if;
        end if;
        if service then
            execute format('grant execute on function %s to service_role', item.signature);
        end if;
    end loop;
end $$;

notify pgrst, 'reload schema';
