-- R16: what the jobs say against the rollout. These warn, and keep a phase from being ready; a health check rolls back
-- on them only where act_on_warnings says so.

create or replace function rollout.silence(
    config rollout_configuration, processor text, out silent_for interval, out usual_gap interval
)
returns setof record
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    limits constant record := rollout.silence_limits();
    since constant timestamptz := clock_timestamp() - (rollout.host_job_limits()).look_back;
    last_report timestamptz;
    slots bigint;
begin
    if rollout.percentage_in_effect(config) = 0 then
        return;  -- nobody is routed to GitHub Actions
    end if;
    select max(c.slot_start) into last_report
    from rollout.counts c
    where c.rollout_config_id = config.id and c.slot_start >= since and c.processor_type = processor and c.jobs > 0;
    silent_for := clock_timestamp() - greatest(last_report, config.restarted_at, config.narrowed_at);
    if last_report is null or silent_for < limits.shortest then
        return;
    end if;
    -- The longest gap, so that a night or a weekend is no silence.
    select max(g.gap), count(*) into usual_gap, slots
    from (
        select s.slot_start - lag(s.slot_start) over (order by s.slot_start) as gap
        from (select distinct c.slot_start from rollout.counts c
              where c.rollout_config_id = config.id and c.slot_start >= since and c.processor_type = processor
                and c.jobs > 0) s
    ) g;
    if slots >= limits.slots and silent_for > limits.gaps * usual_gap then
        return next;
    end if;
end $$;
comment on function rollout.silence(rollout_configuration, text) is
    'R16: for how long a processor has reported nothing, if that is beyond rollout.silence_limits; no row otherwise, '
    'and none while no traffic flows.';

create or replace function rollout.contradiction(
    config rollout_configuration, seen rollout.job_counts[], processor text, overdue bigint,
    out successes bigint, out reported bigint, out completed bigint, out failed bigint
)
returns setof record
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    since constant timestamptz := rollout.window_start(config);
begin
    select count(*) into failed
    from rollout.host_job_limits() l
    cross join lateral rollout_host_jobs(processor, 'failed', since, l.most_read) h
    where (h.job_type = any (config.ignored_job_types)) is not true and not rollout.is_ignored(config, h.error);
    if overdue + failed < config.minimum_sample then
        return;
    end if;
    select sum(w.successes), sum(w.jobs) into successes, reported
    from unnest(seen) w where w.processor_type = processor;
    -- No more than it takes to know: a healthy day may have completed millions.
    select count(*) into completed
    from rollout_host_jobs(processor, 'completed', since, (overdue + failed)::integer) h
    where (h.job_type = any (config.ignored_job_types)) is not true;
    if successes >= config.minimum_sample and completed < overdue + failed and 2 * completed < successes then
        return next;
    end if;
end $$;
comment on function rollout.contradiction(rollout_configuration, rollout.job_counts[], text, bigint) is
    'R16: reports against outcomes of the jobs of the window: a row if at least the minimum sample was reported as '
    'succeeded and as many failed or are overdue, and fewer completed than those, and than half of what was reported.';

