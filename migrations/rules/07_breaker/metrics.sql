-- R7, R8: jobs, whoever wrote their row: given an arm, counted into slots of time, and judged. What each report calls
-- is plpgsql, whose plans a session keeps; a function in SQL that can't be inlined is planned anew at every call.

create or replace function rollout.is_treated(treated boolean, processor text, is_eligible boolean)
returns boolean
language sql immutable  -- inlined, so that a decision in its place is asked only where it counts
as $$
    -- only eligible jobs are routed to GitHub Actions
    select coalesce(treated, processor = 'github_actions' or is_eligible)
$$;
comment on function rollout.is_treated(boolean, text, boolean) is
    'R7: whether a job belongs to the treatment: as reported, else by its processor, else by the present decision.';

create or replace function rollout.metrics_prepare()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config rollout_configuration;
begin
    select c.* into config from rollout_configuration c where c.id = new.rollout_config_id;
    new.treated := rollout.is_treated(
        null, new.processor_type, is_repository_eligible_for_rollout(new.repository_id, config.feature_name));
    if config.judged_reports = 'outcomes' or rollout.follows_jobs(config) then
        new.queued := true;
    end if;
    return new;
end $$;
comment on function rollout.metrics_prepare() is
    'Trigger, R7: gives the web application''s own rows their arm as they are written, and marks those whose successes '
    'mean no more than queued.';
create or replace trigger rollout_metrics_prepare before insert on public.rollout_metrics
    for each row when (new.treated is null) execute function rollout.metrics_prepare();

create or replace function rollout.metrics_tally(entry rollout_metrics)
returns table (
    processor text, treated boolean, jobs bigint, errors bigint, successes bigint, timed bigint, seconds numeric
)
language sql immutable rows 1  -- a set, so that it becomes part of the statement that uses it
as $$
    select
        entry.processor_type,
        coalesce(entry.treated, entry.processor_type = 'github_actions'),
        greatest(case when entry.queued then 0 else coalesce(entry.total_jobs, 0) end, s.successes + s.errors),
        s.errors,
        s.successes,
        -- The application keeps an average over all jobs of its row instead of a sum; its 0 means unknown.
        coalesce(entry.timed_jobs, case when rollout.known(entry.average_processing_time) > 0 then entry.total_jobs end, 0)::bigint,
        coalesce(rollout.known(entry.processing_seconds), case when entry.timed_jobs is null
            then rollout.known(entry.average_processing_time) * entry.total_jobs end, 0)
    from (
        select coalesce(entry.error_count, 0)::bigint as errors,
               case when entry.queued then 0 else coalesce(entry.success_count, 0) end::bigint as successes
    ) s
$$;
comment on function rollout.metrics_tally(rollout_metrics) is
    'R7: what a row of rollout_metrics counts, whoever wrote it; zeros for no row. Of one that means queued, failures.';

create or replace function rollout.counted_at(config rollout_configuration, began timestamptz)
returns timestamptz
language plpgsql volatile
set search_path = pg_catalog, public, pg_temp
as $$
declare
    present constant timestamptz := clock_timestamp();
begin
    -- A clock that is set back must not blind the breaker: nothing is counted before a restart that lies ahead.
    return least(
        greatest(present, config.restarted_at, config.narrowed_at),
        case when began < config.restarted_at and config.restarted_at <= present
            then config.restarted_at - interval '1 microsecond' end,
        case when began < config.narrowed_at and config.narrowed_at <= present
            then config.narrowed_at - interval '1 microsecond' end);
end $$;
comment on function rollout.counted_at(rollout_configuration, timestamptz) is
    'R7: the moment for which a report is counted: now, or just before the restart, stop or lowering that the job '
    'began before; began is null if that is not known.';

create or replace function rollout.add_to_slots(added rollout.job_counts[])
returns bigint
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    treated_jobs bigint;
begin
    with slots as (
        insert into rollout.job_counts as c
        select a.* from unnest(added) a
        on conflict (rollout_config_id, slot_start, processor_type, treated, shard) do update set
            jobs = c.jobs + excluded.jobs,
            errors = c.errors + excluded.errors,
            successes = c.successes + excluded.successes,
            timed_jobs = c.timed_jobs + excluded.timed_jobs,
            processing_seconds = c.processing_seconds + excluded.processing_seconds,
            leaks = c.leaks + excluded.leaks,
            last_leak_at = coalesce(excluded.last_leak_at, c.last_leak_at),
            recorded = c.recorded + excluded.recorded,
            clock_skew = coalesce(excluded.clock_skew, c.clock_skew)
        returning c.jobs, c.treated
    )
    select max(s.jobs) filter (where s.treated) into treated_jobs from slots s;
    return coalesce(treated_jobs, 0);
