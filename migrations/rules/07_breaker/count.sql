-- R7: counts reports into metrics, slots of time and kinds of errors.
--
-- Whoever reports takes locks in one order: ids of jobs, rows of metrics, slots, kinds of errors, the lock of
-- those that are judged, the configuration.

create or replace function rollout.count_reports(config rollout_configuration, reports rollout.report[])
returns integer
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    report rollout.report;
    first integer := 1;
    slot_jobs bigint := 0;
begin
    -- The trigger on rollout_metrics need not count what is counted here.
    perform set_config('rollout.reporting', 'on', true);
    reports := rollout.reports_with_arms(config, rollout.new_reports(config, reports));
    perform rollout.add_to_metrics(config, reports);
    for place in 1..cardinality(reports) loop
        report := reports[place];
        -- Counted up to each job whose report could be the crossing one: a failure can be a breach; a success only by
        -- completing the minimum sample, which it can't if its slot alone already holds more.
        if place = cardinality(reports)
            or report.treated and (not report.success or slot_jobs <= config.minimum_sample) then
            slot_jobs := rollout.add_to_slots(rollout.slots_of_reports(config, reports, first, place));
            if first = 1 then
                perform rollout.count_errors_of_reports(config, reports);
            end if;
            if report.treated and (not report.success or slot_jobs <= config.minimum_sample) then
                perform rollout.judge_alone(config, 'record_rollout_job');
            end if;
            first := place + 1;
        end if;
    end loop;
    perform set_config('rollout.reporting', '', true);
    return cardinality(reports);
end $$;
comment on function rollout.count_reports(rollout_configuration, rollout.report[]) is
    'R7, R8: counts reports and judges each that could be the crossing one as if it had come alone; answers how many '
    'counted.';

create or replace function rollout.new_reports(config rollout_configuration, reports rollout.report[])
returns rollout.report[]
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
        insert into rollout.reported_jobs
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
comment on function rollout.new_reports(rollout_configuration, rollout.report[]) is
    'R7: the reports without those whose job was reported before.';

create or replace function rollout.reports_with_arms(config rollout_configuration, reports rollout.report[])
returns rollout.report[]
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    undecided constant uuid[] := array(
        select distinct r.repo_id from unnest(reports) r
        where rollout.is_treated(r.treated, r.processor, null) is null);
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
                   rollout.has_leaked(config, a.treated, r.repo_id, m.counted_at, b.began))::rollout.report
        from unnest(reports) r
        cross join lateral coalesce(
            r.started_at, now() - make_interval(secs => r.processing_seconds::float8)) g (given)
        cross join lateral (select case when g.given > now() then now() else g.given end as began) b
        cross join lateral (
            select rollout.is_treated(
                r.treated, r.processor, coalesce(r.repo_id = any (eligible), false)) as treated) a
        cross join lateral rollout.counted_at(config, b.began) m (counted_at)
        order by r.number);
end $$;
comment on function rollout.reports_with_arms(rollout_configuration, rollout.report[]) is
    'R7, R18: reports with their arms and the moments for which they count.';

create or replace function rollout.add_to_metrics(config rollout_configuration, reports rollout.report[])
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
comment on function rollout.add_to_metrics(rollout_configuration, rollout.report[]) is
    'R7: adds reports to the row of their repository, processor, arm and window.';

create or replace function rollout.slots_of_reports(
    config rollout_configuration, reports rollout.report[], first integer, last integer
)
returns rollout.job_counts[]
language plpgsql volatile
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return array(
        select row(
            config.id, s.starts, r.processor, rollout.shard(), count(*) filter (where c.now),
            count(*) filter (where c.now and not r.success), count(*) filter (where c.now and r.success),
            count(r.processing_seconds) filter (where c.now),
            coalesce(sum(r.processing_seconds) filter (where c.now), 0), r.treated,
            count(*) filter (where c.now and r.leaked), max(r.counted_at) filter (where c.now and r.leaked),
            count(*) filter (where c.now), null)::rollout.job_counts
        from unnest(reports) r
        cross join lateral (select r.number between first and last as now) c
        cross join lateral (select rollout.slot_start(config, r.counted_at) as starts) s
        -- The first time all slots are locked, in one order for everybody.
        where c.now or first = 1
        group by s.starts, r.processor, r.treated
        order by s.starts, r.processor, r.treated);
end $$;
comment on function rollout.slots_of_reports(rollout_configuration, rollout.report[], integer, integer) is
    'R7: what a part of a batch adds to the slots of time.';

create or replace function rollout.count_errors_of_reports(config rollout_configuration, reports rollout.report[])
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    perform rollout.count_errors(config, e.processor, e.treated, e.message, e.failed, e.amount, e.at)
    from (
        select r.processor, r.treated, max(r.error_message) as message, array_agg(h.id) as failed,
               count(*) as amount, max(r.counted_at) as at
        from unnest(reports) r
        left join rollout_host_repositories h on h.id = r.repo_id
        where not r.success
        group by rollout.error_kind(r.error_message), r.processor, r.treated,
                 coalesce(r.counted_at < config.restarted_at, false)
        order by rollout.error_kind(r.error_message), r.processor, r.treated
    ) e;
end $$;
comment on function rollout.count_errors_of_reports(rollout_configuration, rollout.report[]) is
    'Counts the failed jobs among reports into their kinds of errors, in one order for everybody.';

create or replace function rollout.count_errors(
    config rollout_configuration, processor text, arm boolean, message text, failed uuid[], amount bigint,
    at timestamptz
)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    limits constant record := rollout.error_limits();
    shard_used constant smallint := rollout.shard();
    -- An error of a job that began before the restart counts for no health (R7).
    judged constant bigint := case when at < config.restarted_at then 0 else amount end;
    named text := rollout.error_kind(message);
begin
    failed := array_remove(failed, null);
    loop
        -- The key has all that the key of the job's slot has: who waits for this row waits for that one already.
        update rollout.error_kinds k
        set errors = k.errors + amount,
            judged_errors = judged
                + case when k.judged_since is not distinct from config.restarted_at then k.judged_errors else 0 end,
            judged_since = config.restarted_at,
            last_seen_at = greatest(k.last_seen_at, at),
            repositories = case
                when cardinality(k.repositories) >= limits.repositories or failed <@ k.repositories
                    then k.repositories
                else (k.repositories || array(
                    select distinct f from unnest(failed) f where f <> all (k.repositories)))[:limits.repositories]
            end
        where k.rollout_config_id = config.id and k.kind = named and k.processor_type = processor
          and k.treated = arm and k.shard = shard_used;
        exit when found;
        if named <> ''
            and not exists (select from rollout.error_kinds k where k.rollout_config_id = config.id and k.kind = named)
            and not rollout.make_room_for_kind(config) then
            named := '';
            continue;
        end if;
        insert into rollout.error_kinds
        values (config.id, named, processor, arm, shard_used, 0, 0, config.restarted_at, at,
                rollout.percentage_in_effect(config), at, left(coalesce(message, 'no message'), limits.sample), '{}')
        on conflict do nothing;
    end loop;
end $$;
comment on function rollout.count_errors(
    rollout_configuration, text, boolean, text, uuid[], bigint, timestamptz) is
    'Counts failed jobs into their kind of error; into that of all others where there are too many kinds.';
