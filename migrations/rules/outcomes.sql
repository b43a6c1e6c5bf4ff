-- R16: what became of the jobs, as the host's own table says. The application reports success when a job is queued.

create or replace function public.rollout_processing_targets()
returns table ("position" integer, processor text, title text, shortest integer, longest integer)
language sql immutable parallel safe
as $$ values (1, 'inngest', 'Inngest', null::integer, 120), (2, 'github_actions', 'GitHub Actions', 600, 7200) $$;
comment on function public.rollout_processing_targets() is
    'The processors, and how many seconds a job should take on each: the manual''s targets.';

create or replace function public.rollout_job_limits(
    out backlog integer, out oldest_queued interval, out look_back interval,
    out most_read integer
)
language sql immutable parallel safe
as $$ select 100, interval '1 hour', interval '7 days', 10000 $$;
comment on function public.rollout_job_limits() is
    'R16: how many queued jobs and what wait are too many, how old a job may be to count, and how many are read for '
    'each processor and status.';

create or replace function public.rollout_known_jobs(config rollout_configuration, statuses text[])
returns table (
    id text, repository_id uuid, processor text, state text, arm text, error text, created_at timestamptz,
    started_at timestamptz, ended_at timestamptz, seconds numeric, in_window boolean
)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    with present as materialized (  -- once, not for each row
        select clock_timestamp() as at, rollout_window_start(config) as window_start, l.*
        from rollout_job_limits() l
    ), targets as materialized (
        select t.processor, p.at - make_interval(secs => t.longest) as late_before,
               p.at - make_interval(secs => t.longest, mins => config.stuck_after_minutes) as stuck_before
        from rollout_processing_targets() t cross join present p
    )
    -- A moment that the application has lost is the nearest one that is known; a duration is known or not.
    select j.id, j.repository_id, j.processor,
           case
               when j.status = 'pending' then 'queued'
               when j.status <> 'processing' then j.status
               when coalesce(j.started_at, j.created_at) < t.stuck_before then 'stuck'
               when coalesce(j.started_at, j.created_at) < t.late_before then 'late'
               else 'running'
           end,
           case coalesce(j.treated, case when j.processor = 'github_actions' then true end)
               when true then 'treatment' when false then 'control' else 'unknown' end,
           j.error, j.created_at, j.started_at, e.ended_at,
           case when j.completed_at >= j.started_at then extract(epoch from j.completed_at - j.started_at) end,
           coalesce(e.ended_at, j.created_at) >= p.window_start
    from present p
    cross join targets t
    cross join unnest(statuses) s (status)
    cross join lateral rollout_host_jobs(
        t.processor, s.status, least(p.window_start, p.at - p.look_back), p.most_read) j
    cross join lateral (
        select case when j.status in ('completed', 'failed') then coalesce(j.completed_at, j.created_at) end as ended_at
    ) e
$$;
comment on function public.rollout_known_jobs(rollout_configuration, text[]) is
    'R16: the host''s jobs in some statuses: state (queued, running, late, stuck, completed, failed), arm, and whether '
    'they belong to the window. On GitHub Actions is only the treatment; elsewhere a lost mark leaves the arm unknown.';

create or replace function public.rollout_job_states()
returns text[]
language sql immutable parallel safe
as $$ select '{queued,running,late,stuck,completed,failed}'::text[] $$;
comment on function public.rollout_job_states() is 'R16: the states of a job, each job in one of them.';

create or replace function public.rollout_counted_jobs(config rollout_configuration)
returns table (
    processor text, arm text, queued bigint, oldest_queued_at timestamptz, running bigint, late bigint, stuck bigint,
    completed bigint, failed bigint, timed bigint, middle double precision, slow double precision
)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select j.processor, j.arm,
           count(*) filter (where j.state = 'queued') as queued,
           min(j.created_at) filter (where j.state = 'queued') as oldest_queued_at,
           count(*) filter (where j.state = 'running') as running,
           count(*) filter (where j.state = 'late') as late,
           count(*) filter (where j.state = 'stuck') as stuck,
           count(*) filter (where j.state = 'completed' and j.in_window) as completed,
           count(*) filter (where j.state = 'failed' and j.in_window) as failed,
           count(j.seconds) filter (where j.state = 'completed' and j.in_window) as timed,
           percentile_cont(0.5) within group (order by j.seconds::float8)
               filter (where j.state = 'completed' and j.in_window) as middle,
           percentile_cont(0.95) within group (order by j.seconds::float8)
               filter (where j.state = 'completed' and j.in_window) as slow
    from rollout_known_jobs(config, '{pending,processing,completed,failed}') j
    group by 1, 2
