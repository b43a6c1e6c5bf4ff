-- R11: rows that were here before the rules. `migrate` calls this after it has applied them; a second call finds
-- nothing to do.

create or replace function rollout.adopt_rows()
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config rollout_configuration;
    categorizing constant text := rollout.set_categorizing('on');
begin
    -- Touching a row is enough: the trigger fills its nulls with the defaults.
    for config in
        select * from rollout_configuration c
        where c.percentage_since is null or c is distinct from rollout.default_settings(c)
           or c.long_lists <> rollout.has_long_lists(c)
           or c.target_repositories is distinct from rollout.entries(c.target_repositories)
           or c.excluded_repositories is distinct from rollout.entries(c.excluded_repositories)
    loop
        perform rollout.open_change(jsonb_build_object(
            'triggered_by', 'migration', 'command', 'migrate', 'reason', 'empty settings filled with their defaults'));
        update rollout_configuration c
        set percentage_since = least(now(), coalesce(c.percentage_since,
            (select max(h.created_at) from rollout_history h
             where h.rollout_config_id = c.id and h.new_percentage is distinct from h.previous_percentage),
            c.updated_at, c.created_at, now())),
            target_repositories = rollout.entries(c.target_repositories),
            excluded_repositories = rollout.entries(c.excluded_repositories)
        where c.id = config.id;
        perform rollout.close_change();
    end loop;

    -- A repository marked as test although its size says otherwise was marked by hand.
    update repository_categories k
    set pinned_as_test = true
    where k.is_test_repository and not k.pinned_as_test
      and 'test' <> (select c.category from rollout.category_of(k.star_count, k.contributor_count, k.pr_count) c);

    perform rollout.recount_repositories(c.feature_name)
    from rollout_configuration c
    where c.is_active and not exists (select from rollout.category_counts a where a.feature_name = c.feature_name);
    for config in
        select * from rollout_configuration c
        where c.is_active and (select count(*) from rollout.entries_of(c))
            <> (select count(*) from rollout.list_entries e where e.rollout_config_id = c.id)
    loop
        perform rollout.refresh_list_entries(config);
        perform rollout.refresh_cutoffs(config.feature_name);
    end loop;
    perform rollout.set_categorizing(categorizing);
end $$;
comment on function rollout.adopt_rows() is
    'Brings rows older than the rules under them: nulls, marks made by hand, counters of repositories. Idempotent.';

create or replace function rollout.adopt_jobs()
returns void
language sql
set search_path = pg_catalog, public, pg_temp
as $$
    -- Every row that is written under the rules has an arm, and is counted by the trigger: those without are older.
    -- They are counted once, in a shard of their own.
    insert into rollout.job_counts (
        rollout_config_id, slot_start, processor_type, treated, shard, jobs, errors, successes, timed_jobs,
        processing_seconds)
    select c.id,
           rollout.slot_start(c, least(now(), coalesce(m.metrics_window_end, m.updated_at, m.created_at, now()))),
           t.processor, t.treated, -1, sum(t.jobs), sum(t.errors), sum(t.successes), sum(t.timed), sum(t.seconds)
    from rollout_metrics m
    join rollout_configuration c on c.id = m.rollout_config_id
    cross join lateral rollout.metrics_tally(m) t
    where m.treated is null
      and not exists (select from rollout.job_counts x where x.rollout_config_id = c.id and x.shard = -1)
    group by 1, 2, 3, 4
$$;
comment on function rollout.adopt_jobs() is
    'Counts the reports that are older than the rules. `migrate` calls it when the rules are in force, in a '
    'transaction of its own, so that it holds up no report. Idempotent.';
