-- R7, R8: counts reports: into the rows of rollout_metrics, and by adding deltas of slots of time and kinds of errors.
-- Nothing that many share is updated here, so that no report waits for another, unless it is of the same job.

create or replace function rollout.count_reports(
    config rollout_configuration, reports rollout.report[], reported_by text, patient boolean
)
returns integer
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    counted integer;
    first integer := 1;
    place integer;
    reason text;
    judging boolean := false;
begin
    perform set_config('rollout.reporting', 'on', true);
    reports := rollout.new_reports(config, reports);
    counted := cardinality(reports);
    -- Which arm a job belongs to is asked only once the configuration stands still: till then each may be treated.
    select rollout.reason_to_judge(config, bool_or(not r.success)) into reason
    from unnest(reports) r where rollout.is_treated(r.treated, r.processor, true) having count(*) > 0;
    if reason is not null then
        judging := rollout.line_up(config, reason, patient);
        config := rollout.configuration_now(config);
        judging := judging and rollout.can_trip(config);
    end if;
    reports := rollout.settled_reports(config, reports);
    while first <= counted loop
        place := case when judging then rollout.next_judged(config, reports, first) end;
        perform rollout.add_reports(config, reports[first:coalesce(place, counted)]);
        if place is not null and rollout.judge(config, reported_by, patient) then
            config := rollout.configuration_now(config);
            judging := rollout.can_trip(config);
            if place < counted then  -- what follows meets what this has changed, as it would one by one
                reports := reports[:place] || rollout.settled_reports(config, reports[place + 1:]);
            end if;
        end if;
        first := coalesce(place, counted) + 1;
    end loop;
    perform set_config('rollout.reporting', '', true);
    if random() * rollout.fold_every() < 1 then
        perform rollout.fold_deltas();
    end if;
    return counted;
end $$;
comment on function rollout.count_reports(rollout_configuration, rollout.report[], text, boolean) is
    'R7, R8: counts reports in their order and judges each that could be the crossing one as if it had come alone; '
    'waits a moment for those who are judged before, if patient. Answers how many counted.';

create or replace function rollout.configuration_now(config rollout_configuration)
returns rollout_configuration
language plpgsql  -- volatile: sees what was committed since the statement began
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    select * into config from rollout_configuration c where c.id = config.id;
    return rollout.usable(config);
end $$;
comment on function rollout.configuration_now(rollout_configuration) is
    'A configuration as it stands now, by the changes of others and of this transaction.';

create or replace function rollout.new_reports(config rollout_configuration, reports rollout.report[])
returns rollout.report[]
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    ids text[];
begin
    if not exists (select from unnest(reports) r where r.job_id is not null) then
        return reports;
    end if;
    with new as (
        insert into rollout.reported_jobs (rollout_config_id, job_id)
        select config.id, r.job_id from unnest(reports) r where r.job_id is not null group by r.job_id
        order by r.job_id
        on conflict do nothing
        returning job_id
    )
    select array_agg(n.job_id) into ids from new n;
    return array(
        select row(r.repo_id, r.processor, r.success, r.processing_seconds, r.error_message, r.started_at, r.job_id,
                   r.treated, row_number() over (order by r.number), null, null, null)::rollout.report
        from (
            select f.*, row_number() over (partition by f.job_id order by f.number) as time from unnest(reports) f
        ) r
        left join unnest(ids) n (id) on n.id = r.job_id
        where r.job_id is null or r.time = 1 and n.id is not null
        order by r.number);
end $$;
comment on function rollout.new_reports(rollout_configuration, rollout.report[]) is
    'R7: the reports without those whose job was reported before, numbered anew.';

create or replace function rollout.settled_reports(config rollout_configuration, reports rollout.report[])
returns rollout.report[]
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    undecided constant uuid[] := array(
        select distinct r.repo_id from unnest(reports) r
        where rollout.is_treated(r.treated, r.processor, null) is null);
    eligible jsonb := '[]';
begin
    if undecided <> '{}' then
        eligible := rollout_eligible_repositories(undecided, config.feature_name);
    end if;
    return array(
        select rollout.placed_report(config, row(
            r.repo_id, r.processor, r.success, r.processing_seconds, r.error_message, r.started_at, r.job_id,
            r.treated, row_number() over (order by r.number), null, null,
            rollout.is_treated(r.treated, r.processor, e.id is not null))::rollout.report)
        from unnest(reports) r
        left join (select e.id::uuid from jsonb_array_elements_text(eligible) e (id)) e on e.id = r.repo_id
        order by r.number);
end $$;
comment on function rollout.settled_reports(rollout_configuration, rollout.report[]) is
    'R7, R18: reports with their arms and the moments for which they count, by a configuration as it stands.';

