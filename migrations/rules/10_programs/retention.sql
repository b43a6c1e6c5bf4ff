-- R7: what is kept only so long (keep_days): rows of reports and ids of jobs. The monitor calls rollout_remove_old(),
-- or a line of pg_cron does. History is never removed.

create or replace function rollout.merge_old_slots(config rollout_configuration, before timestamptz)
returns bigint
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    merged bigint;
begin
    -- Into the slot before all time: the sums that `verify` compares stay, and so does every window.
    with gone as (
        delete from rollout.job_counts c
        where c.ctid = any (array(
            select o.ctid from rollout.job_counts o
            where o.rollout_config_id = config.id and o.slot_start < before and o.slot_start > '-infinity'
            for update skip locked))
        returning c.*
    ), added as (
        insert into rollout.job_deltas (
            rollout_config_id, slot_start, processor_type, treated, jobs, errors, successes, timed_jobs,
            processing_seconds, leaks, recorded)
        select g.rollout_config_id, '-infinity', g.processor_type, g.treated, sum(g.jobs), sum(g.errors),
               sum(g.successes), sum(g.timed_jobs), sum(g.processing_seconds), 0, 0
        from gone g group by 1, 3, 4
    )
    select count(*) into merged from gone;
    return merged;
end $$;
comment on function rollout.merge_old_slots(rollout_configuration, timestamptz) is
    'R7: adds slots that no window reaches any more up into one for each processor and arm.';

create or replace function public.rollout_remove_old(
    batch_size integer default 5000, feature_name text default 'hybrid_progressive_capture'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    bound constant integer := rollout.within('batch_size', batch_size, 1, 100000, 'select rollout_remove_old(5000)');
    config rollout_configuration;
    before timestamptz;
    kept record;
    removed bigint;
    answer jsonb := '{}';
    merged bigint := 0;
begin
    if not exists (select from rollout_configuration c where c.feature_name = feature_name) then
        perform rollout.active(feature_name);  -- which says what there is
    elsif not pg_try_advisory_xact_lock(hashtextextended('rollout_remove_old ' || feature_name, 0)) then
        return jsonb_build_object('removed', answer, 'merged_slots', merged);  -- another is at it
    end if;
    perform rollout.fold_deltas();  -- which reports that keep a snapshot leave to others
    for config in  -- those that are active no more have no monitor of their own
        select u.* from rollout_configuration c cross join lateral rollout.usable(c) u
        where c.feature_name = feature_name or c.is_active is not true
        order by c.feature_name = feature_name and c.is_active desc, c.created_at
    loop
        continue when config.feature_name <> feature_name  -- unless the monitor of another feature is at it
            and not pg_try_advisory_xact_lock(hashtextextended('rollout_remove_old ' || config.feature_name, 0));
        -- A row may count jobs for a whole window from its creation on, and the window is never cut.
        before := now() - make_interval(days => config.keep_days, hours => config.monitoring_window_hours);
        for kept in select k.*, coalesce((answer ->> k.name)::bigint, 0) as gone from rollout.kept_for_a_time() k loop
            execute format(
                -- A ctid is unique within a partition: the conditions stand outside, too.
                'delete from %1$s where rollout_config_id = $1 and %2$I < $2 and ctid = any (array(
                    select ctid from %1$s where rollout_config_id = $1 and %2$I < $2 limit $3))', kept.name, kept.since)
            using config.id, before, bound - kept.gone;
            get diagnostics removed = row_count;
            answer := answer || jsonb_build_object(kept.name, kept.gone + removed);
        end loop;
        merged := merged + rollout.merge_old_slots(config, before);
    end loop;
    return jsonb_build_object('removed', answer, 'merged_slots', merged);
end $$;
comment on function public.rollout_remove_old(integer, text) is
    'Removes reports and job ids older than keep_days, of a feature and of what is active no more, at most batch_size '
    'of each table; never history. Folds what reports have left. For the monitor, or pg_cron.';
