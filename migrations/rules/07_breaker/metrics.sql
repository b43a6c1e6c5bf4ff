-- R7, R8: jobs, whoever wrote their row: given an arm, counted into slots of time, and judged. What each report calls
-- is plpgsql, whose plans a session keeps; a function in SQL that can't be inlined is planned anew at every call.

create or replace function rollout.is_treated(treated boolean, processor text, is_eligible boolean)
returns boolean
language sql stable  -- inlined, so that a decision in its place is asked only where it counts
as $$
    -- to some processors, as GitHub Actions, only eligible jobs are routed
    select coalesce(
        treated,
        coalesce(public.rollout_host_processors() #>> array[processor, 'arm'] = 'treatment', false) or is_eligible)
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
        null, new.processor_type, rollout.is_let_in(new.repository_id, config.feature_name));
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
language sql stable rows 1  -- a set, so that it becomes part of the statement that uses it
as $$
    select
        entry.processor_type,
        coalesce(entry.treated, case when entry.processor_type is not null  -- null for no row
            then rollout.is_treated(null, entry.processor_type, false) end),
        greatest(case when entry.queued then 0 else coalesce(entry.total_jobs, 0) end, s.successes + s.errors),
        s.errors,
        s.successes,
        -- The application keeps an average over all jobs of its row instead of a sum; its 0 means unknown.
        coalesce(entry.timed_jobs,
                 case when rollout.known(entry.average_processing_time) > 0 then entry.total_jobs end, 0)::bigint,
        coalesce(rollout.known(entry.processing_seconds), case when entry.timed_jobs is null
            then rollout.known(entry.average_processing_time) * entry.total_jobs end, 0)
    from (
        select coalesce(entry.error_count, 0)::bigint as errors,
               case when entry.queued then 0 else coalesce(entry.success_count, 0) end::bigint as successes
    ) s
$$;
comment on function rollout.metrics_tally(rollout_metrics) is
    'R7: what a row of rollout_metrics counts, whoever wrote it; zeros for no row. Of one that means queued, failures.';

create or replace function rollout.counted_at(
    config rollout_configuration, began timestamptz, present timestamptz
)
returns timestamptz
language sql stable  -- inlined
as $$
    -- A clock that is set back must not blind the breaker: nothing is counted before a restart that lies ahead.
    select least(
        greatest(present, config.restarted_at, config.narrowed_at),
        case when began < config.restarted_at and config.restarted_at <= present
            then config.restarted_at - interval '1 microsecond' end,
        case when began < config.narrowed_at and config.narrowed_at <= present
            then config.narrowed_at - interval '1 microsecond' end)
$$;
comment on function rollout.counted_at(rollout_configuration, timestamptz, timestamptz) is
    'R7: the moment for which a report is counted: the present, or just before the restart, stop or lowering that the '
    'job began before; began is null if that is not known.';

create or replace function rollout.is_odd(config rollout_configuration, entry rollout_metrics)
returns boolean
language sql immutable
as $$
    select coalesce(least(entry.total_jobs, entry.success_count, entry.error_count, entry.timed_jobs) < 0, false)
        or coalesce(entry.total_jobs > 0 and entry.error_count > entry.total_jobs, false)
        or coalesce(greatest(entry.total_jobs::bigint, entry.success_count::bigint + entry.error_count)
                    > config.most_jobs_of_a_row, false)
$$;
comment on function rollout.is_odd(rollout_configuration, rollout_metrics) is
    'R7: whether a row has counts that no job can have: below zero, more errors than jobs, more than a row may have.';

create or replace function rollout.add_tally(
    config rollout_configuration, at timestamptz, entry rollout_metrics, was rollout_metrics, leaked bigint
)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    limits constant record := rollout.error_limits();
    reported constant boolean := coalesce(entry.recorded_window, was.recorded_window) is not null;
    counted constant timestamptz := case
        when entry.error_count > coalesce(was.error_count, 0) and rollout.is_ignored(config, entry.last_error_message)
            then '-infinity' else at end;  -- in no window
begin
    insert into rollout.job_deltas (
        rollout_config_id, slot_start, processor_type, treated, jobs, errors, successes, timed_jobs, processing_seconds,
        leaks, last_leak_at, recorded, clock_skew)
    select config.id, rollout.slot_start(config, counted), coalesce(n.processor, o.processor),
           coalesce(n.treated, o.treated), n.jobs - o.jobs, n.errors - o.errors, n.successes - o.successes,
           n.timed - o.timed, n.seconds - o.seconds, leaked, case when leaked > 0 then at end,
           case when reported then n.jobs - o.jobs else 0 end,
           case when not reported and was.id is null and isfinite(entry.metrics_window_end)
               then extract(epoch from clock_timestamp() - entry.metrics_window_end) end
    from rollout.metrics_tally(entry) n
    cross join rollout.metrics_tally(was) o;
    insert into rollout.error_deltas
    select config.id, rollout.error_kind(entry.last_error_message), n.processor, n.treated, n.errors - o.errors, at,
           rollout.percentage_in_effect(config), left(coalesce(entry.last_error_message, 'no message'), limits.sample),
           array_remove(array[entry.repository_id], null)
    from rollout.metrics_tally(entry) n
    cross join rollout.metrics_tally(was) o
    where n.errors > o.errors and at > '-infinity';
end $$;
comment on function rollout.add_tally(
    rollout_configuration, timestamptz, rollout_metrics, rollout_metrics, bigint) is
    'R7: adds what a row of rollout_metrics counts beyond what it was.';

create or replace function rollout.metrics_counted()
returns trigger
language plpgsql security definer  -- whoever may write the table
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    -- of the table's type, also in a partition
    became constant rollout_metrics := new;
    was constant rollout_metrics := old;
    entry constant rollout_metrics := coalesce(new, old);
    nothing rollout_metrics;
    -- the application writes its row as it queues the job
    reported constant boolean := entry.recorded_window is not null;
    began constant timestamptz := case when reported then entry.last_started_at else now() end;
    config rollout_configuration;
    at timestamptz;
    added record;
    reason text;
begin
    select * into config from rollout_configuration c where c.id = entry.rollout_config_id;
    if not found then
        return null;  -- the host's column may be empty
    end if;
    config := rollout.usable(config);
    select coalesce(n.treated, o.treated) as treated, n.jobs - o.jobs as jobs, n.errors - o.errors as errors,
           (n.jobs, n.errors, n.successes, n.timed, n.seconds) = (o.jobs, o.errors, o.successes, o.timed, o.seconds)
               as same
    into added
    from rollout.metrics_tally(became) n, rollout.metrics_tally(was) o;
    if added.same and not coalesce(entry.queued, false) then
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
        when tg_op = 'INSERT' and new.metrics_window_end < now() - (rollout.clock_limits()).late_row
            then new.metrics_window_end
        else rollout.counted_at(config, began, clock_timestamp())
    end;
    if rollout.is_odd(config, became) or rollout.is_odd(config, was) then
        -- So do counts that no job can have; the role is the one that its session has taken, not the trigger's.
        if tg_op <> 'INSERT' then
            perform rollout.add_tally(config, '-infinity', nothing, was, 0);
        end if;
        if tg_op = 'DELETE' then
            return null;
        elsif not rollout.is_odd(config, became) then
            perform rollout.add_tally(config, at, became, nothing, 0);
            return null;
        end if;
        perform rollout.add_tally(config, '-infinity', became, nothing, 0);
        insert into rollout.odd_counts (rollout_config_id, role_name)
        values (config.id, coalesce(nullif(current_setting('role'), 'none'), session_user))
        on conflict do nothing;
        return null;
    end if;
    perform rollout.add_tally(config, at, became, was, case
        when (tg_op = 'INSERT' or added.jobs > 0)
            and rollout.has_leaked(config, entry.treated, entry.repository_id, at, began) then greatest(added.jobs, 1)
        else 0 end);

    if added.treated and (added.errors > 0 or added.jobs > 0) then
        reason := rollout.reason_to_judge(config, added.errors > 0);
        if reason is not null and rollout.line_up(config, reason, true) then
            config := rollout.configuration_now(config);
            if rollout.can_trip(config) then
                perform set_config('rollout.reporting', 'on', true);
                perform rollout.judge(
                    config, case when reported then 'record_rollout_job' else 'rollout_metrics' end, true);
                perform set_config('rollout.reporting', '', true);
            end if;
        end if;
    end if;
    if random() * rollout.fold_every() < 1 then
        perform rollout.fold_deltas();
    end if;
    return null;
end $$;
comment on function rollout.metrics_counted() is
    'Trigger on rollout_metrics, R7 and R8: counts what is written to the table other than by record_rollout_job, such '
    'as the application''s own rows, and has it judged.';
create or replace trigger rollout_metrics_counted after insert or update or delete on public.rollout_metrics
    for each row when (current_setting('rollout.reporting', true) is distinct from 'on')  -- those are counted already
    execute function rollout.metrics_counted();
