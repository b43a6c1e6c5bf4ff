-- R16: what became of the jobs, as the host's own table says. The application reports success when a job is queued.

create or replace function rollout.host_jobs_by_state(config rollout_configuration, statuses text[])
returns table (
    id text, repository_id uuid, processor text, state text, arm text, error text, created_at timestamptz,
    started_at timestamptz, ended_at timestamptz, seconds numeric, in_window boolean
)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
set plan_cache_mode = force_generic_plan  -- to plan takes longer than to read, each time
as $$
#variable_conflict use_column
begin
    return query
    with present as materialized (  -- once, not for each row
        select clock_timestamp() as at, rollout.window_start(config) as window_start, l.*
        from rollout.host_job_limits() l
    ), targets as materialized (
        select t.processor, p.at - make_interval(secs => t.longest) as late_before,
               p.at - make_interval(secs => t.longest, mins => config.stuck_after_minutes) as stuck_before, t.arm
        from rollout.processors(config) t cross join present p
        union all
        select null, null, null, 'other'  -- processors that nobody has named have no target
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
           case
               when t.arm = 'other' or j.job_type = any (config.ignored_job_types) then 'other'
               when coalesce(j.treated, case when t.arm = 'treatment' then true end) then 'treatment'
               when not j.treated then 'control'
               else 'unknown' end,
           j.error, j.created_at, j.started_at, e.ended_at,
           case when j.completed_at >= j.started_at then extract(epoch from j.completed_at - j.started_at) end,
           coalesce(e.ended_at, j.created_at) >= p.window_start
    from present p
    cross join targets t
    cross join unnest(statuses) s (status)
    cross join lateral (
        select h.id, h.repository_id, h.processor, h.status, h.treated, h.error,
               rollout.known(h.created_at) as created_at, rollout.known(h.started_at) as started_at,
               rollout.known(h.completed_at) as completed_at, h.job_type
        from rollout_host_jobs(
            t.processor, s.status, least(p.window_start, p.at - p.look_back),
            case when t.processor is null then p.most_unnamed else p.most_read end) h
    ) j
    cross join lateral (
        select case when j.status in ('completed', 'failed') then coalesce(j.completed_at, j.created_at) end as ended_at
    ) e;
end $$;
comment on function rollout.host_jobs_by_state(rollout_configuration, text[]) is
    'R16: the host''s jobs in some statuses: state (queued, running, late, stuck, completed, failed), arm, and whether '
    'they belong to the window. Where only the treatment is routed to a processor, its jobs are the treatment''s; '
    'elsewhere a lost mark leaves the arm unknown. Of arm other are jobs that are not the feature''s.';

create or replace function rollout.host_job_counts(config rollout_configuration)
returns table (
    processor text, arm text, queued bigint, oldest_queued_at timestamptz, running bigint, late bigint, stuck bigint,
    completed bigint, failed bigint, timed bigint, middle double precision, slow double precision
)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
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
    from rollout.host_jobs_by_state(config, '{pending,processing,completed,failed}') j
    group by 1, 2;
end $$;
comment on function rollout.host_job_counts(rollout_configuration) is
    'R16: jobs of each processor and arm by state; completed, failed and the durations of completed ones over the '
    'window.';

create or replace function rollout.host_job_groups(config rollout_configuration)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'processor', g.processor, 'arm', g.arm, 'target_seconds', t.longest,
            'queued', g.queued, 'oldest_queued_at', g.oldest_queued_at, 'running', g.running, 'late', g.late,
            'stuck', g.stuck, 'completed', g.completed, 'failed', g.failed,
            'timed', g.timed, 'p50_seconds', round(g.middle::numeric, 2), 'p95_seconds', round(g.slow::numeric, 2),
            'capped', case when t.processor is null then g.most_of_a_status >= l.most_unnamed
                else l.most_read in (g.all_queued, g.all_processing, g.all_completed, g.all_failed) end
            ) order by t.position, g.processor, array_position('{treatment,control,unknown,other}', g.arm)), '[]')
        from (
            select c.*,
                   sum(c.queued) over p as all_queued, sum(c.running + c.late + c.stuck) over p as all_processing,
                   sum(c.completed) over p as all_completed, sum(c.failed) over p as all_failed,
                   -- processors that nobody has named are looked for among the newest of all
                   greatest(sum(c.queued) over (), sum(c.running + c.late + c.stuck) over (),
                            sum(c.completed) over (), sum(c.failed) over ()) as most_of_a_status
            from rollout.host_job_counts(config) c
            window p as (partition by c.processor)
        ) g
        left join rollout.processors(config) t using (processor)
        cross join rollout.host_job_limits() l);
end $$;
comment on function rollout.host_job_groups(rollout_configuration) is
    'R16: what rollout.host_job_counts counts, with targets; capped where there are more jobs than are read.';

create or replace function rollout.list_host_jobs(config rollout_configuration, state text, max_rows integer)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        -- what waits longest first, what ended last first
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', k.id, 'repository_id', k.repository_id, 'repository', h.full_name, 'processor', k.processor,
            'arm', k.arm, 'state', k.state, 'created_at', k.created_at, 'started_at', k.started_at,
            'ended_at', k.ended_at, 'seconds', round(k.seconds, 2), 'error', k.error)
            order by k.ended_at desc, k.created_at, k.id), '[]')
        from (
            select * from rollout.host_jobs_by_state(list_host_jobs.config, array[case
                when list_host_jobs.state = 'queued' then 'pending'
                when list_host_jobs.state in ('completed', 'failed') then list_host_jobs.state
                else 'processing' end]) j
            where j.state = list_host_jobs.state
            order by j.ended_at desc, j.created_at, j.id
            limit list_host_jobs.max_rows
        ) k
        left join rollout_host_repositories h on h.id = k.repository_id);
end $$;
comment on function rollout.list_host_jobs(rollout_configuration, text, integer) is
    'R16: jobs in one state with their repositories.';

create or replace function rollout.followed_table()
returns regclass
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$ select to_regclass('public.progressive_capture_jobs') $$;
comment on function rollout.followed_table() is 'R16: the host''s table of jobs; null if it has none.';

create or replace function rollout.follows_jobs(config rollout_configuration)
returns boolean
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    -- The setting alone is not enough: a table that was dropped and created again has lost the trigger.
    return config.follow_jobs and exists (
        select from pg_trigger t
        where t.tgrelid = rollout.followed_table() and t.tgname = 'rollout_follow_jobs' and t.tgenabled <> 'D');
end $$;
comment on function rollout.follows_jobs(rollout_configuration) is
    'R16: whether outcomes are recorded as they happen; what the application reports as it queues a job is none.';
