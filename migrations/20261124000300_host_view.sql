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
