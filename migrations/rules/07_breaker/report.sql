-- R7, R8: a report that comes alone, as most do: as few statements as there are rows to write. What only reckons names
-- every schema instead of pinning a path, and set_config is assigned, not performed: neither is then a statement.

create or replace function rollout.count_report(
    config rollout_configuration, asked rollout.report, reported_by text, patient boolean
)
returns integer
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    one rollout.report := rollout.settled_report(config, asked);
    reason text;
    judging boolean := false;
    ignored text;
begin
    if one.job_id is not null then
        -- It waits for a transaction that has reported the same job: which of both counts is not known before.
        insert into rollout.reported_jobs (rollout_config_id, job_id, counted_at, arm)
        values (config.id, one.job_id, one.counted_at, one.arm)
        on conflict do nothing;
        if not found then
            return 0;
        end if;
    end if;
    -- The trigger on rollout_metrics need not count what is counted here; and see rollout_history_announce.
    ignored := set_config('rollout.reporting', 'on', true);
    if one.arm then
        reason := rollout.reason_to_judge(config, not one.success);
    end if;
    if reason is not null then
        -- The line comes before the count: of jobs that fail at the same moment, the last one through sees all others.
        judging := rollout.line_up(config, reason, patient);
        config := rollout.configuration_now(config);
        one := rollout.settled_report(config, asked);
        if one.job_id is not null then  -- whoever was judged before may have lowered: it is kept as it counts now
            update rollout.reported_jobs j set counted_at = one.counted_at, arm = one.arm
            where j.rollout_config_id = config.id and j.job_id = one.job_id;
        end if;
        judging := judging and rollout.can_trip(config);
    end if;
    perform rollout.add_report(config, one);
    if judging then
        perform rollout.judge(config, reported_by, patient);
    end if;
    ignored := set_config('rollout.reporting', '', true);
    if random() * rollout.fold_every() < 1 then
        perform rollout.fold_deltas();
    end if;
    return 1;
end $$;
comment on function rollout.count_report(rollout_configuration, rollout.report, text, boolean) is
    'R7, R8: counts a report and has it judged; waits a moment for those who are judged before, if patient. 1, or 0 if '
    'its job was reported before.';

create or replace function rollout.settled_report(config public.rollout_configuration, one rollout.report)
returns rollout.report
language plpgsql
as $$
#variable_conflict use_variable
begin
    one.arm := coalesce(rollout.is_treated(one.treated, one.processor, null),
                        rollout.is_let_in(one.repo_id, config.feature_name), false);
    return rollout.placed_report(config, one);
end $$;
comment on function rollout.settled_report(rollout_configuration, rollout.report) is
    'R7, R18: a report with its arm and the moment for which it counts, by a configuration as it stands.';

create or replace function rollout.placed_report(config public.rollout_configuration, one rollout.report)
returns rollout.report
language plpgsql
as $$
#variable_conflict use_variable
declare
    present constant timestamptz := clock_timestamp();
begin
    one.started_at := coalesce(one.started_at, present - make_interval(secs => one.processing_seconds::float8));
    if one.started_at > present then  -- least() would make an unknown begin a known one
        one.started_at := present;
    end if;
    one.counted_at := coalesce(one.counted_at, rollout.counted_at(config, one.started_at, present));
    one.leaked := case when one.arm and config.narrowed_at <= one.started_at
        then rollout.has_leaked(config, one.arm, one.repo_id, one.counted_at, one.started_at) else false end;
    if not one.success and config.ignored_errors <> '{}' and rollout.is_ignored(config, one.error_message) then
        one.counted_at := '-infinity';  -- in no window
    end if;
    return one;
end $$;
comment on function rollout.placed_report(rollout_configuration, rollout.report) is
    'R7, R18: a report whose arm is known, with the moment for which it counts.';

create or replace function rollout.add_report(
    config rollout_configuration, one rollout.report, amount integer default 1
)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    starts constant timestamptz := rollout.recorded_window(config);
    errors constant integer := case when one.success then 0 else amount end;
    timed constant integer := case when one.processing_seconds is null then 0 else amount end;
    seconds constant numeric := coalesce(amount * one.processing_seconds, 0);
