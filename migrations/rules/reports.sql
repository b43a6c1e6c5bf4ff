-- Reports of finished jobs, one or many at a time: recorded, counted and judged in their own transaction (R7, R8).
--
-- Whoever reports takes locks in one order: ids of jobs, rows of metrics, slots, kinds of errors, the line of
-- those that are judged, the configuration.

create or replace function public.record_rollout_job(
    repo_id uuid, processor text, success boolean,
    processing_seconds numeric default null, error_message text default null,
    feature_name text default 'hybrid_progressive_capture',
    started_at timestamptz default null, job_id text default null, treated boolean default null
)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column  -- in "on conflict", where names can't be qualified
declare
    config constant rollout_configuration := rollout_active(feature_name);
    fault constant text := rollout_report_fault(processor, success, processing_seconds, job_id);
    failed constant integer := case when success then 0 else 1 end;
begin
    if fault is not null then
        raise exception '%', fault using errcode = 'RC001';
    end if;
    if job_id is not null then
        insert into rollout_reported_jobs values (config.id, job_id) on conflict do nothing;
        if not found then
            return;
        end if;
    end if;
    begin
        insert into rollout_metrics as m (
            rollout_config_id, repository_id, processor_type, treated, recorded_window, metrics_window_end,
            success_count, error_count, total_jobs, average_processing_time, timed_jobs, processing_seconds,
            last_started_at, last_error_message, last_error_at)
        select
            -- Deleted while its job ran, or never known: the job counts all the same, without a repository.
            config.id, (select h.id from rollout_host_repositories h where h.id = repo_id), processor,
            rollout_is_treated(treated, processor, is_repository_eligible_for_rollout(repo_id, config.feature_name)),
            w.starts, w.starts + make_interval(hours => config.monitoring_window_hours),
            1 - failed, failed, 1, processing_seconds,
            case when processing_seconds is null then 0 else 1 end, coalesce(processing_seconds, 0),
            case when b.began > now() then now() else b.began end,
            case when not success then left(error_message, 2000) end, case when not success then now() end
        from date_bin(make_interval(hours => config.monitoring_window_hours), now(), 'epoch') w (starts)
        cross join coalesce(started_at, now() - make_interval(secs => processing_seconds::float8)) b (began)
        on conflict (rollout_config_id, repository_id, processor_type, treated, recorded_window)
            where recorded_window is not null
        do update set
            success_count = m.success_count + excluded.success_count,
            error_count = m.error_count + excluded.error_count,
            total_jobs = m.total_jobs + 1,
            average_processing_time = (m.processing_seconds + excluded.processing_seconds)
                / nullif(m.timed_jobs + excluded.timed_jobs, 0),
            timed_jobs = m.timed_jobs + excluded.timed_jobs,
            processing_seconds = m.processing_seconds + excluded.processing_seconds,
            last_started_at = excluded.last_started_at,
            last_error_message =
                case when excluded.error_count > 0 then excluded.last_error_message else m.last_error_message end,
            last_error_at = coalesce(excluded.last_error_at, m.last_error_at),
            updated_at = now();
    exception when foreign_key_violation then  -- the repository was deleted since it was looked up
        perform rollout_record(config, array[row(
            repo_id, processor, success, processing_seconds, error_message, started_at, null, treated, 1, null, null
        )::rollout_report]);
    end;
end $$;
comment on function public.record_rollout_job(
    uuid, text, boolean, numeric, text, text, timestamptz, text, boolean) is
    'R7, R8: reports one finished job: when it began (reckoned from its seconds if only they are known), an id by '
    'which it counts once, and whether it was in the rollout. The job whose report is a breach trips the breaker in '
    'its own transaction.';