create or replace function rollout.add_reports(config rollout_configuration, reports rollout.report[])
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    perform rollout.add_to_metrics(config, reports);
    insert into rollout.job_deltas (
        rollout_config_id, slot_start, processor_type, treated, jobs, errors, successes, timed_jobs, processing_seconds,
        leaks, last_leak_at, recorded)
    select config.id, rollout.slot_start(config, r.counted_at), r.processor, r.arm, count(*),
           count(*) filter (where not r.success), count(*) filter (where r.success), count(r.processing_seconds),
           coalesce(sum(r.processing_seconds), 0), count(*) filter (where r.leaked),
           max(r.counted_at) filter (where r.leaked), count(*)
    from unnest(reports) r
    group by 1, 2, 3, 4;
    perform rollout.add_errors(config, reports);
end $$;
comment on function rollout.add_reports(rollout_configuration, rollout.report[]) is
    'R7: counts reports that are settled: a row for each slot and arm, and one for each kind of error.';

create or replace function rollout.add_errors(config rollout_configuration, reports rollout.report[])
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    insert into rollout.error_deltas
    select config.id, e.kind, r.processor, r.arm, count(*),
           coalesce(nullif(max(r.counted_at), '-infinity'), clock_timestamp()),
           rollout.percentage_in_effect(config), left(max(coalesce(r.error_message, 'no message')), l.sample),
           (array_remove(array_agg(distinct r.repo_id), null))[:l.repositories]
    from unnest(reports) r
    cross join rollout.error_limits() l
    -- of each message once: many of a batch have the same
    join (
        select m.message, rollout.error_kind(m.message) as kind
        from (select distinct coalesce(f.error_message, '') as message from unnest(reports) f where not f.success) m
        offset 0
    ) e on e.message = coalesce(r.error_message, '')
    where not r.success
    group by e.kind, r.processor, r.arm, coalesce(r.counted_at < config.restarted_at, false), l.sample, l.repositories;
end $$;
comment on function rollout.add_errors(rollout_configuration, rollout.report[]) is
    'R8: adds the failed jobs among reports to their kinds of errors.';

create or replace function rollout.sums_of_reports(reports rollout.report[])
returns table (
    repo_id uuid, processor text, arm boolean, successes integer, errors integer, jobs integer, timed integer,
    seconds numeric, last_started_at timestamptz, last_error_message text, numbers integer[]
)
language sql immutable  -- a set, so that it becomes part of the statement that uses it
as $$
    select r.repo_id, r.processor, r.arm,
           (count(*) filter (where r.success))::integer, (count(*) filter (where not r.success))::integer,
           count(*)::integer, count(r.processing_seconds)::integer, coalesce(sum(r.processing_seconds), 0),
           (array_agg(r.started_at order by r.number desc))[1],
           (array_agg(left(r.error_message, 2000) order by r.number desc) filter (where not r.success))[1],
           array_agg(r.number)
    from unnest(reports) r
    group by r.repo_id, r.processor, r.arm
$$;
comment on function rollout.sums_of_reports(rollout.report[]) is
    'R7: what reports add to the row of each repository, processor and arm.';

create or replace function rollout.add_to_metrics(config rollout_configuration, reports rollout.report[])
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    -- Under a snapshot that is kept, a row that has changed since can't be updated.
    may_update constant boolean := not rollout.snapshot_is_kept();
    starts constant timestamptz := rollout.recorded_window(config);
    missing integer[];
begin
    with found as (
        -- A row that somebody else is at is left alone, and another begun: reports do not wait.
        select a.*, m.id
        from rollout.sums_of_reports(reports) a
        left join lateral (
            select o.id from rollout_metrics o
            where o.rollout_config_id = config.id and o.repository_id = a.repo_id and o.processor_type = a.processor
              and o.treated = a.arm and o.recorded_window = starts and may_update
            limit 1 for no key update skip locked
        ) m on true
    ), updated as (
        update rollout_metrics m
        set success_count = m.success_count + f.successes,
            error_count = m.error_count + f.errors,
            total_jobs = m.total_jobs + f.jobs,
            average_processing_time = least(
                m.processing_seconds + f.seconds, rollout.longest_average() * (m.timed_jobs + f.timed))
                / nullif(m.timed_jobs + f.timed, 0),
            timed_jobs = m.timed_jobs + f.timed,
            processing_seconds = m.processing_seconds + f.seconds,
            last_started_at = f.last_started_at,
            last_error_message = case when f.errors > 0 then f.last_error_message else m.last_error_message end,
            last_error_at = case when f.errors > 0 then now() else m.last_error_at end,
            updated_at = now()
        from found f
        where m.id = f.id
    )
    select array_agg(n) into missing from found f, unnest(f.numbers) n where f.id is null;
    if missing is not null then
        perform rollout.begin_rows(config, case when cardinality(missing) = cardinality(reports) then reports
            else array(select r from unnest(reports) r join unnest(missing) n on n = r.number) end, starts);
    end if;
end $$;
comment on function rollout.add_to_metrics(rollout_configuration, rollout.report[]) is
    'R7: adds reports to a row of their repository, processor, arm and window.';
