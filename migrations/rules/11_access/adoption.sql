-- R11: rows that were here before the rules. `migrate` calls this after it has applied them; a second call finds
-- nothing to do.

create or replace function rollout.host_view(by_github_id boolean, counted boolean)
returns text
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    select format($view$
        select
            r.id,
            r.full_name,
            coalesce(r.stargazers_count, 0) as star_count,
            activity.contributor_count,
            %s as pr_count
        from public.repositories r
        left join lateral (
            select %s::integer as contributor_count, count(*)::integer as pr_count
            from %s
        ) activity on true$view$,
        case when counted then 'greatest(activity.pr_count, r.pull_request_count)' else 'activity.pr_count' end,
        -- Of an author without a uuid yet the rows with one are others: until they are resolved, rather too many.
        case when by_github_id then '(count(distinct p.author_id)
                + count(distinct p.author_github_id) filter (where p.author_id is null))'
            else 'count(distinct p.author_id)' end,
        case when by_github_id then '(
                select n.author_id, n.author_github_id from public.pull_requests n where n.repository_id = r.id
                union all
                select n.author_id, n.author_github_id from public.pull_requests n
                where n.repository_id is null and n.repository_github_id = r.github_id
            ) p' else 'public.pull_requests p where p.repository_id = r.id' end)
$$;
comment on function rollout.host_view(boolean, boolean) is
    'R3: our view of the application''s repositories: by the ids of GitHub, too, which its sync writes before uuids, '
    'and never below the count that it keeps.';

create or replace function rollout.adapt_host_view()
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    by_github_id constant boolean := 3 = (
        select count(*) from pg_attribute a
        where not a.attisdropped and (a.attrelid, a.attname) in (
            (to_regclass('public.pull_requests'), 'author_github_id'),
            (to_regclass('public.pull_requests'), 'repository_github_id'),
            (to_regclass('public.repositories'), 'github_id')));
    counted constant boolean := exists (
        select from pg_attribute a
        where a.attrelid = to_regclass('public.repositories') and a.attname = 'pull_request_count'
          and a.atttypid = 'integer'::regtype and not a.attisdropped);
    is_ours boolean := false;
    variant record;
begin
    if to_regclass('public.repositories') is null or to_regclass('public.pull_requests') is null then
        return;
    end if;
    -- Ours is known by being made anew: what a host has redefined is like none of these.
    for variant in
        select g.g as by_github_id, c.c as counted
        from (values (false), (by_github_id)) g (g) cross join (values (false), (counted)) c (c) group by 1, 2
    loop
        execute 'create view rollout.variant as ' || rollout.host_view(variant.by_github_id, variant.counted);
        is_ours := is_ours or pg_get_viewdef('rollout.variant'::regclass)
            = pg_get_viewdef('public.rollout_host_repositories'::regclass);
        drop view rollout.variant;
    end loop;
    if is_ours then
        execute 'create or replace view public.rollout_host_repositories with (security_invoker = true) as '
            || rollout.host_view(by_github_id, counted);
    end if;
end $$;
comment on function rollout.adapt_host_view() is
    'R3: fits our view of the repositories to the columns that the application has; leaves one that a host has '
    'redefined.';

create or replace function rollout.adopt_rows()
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config rollout_configuration;
    categorizing constant text := rollout.set_categorizing('on');
begin
    perform rollout.adapt_host_view();
    -- Touching a row is enough: the trigger fills its nulls with the defaults.
    for config in
        select * from rollout_configuration c
        where c.percentage_since is null or c is distinct from rollout.default_settings(c)
           or c.long_lists <> rollout.has_long_lists(c)
           or c.target_repositories is distinct from rollout.entries(c.target_repositories)
           or c.excluded_repositories is distinct from rollout.entries(c.excluded_repositories)
    loop
        perform rollout.open_change(jsonb_build_object(
            'triggered_by', 'migration', 'command', 'migrate', 'reason', 'empty settings filled with their defaults'));
        update rollout_configuration c
        set percentage_since = least(now(), coalesce(c.percentage_since,
            (select max(h.created_at) from rollout_history h
             where h.rollout_config_id = c.id and h.new_percentage is distinct from h.previous_percentage),
            c.updated_at, c.created_at, now())),
            target_repositories = rollout.entries(c.target_repositories),
            excluded_repositories = rollout.entries(c.excluded_repositories)
        where c.id = config.id;
        perform rollout.close_change();
    end loop;

    -- What 0.1.0 froze is held until the same time.
    for config in select * from rollout_configuration c where c.plan ? 'frozen_until' loop
        perform rollout.open_change(jsonb_build_object(
            'triggered_by', 'migration', 'command', 'migrate', 'reason', 'a freeze is a hold with an end now'));
        update rollout_configuration c
        set plan = nullif(c.plan - 'frozen_until', '{}'),
            held_reason = coalesce(c.held_reason, case when f.goes_on then 'frozen' end),
            held_by = coalesce(c.held_by, case when f.goes_on then 'plan(freeze=)' end),
            held_until = case when f.goes_on then f.until else c.held_until end
        from (
            select u.until, u.until > clock_timestamp() and config.held_reason is null as goes_on
            from (select (config.plan ->> 'frozen_until')::timestamptz as until) u) f
        where c.id = config.id;
        perform rollout.close_change();
    end loop;

    -- A repository marked as test although its size says otherwise was marked by hand.
    update repository_categories k
    set pinned_as_test = true
    where k.is_test_repository and not k.pinned_as_test
      and 'test' <> (select c.category from rollout.category_of(k.star_count, k.contributor_count, k.pr_count) c);

    perform rollout.recount_repositories(c.feature_name)
    from rollout_configuration c
    where c.is_active and not exists (select from rollout.category_counts a where a.feature_name = c.feature_name);
    for config in
        select * from rollout_configuration c
        where c.is_active and (select count(*) from rollout.entries_of(c))
            <> (select count(*) from rollout.list_entries e where e.rollout_config_id = c.id)
    loop
        perform rollout.refresh_list_entries(config);
        perform rollout.refresh_cutoffs(config.feature_name);
    end loop;
    perform rollout.set_categorizing(categorizing);
end $$;
comment on function rollout.adopt_rows() is
    'Brings rows older than the rules under them: nulls, freezes, marks made by hand, counters of repositories. '
    'Idempotent.';

create or replace function rollout.adopt_jobs()
returns void
language sql
set search_path = pg_catalog, public, pg_temp
as $$
    -- Every row that is written under the rules has an arm, and is counted by the trigger: those without are older.
    -- They are counted once, in a shard of their own.
    insert into rollout.job_counts (
        rollout_config_id, slot_start, processor_type, treated, shard, jobs, errors, successes, timed_jobs,
        processing_seconds)
    select c.id,
           rollout.slot_start(c, least(now(), coalesce(m.metrics_window_end, m.updated_at, m.created_at, now()))),
           t.processor, t.treated, -1, sum(t.jobs), sum(t.errors), sum(t.successes), sum(t.timed), sum(t.seconds)
    from rollout_metrics m
    join rollout_configuration c on c.id = m.rollout_config_id
    cross join lateral rollout.metrics_tally(m) t
    where m.treated is null
      and not exists (select from rollout.job_counts x where x.rollout_config_id = c.id and x.shard = -1)
    group by 1, 2, 3, 4
$$;
comment on function rollout.adopt_jobs() is
    'Counts the reports that are older than the rules. `migrate` calls it when the rules are in force, in a '
    'transaction of its own, so that it holds up no report. Idempotent.';