create or replace function public.record_rollout_jobs(
    jobs jsonb, feature_name text default 'hybrid_progressive_capture'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    reports constant rollout_report[] := rollout_reports_of(jobs);
begin
    return jsonb_build_object(
        'reported', cardinality(reports), 'counted', rollout_record(rollout_active(feature_name), reports));
end $$;
comment on function public.record_rollout_jobs(jsonb, text) is
    'R7, R8: reports up to 10,000 finished jobs in the order in which they ended, all or none, each an object with the '
    'arguments of record_rollout_job. Answers how many there were, and how many counted: an id counts once.';

create or replace function public.rollout_record(config rollout_configuration, reports rollout_report[])
returns integer
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    report rollout_report;
    first integer := 1;
    slot_jobs bigint := 0;
begin
    -- The trigger on rollout_metrics need not count what is counted here.
    perform set_config('rollout.reporting', 'on', true);
    reports := rollout_placed(config, rollout_new_reports(config, reports));
    perform rollout_add_to_metrics(config, reports);
    for place in 1..cardinality(reports) loop
        report := reports[place];
        -- Counted up to each job whose report could be the crossing one: a failure can be a breach; a success only by
        -- completing the minimum sample, which it can't if its slot alone already holds more.
        if place = cardinality(reports)
            or report.treated and (not report.success or slot_jobs <= config.minimum_sample) then
            slot_jobs := rollout_add_to_slots(rollout_slots_of(config, reports, first, place));
            if first = 1 then
                perform rollout_count_errors_of(config, reports);
            end if;
            if report.treated and (not report.success or slot_jobs <= config.minimum_sample) then
                perform rollout_judge_in_line(config, 'record_rollout_job');
            end if;
            first := place + 1;
        end if;
    end loop;
    perform set_config('rollout.reporting', '', true);
    return cardinality(reports);
end $$;
comment on function public.rollout_record(rollout_configuration, rollout_report[]) is
    'R7, R8: counts reports and judges each that could be the crossing one as if it had come alone; answers how many '
    'counted.';

create or replace function public.rollout_new_reports(config rollout_configuration, reports rollout_report[])
returns rollout_report[]
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    ids text[];
begin
    if not exists (select from unnest(reports) r where r.job_id is not null) then
        return reports;
    end if;
    with new as (
        insert into rollout_reported_jobs
        select distinct config.id, r.job_id from unnest(reports) r where r.job_id is not null order by r.job_id
        on conflict do nothing
        returning job_id
    )
    select array_agg(n.job_id) into ids from new n;
    return array(
        select r from unnest(reports) r
        where r.job_id is null
           or r.number in (
               select min(f.number) from unnest(reports) f where f.job_id = any (ids) group by f.job_id)
        order by r.number);
end $$;
comment on function public.rollout_new_reports(rollout_configuration, rollout_report[]) is
    'R7: the reports without those whose job was reported before.';

create or replace function public.rollout_placed(config rollout_configuration, reports rollout_report[])
returns rollout_report[]
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    undecided constant uuid[] := array(
        select distinct r.repo_id from unnest(reports) r
        where rollout_is_treated(r.treated, r.processor, null) is null);
    eligible uuid[] := '{}';
begin
    if undecided <> '{}' then
        eligible := array(
            select e.id::uuid
            from jsonb_array_elements_text(rollout_eligible_repositories(undecided, config.feature_name)) e (id));
    end if;
    return array(
        select row(r.repo_id, r.processor, r.success, r.processing_seconds, r.error_message, b.began, r.job_id,
                   a.treated, row_number() over (order by r.number), m.counted_at,
                   rollout_has_leaked(config, a.treated, r.repo_id, m.counted_at, b.began))::rollout_report
        from unnest(reports) r
        cross join lateral coalesce(
            r.started_at, now() - make_interval(secs => r.processing_seconds::float8)) g (given)
        cross join lateral (select case when g.given > now() then now() else g.given end as began) b
        cross join lateral (
            select rollout_is_treated(
                r.treated, r.processor, coalesce(r.repo_id = any (eligible), false)) as treated) a
        cross join lateral rollout_counted_at(config, b.began) m (counted_at)
        order by r.number);
end $$;
comment on function public.rollout_placed(rollout_configuration, rollout_report[]) is
    'R7, R18: reports with their arms and the moments for which they count.';

create or replace function public.rollout_add_to_metrics(config rollout_configuration, reports rollout_report[])
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column  -- in "on conflict", where names can't be qualified
begin
    for attempt in 1..2 loop
        begin
            insert into rollout_metrics as m (
                rollout_config_id, repository_id, processor_type, treated, recorded_window, metrics_window_end,
                success_count, error_count, total_jobs, average_processing_time, timed_jobs, processing_seconds,
                last_started_at, last_error_message, last_error_at)
            select
                -- Deleted while its job ran, or never known: the job counts all the same, without a repository.
                config.id, h.id, r.processor, r.treated, w.starts,
                w.starts + make_interval(hours => config.monitoring_window_hours),
                count(*) filter (where r.success), count(*) filter (where not r.success), count(*),
                avg(r.processing_seconds), count(r.processing_seconds), coalesce(sum(r.processing_seconds), 0),
                (array_agg(r.started_at order by r.number desc))[1],
                (array_agg(left(r.error_message, 2000) order by r.number desc) filter (where not r.success))[1],
                max(now()) filter (where not r.success)
            from unnest(reports) r
            left join rollout_host_repositories h on h.id = r.repo_id
            cross join date_bin(make_interval(hours => config.monitoring_window_hours), now(), 'epoch') w (starts)
            group by h.id, r.processor, r.treated, w.starts
            order by h.id, r.processor, r.treated
            on conflict (rollout_config_id, repository_id, processor_type, treated, recorded_window)
                where recorded_window is not null
            do update set
                success_count = m.success_count + excluded.success_count,
                error_count = m.error_count + excluded.error_count,
                total_jobs = m.total_jobs + excluded.total_jobs,
                average_processing_time = (m.processing_seconds + excluded.processing_seconds)
                    / nullif(m.timed_jobs + excluded.timed_jobs, 0),
                timed_jobs = m.timed_jobs + excluded.timed_jobs,
                processing_seconds = m.processing_seconds + excluded.processing_seconds,
                last_started_at = excluded.last_started_at,
                last_error_message =
                    case when excluded.error_count > 0 then excluded.last_error_message else m.last_error_message end,
                last_error_at = coalesce(excluded.last_error_at, m.last_error_at),
                updated_at = now();
            return;
        exception when foreign_key_violation then
            if attempt = 2 then
                raise;
            end if;  -- else it was deleted since it was looked up: it is looked up again
        end;
    end loop;
end $$;
comment on function public.rollout_add_to_metrics(rollout_configuration, rollout_report[]) is
    'R7: adds reports to the row of their repository, processor, arm and window.';

create or replace function public.rollout_slots_of(
    config rollout_configuration, reports rollout_report[], first integer, last integer
)
returns rollout_job_counts[]
language plpgsql volatile
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return array(
        select row(
            config.id, s.starts, r.processor, rollout_shard(), count(*) filter (where c.now),
            count(*) filter (where c.now and not r.success), count(*) filter (where c.now and r.success),
            count(r.processing_seconds) filter (where c.now),
            coalesce(sum(r.processing_seconds) filter (where c.now), 0), r.treated,
            count(*) filter (where c.now and r.leaked), max(r.counted_at) filter (where c.now and r.leaked),
            count(*) filter (where c.now), null)::rollout_job_counts
        from unnest(reports) r
        cross join lateral (select r.number between first and last as now) c
        cross join lateral (select rollout_slot_start(config, r.counted_at) as starts) s
        -- The first time all slots are locked, in one order for everybody.
        where c.now or first = 1
        group by s.starts, r.processor, r.treated
        order by s.starts, r.processor, r.treated);
end $$;
comment on function public.rollout_slots_of(rollout_configuration, rollout_report[], integer, integer) is
    'R7: what a part of a batch adds to the slots of time.';

create or replace function public.rollout_count_errors_of(config rollout_configuration, reports rollout_report[])
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    perform rollout_count_errors(config, e.processor, e.treated, e.message, e.failed, e.amount, e.at)
    from (
        select r.processor, r.treated, max(r.error_message) as message, array_agg(h.id) as failed,
               count(*) as amount, max(r.counted_at) as at
        from unnest(reports) r
        left join rollout_host_repositories h on h.id = r.repo_id
        where not r.success
        group by rollout_error_kind(r.error_message), r.processor, r.treated,
                 coalesce(r.counted_at < config.restarted_at, false)
        order by rollout_error_kind(r.error_message), r.processor, r.treated
    ) e;
end $$;
comment on function public.rollout_count_errors_of(rollout_configuration, rollout_report[]) is
    'Counts the failed jobs among reports into their kinds of errors, in one order for everybody.';