end $$;
comment on function rollout.add_to_slots(rollout.job_counts[]) is
    'R7: adds jobs to their slots; answers how many jobs the fullest of these slots of the treatment has now.';

create or replace function rollout.metrics_counted()
returns trigger
language plpgsql security definer  -- whoever may write the table
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    entry constant rollout_metrics := coalesce(new, old);
    -- the application writes its row as it queues the job
    reported constant boolean := entry.recorded_window is not null;
    began constant timestamptz := case when reported then entry.last_started_at else now() end;
    config rollout_configuration;
    at timestamptz;
    leaked bigint;
    added record;
    slot_jobs bigint;
begin
    select * into config from rollout_configuration c where c.id = entry.rollout_config_id;
    if not found then
        return null;
    end if;
    config := rollout.usable(config);
    select coalesce(n.processor, o.processor) as processor, coalesce(n.treated, o.treated) as treated,
           n.jobs - o.jobs as jobs, n.errors - o.errors as errors, n.successes - o.successes as successes,
           n.timed - o.timed as timed, n.seconds - o.seconds as seconds
    into added
    from rollout.metrics_tally(new) n, rollout.metrics_tally(old) o;
    if (added.jobs, added.errors, added.successes, added.timed, added.seconds) = (0, 0, 0, 0, 0)
        and not coalesce(entry.queued, false) then
        return null;
    elsif tg_op = 'UPDATE' and reported and added.jobs < 0 then
        return null;  -- a stale count that somebody wrote over ours takes no report away; `verify` shows it
    end if;

    -- Jobs belong to the moment they are reported: to the end of their window if that has long passed
    -- when the row is first written (an import), and before all time when a row is deleted, so
    -- that the sum over all slots stays the sum over all rows while no window sees the removal.
    -- Below an hour it is the application's clock that is behind, and the database's decides.
    at := case
        when tg_op = 'DELETE' then '-infinity'
        when tg_op = 'INSERT' and new.metrics_window_end < now() - interval '1 hour' then new.metrics_window_end
        else rollout.counted_at(config, began)
    end;
    leaked := case
        when tg_op = 'INSERT' or added.jobs > 0 then
            case when rollout.has_leaked(config, entry.treated, entry.repository_id, at, began)
                then greatest(added.jobs, 1) else 0 end
        else 0 end;
    slot_jobs := rollout.add_to_slots(array[row(
        config.id, rollout.slot_start(config, at), added.processor, rollout.shard(), added.jobs, added.errors,
        added.successes, added.timed, added.seconds, added.treated, leaked, case when leaked > 0 then at end,
        case when reported then added.jobs else 0 end,
        case when not reported and tg_op = 'INSERT' then extract(epoch from now() - new.metrics_window_end) end
    )::rollout.job_counts]);
    if added.errors > 0 and at > '-infinity' then
        perform rollout.count_errors(
            config, added.processor, added.treated, entry.last_error_message, array[entry.repository_id], added.errors,
            at);
    end if;

    -- A failure can be a breach; a success only by completing the minimum sample, which it can't
    -- if its slot alone already holds more.
    if added.treated and (added.errors > 0 or (added.jobs > 0 and slot_jobs <= config.minimum_sample)) then
        perform rollout.judge_report(
            config, case when reported then 'record_rollout_job' else 'rollout_metrics' end);
    end if;
    return null;
end $$;
comment on function rollout.metrics_counted() is
    'Trigger on rollout_metrics, R7 and R8: counts what is written to the table other than by record_rollout_job, such '
    'as the application''s own rows, and has it judged.';
create or replace trigger rollout_metrics_counted after insert or update or delete on public.rollout_metrics
    for each row when (current_setting('rollout.reporting', true) is distinct from 'on')  -- those are counted already
    execute function rollout.metrics_counted();
