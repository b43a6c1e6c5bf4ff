-- All that is known of the host's schema. A step and not a rule: another host redefines this view, and no later
-- migration may put ours back. `rollout.adapt_host_view` fits ours to the columns that the application has by now.
do $$
begin
    if to_regclass('public.rollout_host_repositories') is null then
        create view public.rollout_host_repositories with (security_invoker = true) as
        select
            r.id,
            r.full_name,
            coalesce(r.stargazers_count, 0) as star_count,
            activity.contributor_count,
            activity.pr_count
        from public.repositories r
        -- left, so that a query for names alone never reads the pull requests
        left join lateral (
            select count(distinct p.author_id)::integer as contributor_count, count(*)::integer as pr_count
            from public.pull_requests p
            where p.repository_id = r.id
        ) activity on true;
    end if;
end $$;
comment on view public.rollout_host_repositories is
    'All that the rollout knows of the host''s schema. Another host redefines this view and nothing else.';

-- The processors that the host has: their names, how many seconds a job should take on each at least and at most (the
-- manual's targets), and the arm of all their jobs, where only one arm reaches them. A step and not a rule: another
-- host redefines this function, and no later migration may put ours back.
do $$
begin
    if to_regprocedure('public.rollout_host_processors()') is null then
        create function public.rollout_host_processors()
        -- stable: what is immutable stays in the plans of open sessions, however it is redefined
        returns jsonb language sql stable parallel safe
        as $body$ select '{
            "inngest": {"position": 1, "title": "Inngest", "longest": 120},
            "github_actions": {
                "position": 2, "title": "GitHub Actions", "shortest": 600, "longest": 7200, "arm": "treatment"}
        }'::jsonb $body$;
    end if;
end $$;
comment on function public.rollout_host_processors() is
    'R7: the processors of the host, each with title, shortest and longest seconds of a job, and "arm": "treatment" '
    'where only eligible repositories are routed to it. Another host redefines this function.';

-- All that is known of the host's table of jobs. A step and not a rule: another host redefines this function, and no
-- later migration may put ours back.
--
-- The view reads through the function, since a view of the table itself would keep the host from dropping or altering
-- it. The function has no such tie: without the table, without a column that it names, without the right to read
-- them, or while the host alters the table, there are no jobs. A caller names processor, status, age and number of
-- rows, so that each call is one short range of an index.
do $$
declare
    nine_columns constant regprocedure := (  -- of 0.1.0, which did not tell the jobs' types
        select p.oid from pg_proc p
        where p.oid = to_regprocedure('public.rollout_host_jobs(text, text, timestamptz, integer)')
          and not 'job_type' = any (p.proargnames));
    redefined boolean;
begin
    if nine_columns is not null then
        select md5(p.prosrc) <> '3b70c4efe9549d4ca390f789f55f27f0' into redefined
        from pg_proc p where p.oid = nine_columns;
        drop view if exists public.rollout_host_jobs;
        if redefined then  -- the host's own stays, and is asked
            create schema if not exists rollout_host;
            grant usage on schema rollout_host to public;
            alter function public.rollout_host_jobs(text, text, timestamptz, integer) set schema rollout_host;
            create function public.rollout_host_jobs(
                on_processor text, in_status text, since timestamptz, max_rows integer
            )
            returns table (
                id text, repository_id uuid, processor text, status text, treated boolean, error text,
                created_at timestamptz, started_at timestamptz, completed_at timestamptz, job_type text
            )
            language sql stable
            as $body$
                select j.*, null::text from rollout_host.rollout_host_jobs(on_processor, in_status, since, max_rows) j
            $body$;
        else
            drop function public.rollout_host_jobs(text, text, timestamptz, integer);
        end if;
    end if;

    if to_regprocedure('public.rollout_host_jobs(text, text, timestamptz, integer)') is null then
        create function public.rollout_host_jobs(
            on_processor text, in_status text, since timestamptz, max_rows integer
        )
        returns table (
            id text, repository_id uuid, processor text, status text, treated boolean, error text,
            created_at timestamptz, started_at timestamptz, completed_at timestamptz, job_type text
        )
        language plpgsql stable
        set search_path = pg_catalog, public, pg_temp
        set lock_timeout = '100ms'  -- each status reads here, that of an emergency stop, too: it waits for no one
        as $body$
        begin
            if on_processor is not null then
                return query
                select j.id::text, j.repository_id, j.processor_type::text, j.status::text,
                       rollout.flag_in(j.metadata, 'rollout_applied'),
                       left(j.error, 500), j.created_at, j.started_at, j.completed_at, j.job_type::text
                from public.progressive_capture_jobs j
                where j.processor_type = on_processor and j.status = in_status and j.created_at >= since
                order by j.created_at desc
                limit max_rows;
            else  -- among the newest, whatever they run on
                return query
                select j.id::text, j.repository_id, j.processor_type::text, j.status::text, null::boolean,
                       left(j.error, 500), j.created_at, j.started_at, j.completed_at, j.job_type::text
                from (
                    select n.* from public.progressive_capture_jobs n
                    where n.status = in_status and n.created_at >= since
                    order by n.created_at desc
                    limit max_rows
                ) j
                where not public.rollout_host_processors() ? j.processor_type::text;
            end if;
        exception
            when syntax_error_or_access_rule_violation then  -- the class 42: unknown, of another type, forbidden
                return;
            when lock_not_available then  -- there are jobs, and they are not known
                perform set_config('rollout.jobs_unread', 'on', true);
                return;
        end $body$;
    end if;

    if to_regclass('public.rollout_host_jobs') is null then
        create view public.rollout_host_jobs with (security_invoker = true) as
        select j.*
        from (select jsonb_object_keys(public.rollout_host_processors()) union all select null) p (processor)
        cross join (values ('pending'), ('processing'), ('completed'), ('failed')) s (status)
        cross join lateral public.rollout_host_jobs(p.processor, s.status, now() - interval '7 days', 10000) j;
    end if;
end $$;
comment on function public.rollout_host_jobs(text, text, timestamptz, integer) is
    'R16: jobs of the host on one processor, or on those that rollout_host_processors() does not name (null), in one '
    'of the statuses pending, processing, completed and failed, the newest first; none where there is no such table. '
    'Another host redefines this function and nothing else.';
comment on view public.rollout_host_jobs is
    'R16: the jobs of the last seven days, to look at by SQL: at most 10,000 for each processor and status.';
