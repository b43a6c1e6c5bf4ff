-- Rows that were here before the rules. `migrate` calls this after it has applied them; a second call finds
-- nothing to do.

create or replace function public.rollout_adopt_rows()
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
set rollout.categorizing = 'on'
as $$
declare
    config rollout_configuration;
begin
    -- Touching a row is enough: the trigger fills its nulls with the defaults.
    for config in
        select * from rollout_configuration c
        where c.percentage_since is null or c is distinct from rollout_default_settings(c)
    loop
        perform rollout_open_change(jsonb_build_object(
            'triggered_by', 'migration', 'command', 'migrate', 'reason', 'empty settings filled with their defaults'));
        update rollout_configuration c
        set percentage_since = coalesce(c.percentage_since,
            (select max(h.created_at) from rollout_history h
             where h.rollout_config_id = c.id and h.new_percentage is distinct from h.previous_percentage),
            c.updated_at, c.created_at, now())
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

    insert into rollout_job_counts (
        rollout_config_id, slot_start, processor_type, treated, shard, jobs, errors, successes, timed_jobs,
        processing_seconds)
    select c.id,
           rollout_slot_start(c, least(now(), coalesce(m.metrics_window_end, m.updated_at, m.created_at, now()))),
           t.processor, t.treated, 0, sum(t.jobs), sum(t.errors), sum(t.successes), sum(t.timed), sum(t.seconds)
    from rollout_metrics m
    join rollout_configuration c on c.id = m.rollout_config_id
    cross join lateral rollout_metrics_tally(m) t
    where not exists (select from rollout_job_counts x where x.rollout_config_id = c.id)
    group by 1, 2, 3, 4;
end $$;
comment on function public.rollout_adopt_rows() is
    'Brings rows older than the rules under them: nulls, marks made by hand, counters. Idempotent.';