begin
    update rollout_metrics m
    set success_count = m.success_count + amount - errors,
        error_count = m.error_count + errors,
        total_jobs = m.total_jobs + amount,
        -- Null of no time, which least() would pass over.
        average_processing_time = least(
            m.processing_seconds + seconds, rollout.longest_average() * (m.timed_jobs + timed))
            / nullif(m.timed_jobs + timed, 0),
        timed_jobs = m.timed_jobs + timed,
        processing_seconds = m.processing_seconds + seconds,
        last_started_at = one.started_at,
        last_error_message = case when errors > 0 then left(one.error_message, 2000) else m.last_error_message end,
        last_error_at = case when errors > 0 then now() else m.last_error_at end,
        updated_at = now()
    where m.id = (
        select o.id from rollout_metrics o
        where o.rollout_config_id = config.id and o.repository_id = one.repo_id and o.processor_type = one.processor
          and o.treated = one.arm and o.recorded_window = starts and not rollout.snapshot_is_kept()
        limit 1 for no key update skip locked);
    if not found then
        perform rollout.begin_rows(config, array[one], starts, amount);
    end if;
    insert into rollout.job_deltas values (
        config.id, rollout.slot_start(config, one.counted_at), one.processor, one.arm, amount, errors,
        amount - errors, timed, seconds, case when one.leaked then 1 else 0 end,
        case when one.leaked then one.counted_at end, amount, null);
    if not one.success then
        insert into rollout.error_deltas values (
            config.id, rollout.error_kind(one.error_message), one.processor, one.arm, errors,
            coalesce(nullif(one.counted_at, '-infinity'), clock_timestamp()), rollout.percentage_in_effect(config),
            left(coalesce(one.error_message, 'no message'), (rollout.error_limits()).sample),
            array_remove(array[one.repo_id], null));
    end if;
end $$;
comment on function rollout.add_report(rollout_configuration, rollout.report, integer) is
    'R7: counts a report that is settled, so many times: into the row of its repository, processor, arm and window, '
    'and into a delta.';

create or replace function rollout.begin_rows(
    config rollout_configuration, reports rollout.report[], starts timestamptz, amount integer default 1
)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    patience constant text := current_setting('lock_timeout');
    with_repository boolean := true;
    known uuid[] := '{}';
begin
    if current_setting('rollout.configuration_held', true) = statement_timestamp()::text then
        return;  -- a report of the same statement has waited for it
    end if;
    loop
        begin
            if with_repository then
                known := array(select h.id from rollout_host_repositories h
                               where h.id = any (array(select r.repo_id from unnest(reports) r)));
            end if;
            perform set_config('lock_timeout', (rollout.report_limits()).trip_wait, true);
            insert into rollout_metrics (
                rollout_config_id, repository_id, processor_type, treated, recorded_window, metrics_window_end,
                success_count, error_count, total_jobs, average_processing_time, timed_jobs, processing_seconds,
                last_started_at, last_error_message, last_error_at)
            -- Deleted while its job ran, or never known: the job counts all the same, without a repository.
            select config.id, k.id, a.processor, a.arm, starts,
                   starts + make_interval(hours => config.monitoring_window_hours),
                   amount * a.successes, amount * a.errors, amount * a.jobs,
                   least(a.seconds, rollout.longest_average() * a.timed) / nullif(a.timed, 0), amount * a.timed,
                   amount * a.seconds,
                   a.last_started_at, a.last_error_message, case when a.errors > 0 then now() end
            from rollout.sums_of_reports(reports) a
            left join unnest(known) k (id) on k.id = a.repo_id;
            perform set_config('lock_timeout', patience, true);
            return;
        exception when foreign_key_violation or lock_not_available or undefined_table then
            if not with_repository and sqlstate = '55P03' then
                -- The configuration itself, which a row refers to: the job counts by its delta, which does not.
                perform rollout.leave_word(config, sqlerrm);
                perform set_config('rollout.configuration_held', statement_timestamp()::text, true);
                return;
            elsif not with_repository then
                raise;
            end if;
            with_repository := false;  -- just deleted, or about to be, or the host's table is being made anew
            known := '{}';
        end;
    end loop;
end $$;
comment on function rollout.begin_rows(rollout_configuration, rollout.report[], timestamptz, integer) is
    'R7, R8: new rows of metrics, with so many of each report; without its repository, if that is being deleted, and '
    'none while somebody holds the configuration for a deletion, who is then named.';

create or replace function rollout.recorded_window(config rollout_configuration)
returns timestamptz
language sql stable  -- inlined
as $$
    select greatest(
        date_bin(make_interval(hours => config.monitoring_window_hours), now(), 'epoch'), config.restarted_at)
$$;
comment on function rollout.recorded_window(rollout_configuration) is
    'R7: the beginning of the window in which reports are added up in rollout_metrics; never before a restart.';

create or replace function rollout.snapshot_is_kept()
returns boolean
language sql stable  -- inlined
as $$ select current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') $$;
comment on function rollout.snapshot_is_kept() is
    'Whether this transaction sees nothing that was committed since it began, and can''t change what was.';