create or replace function rollout.follow_warnings(config rollout_configuration)
returns table (name text, message text, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select 'not_following', 'follow_jobs is on, but the host''s table of jobs is gone, or was created anew, so that no '
        'outcome is recorded; switch it off, and on again', 'rollout.configure(follow_jobs=False)'
    where config.follow_jobs and not rollout.follows_jobs(config)
    union all
    select 'follow_errors', format(
        '%s of jobs could not be recorded, the last %s ago: %s',
        case e.failures when 1 then '1 outcome' else e.failures || ' outcomes' end,
        rollout.time_in_words(clock_timestamp() - e.failed_at), e.message), 'rollout.jobs()'
    from rollout.follow_errors e
    where config.follow_jobs and e.failed_at >= rollout.window_start(config);
end $$;
comment on function rollout.follow_warnings(rollout_configuration) is
    'R16: why outcomes are not recorded although they should be.';

create or replace function rollout.outcomes_against(config rollout_configuration, seen rollout.job_counts[])
returns table (name text, message text, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with waiting as materialized (
        select j.processor,
               count(*) filter (where j.state = 'queued') as queued,
               clock_timestamp() - min(j.created_at) filter (where j.state = 'queued') as queued_for,
               count(*) filter (where j.state = 'stuck') as stuck,
               clock_timestamp() - min(coalesce(j.started_at, j.created_at))
                   filter (where j.state = 'stuck') as stuck_for,
               count(*) filter (where j.state in ('late', 'stuck') and j.in_window) as overdue,
               coalesce(max(j.as_many) filter (where j.state <> 'queued'), 0) as in_processing
        from (
            select h.*, count(*) over (partition by h.processor, h.state = 'queued') as as_many
            from rollout.host_jobs_by_state(config, '{pending,processing}') h
        ) j
        where j.arm <> 'other'
        group by 1
    )
    select w.*
    from rollout.host_job_limits() l
    cross join rollout.processors(config) t
    left join waiting j using (processor)
    cross join lateral (
        select 'many_processing', format(
            '%s jobs or more are processing on %s: the newest are read, and older ones may be stuck', l.most_read,
            t.title), 'rollout.jobs()'
        where j.in_processing >= l.most_read
        union all
        select 'stuck_jobs', format(
            '%s stuck on %s, processing for over %s; the oldest for %s',
            case when j.stuck = 1 then '1 job is' when j.stuck >= l.most_read then j.stuck || ' jobs or more are'
                 else j.stuck || ' jobs are' end, t.title,
            rollout.time_in_words(make_interval(secs => t.longest, mins => config.stuck_after_minutes)),
            rollout.time_in_words(j.stuck_for)), 'rollout.jobs("stuck")'
        where j.stuck > 0
        union all
        select 'backlog', format('%s are queued on %s, more than %s', j.queued || case
                   when j.queued >= l.most_read then ' jobs or more' else ' jobs' end, t.title, l.backlog),
               'rollout.jobs("queued")'
        where j.queued > l.backlog
        union all
        select 'oldest_queued', format(
            'a job has been queued on %s for %s, longer than %s', t.title, rollout.time_in_words(j.queued_for),
            rollout.time_in_words(l.oldest_queued)), 'rollout.jobs("queued")'
        where j.queued_for > l.oldest_queued
        union all
        select 'silent_processor', format(
            '%s has reported no job for %s; in the last %s its longest gap was %s', t.title,
            rollout.time_in_words(s.silent_for), rollout.time_in_words(l.look_back),
            rollout.time_in_words(s.usual_gap)), 'rollout.jobs()'
        from rollout.silence(config, t.processor) s
        union all
        select 'contradiction', format(
            'reported on %s as succeeded: %s of %s; in truth completed: %s, failed: %s, late or stuck: %s',
            t.title, c.successes, c.reported, c.completed, c.failed, coalesce(j.overdue, 0)), 'rollout.jobs()'
        from rollout.contradiction(config, seen, t.processor, coalesce(j.overdue, 0)) c
    ) w (name, message, command)
    union all
    select * from rollout.follow_warnings(config);
end $$;
comment on function rollout.outcomes_against(rollout_configuration, rollout.job_counts[]) is
    'R16: what is wrong with the jobs of each processor, and what to type; no row if nothing is.';

create or replace function rollout.outcome_warnings(config rollout_configuration, seen rollout.job_counts[])
returns table (name text, message text, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query select * from rollout.outcomes_against(config, seen);
exception
  when insufficient_privilege then
    raise;
  when data_exception or plpgsql_error or cardinality_violation or syntax_error_or_access_rule_violation then
    -- The host's table, or a function of the host's that reads it: what it says takes nothing else away.
    return query select * from rollout.unreadable('jobs', sqlerrm, 'rollout.jobs()');
end $$;
comment on function rollout.outcome_warnings(rollout_configuration, rollout.job_counts[]) is
    'R16: what is wrong with the jobs, or that they can''t be read.';
