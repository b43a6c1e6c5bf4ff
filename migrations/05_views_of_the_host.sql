-- All that is known of the host's schema. A step and not a rule: another host redefines this view, and
-- no later migration may put ours back.
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

-- All that is known of the host's table of jobs. A step and not a rule: another host redefines this function, and no
-- later migration may put ours back.
--
-- The view reads through the function, since a view of the table itself would keep the host from dropping or altering
-- it. The function has no such tie: without the table, without a column that it names, without the right to read
-- them, or while the host alters the table, there are no jobs. A caller names processor, status, age and number of
-- rows, so that each call is one short range of an index.
do $$
begin
    if to_regclass('public.rollout_host_jobs') is null then
        create function public.rollout_host_jobs(
            on_processor text, in_status text, since timestamptz, max_rows integer
        )
        returns table (
            id text, repository_id uuid, processor text, status text, treated boolean, error text,
            created_at timestamptz, started_at timestamptz, completed_at timestamptz
        )
        language plpgsql stable
        set search_path = pg_catalog, public, pg_temp
        set lock_timeout = '100ms'  -- each status reads here, that of an emergency stop, too: it waits for no one
        as $body$
        begin
            return query
            select j.id::text, j.repository_id, j.processor_type::text, j.status::text,
                   rollout.flag_in(j.metadata, 'rollout_applied'),
                   left(j.error, 500), j.created_at, j.started_at, j.completed_at
            from public.progressive_capture_jobs j
            where j.processor_type = on_processor and j.status = in_status and j.created_at >= since
            order by j.created_at desc
            limit max_rows;
        exception
            when syntax_error_or_access_rule_violation then  -- the class 42: unknown, of another type, forbidden
                return;
            when lock_not_available then  -- there are jobs, and they are not known
                perform set_config('rollout.jobs_unread', 'on', true);
                return;
        end $body$;

        create view public.rollout_host_jobs with (security_invoker = true) as
        select j.*
        from (values ('inngest'), ('github_actions')) p (processor)
        cross join (values ('pending'), ('processing'), ('completed'), ('failed')) s (status)
        cross join lateral public.rollout_host_jobs(p.processor, s.status, now() - interval '7 days', 10000) j;
    end if;
end $$;
comment on function public.rollout_host_jobs(text, text, timestamptz, integer) is
    'R16: jobs of the host on one processor, in one of the statuses pending, processing, completed and failed, the '
    'newest first; none where there is no such table. Another host redefines this function and nothing else.';
comment on view public.rollout_host_jobs is
    'R16: the jobs of the last seven days, to look at by SQL: at most 10,000 for each processor and status.';