$$;
comment on function public.rollout_counted_jobs(rollout_configuration) is
    'R16: jobs of each processor and arm by state; completed, failed and the durations of completed ones over the '
    'window.';

create or replace function public.rollout_job_groups(config rollout_configuration)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'processor', t.processor, 'arm', g.arm, 'target_seconds', t.longest,
        'queued', g.queued, 'oldest_queued_at', g.oldest_queued_at, 'running', g.running, 'late', g.late,
        'stuck', g.stuck, 'completed', g.completed, 'failed', g.failed,
        'timed', g.timed, 'p50_seconds', round(g.middle::numeric, 2), 'p95_seconds', round(g.slow::numeric, 2),
        'capped', l.most_read in (g.all_queued, g.all_processing, g.all_completed, g.all_failed)
        ) order by t.position, array_position('{treatment,control,unknown}', g.arm)), '[]')
    from (
        select c.*,
               sum(c.queued) over p as all_queued, sum(c.running + c.late + c.stuck) over p as all_processing,
               sum(c.completed) over p as all_completed, sum(c.failed) over p as all_failed
        from rollout_counted_jobs(config) c
        window p as (partition by c.processor)
    ) g
    join rollout_processing_targets() t using (processor)
    cross join rollout_job_limits() l
$$;
comment on function public.rollout_job_groups(rollout_configuration) is
    'R16: what rollout_counted_jobs counts, with targets; capped where a processor has more jobs than are read.';

create or replace function public.rollout_list_jobs(config rollout_configuration, state text, max_rows integer)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    -- what waits longest first, what ended last first
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', k.id, 'repository_id', k.repository_id, 'repository', h.full_name, 'processor', k.processor,
        'arm', k.arm, 'state', k.state, 'created_at', k.created_at, 'started_at', k.started_at,
        'ended_at', k.ended_at, 'seconds', round(k.seconds, 2), 'error', k.error)
        order by k.ended_at desc, k.created_at, k.id), '[]')
    from (
        select * from rollout_known_jobs(config, array[case
            when state = 'queued' then 'pending' when state in ('completed', 'failed') then state
            else 'processing' end]) j
        where j.state = rollout_list_jobs.state
        order by j.ended_at desc, j.created_at, j.id
        limit max_rows
    ) k
    left join rollout_host_repositories h on h.id = k.repository_id
$$;
comment on function public.rollout_list_jobs(rollout_configuration, text, integer) is
    'R16: jobs in one state with their repositories.';

create or replace function public.rollout_jobs(
    state text default null, max_rows integer default null, feature_name text default 'hybrid_progressive_capture'
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
    limits constant record := rollout_job_limits();
    rows constant integer := rollout_within(
        'limit', coalesce(max_rows, case when state is null then 5 else 20 end), 0, 1000, 'rollout.jobs("stuck", 20)');
begin
    if state <> all (rollout_job_states()) then
        raise exception 'a state is one of %, not %; type for example rollout.jobs("stuck")',
            array_to_string(rollout_job_states(), ', '), quote_literal(left(state, 40)) using errcode = 'RC001';
    end if;
    return jsonb_build_object(
        'state', state,
        'groups', rollout_job_groups(config),
        'jobs', rollout_list_jobs(config, coalesce(state, 'failed'), rows),
        'warnings', (select coalesce(jsonb_agg(w), '[]') from rollout_outcome_warnings(config) w),
        'window_start', rollout_window_start(config),
        'look_back_days', extract(day from limits.look_back)::integer,
        'most_read', limits.most_read,
        'following', rollout_follows_jobs(config),
        'server_time', clock_timestamp());
end $$;
comment on function public.rollout_jobs(text, integer, text) is
    'rollout.jobs(), R16: each processor and arm, what is wrong, and the jobs in a state, or the last failures.';
