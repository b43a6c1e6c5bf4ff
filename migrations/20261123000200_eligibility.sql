-- R1 and R3: the categories, the hash, the quota and the decision. Each rule stands here once;
-- the application, stats, preview, explain and the dashboard all read it from here.

create or replace function public.rollout_category_rules()
returns table (
    category text, rollout_order integer, priority_level integer,
    max_stars integer, max_contributors integer, max_pull_requests integer
)
language sql immutable parallel safe
as $$
    values
        ('test', 1, 100, 0, 2, 10),
        ('small', 2, 80, 50, 10, 100),
        ('medium', 3, 60, 500, 50, 1000),
        ('large', 4, 40, 5000, 200, 10000),
        ('enterprise', 5, 20, null, null, null)
$$;
comment on function public.rollout_category_rules() is
    'R3, the manual''s table of categories: limits are inclusive, null is no limit, the first row that fits wins.';

create or replace function public.rollout_category_of(stars integer, contributors integer, pull_requests integer)
returns table (category text, priority_level integer)
language sql immutable parallel safe
as $$
    -- returns a table, so that PostgreSQL can inline it into a query over many repositories
    select r.category, r.priority_level
    from public.rollout_category_rules() r
    where (coalesce(stars, 0) <= r.max_stars
           and coalesce(contributors, 0) <= r.max_contributors
           and coalesce(pull_requests, 0) <= r.max_pull_requests)
       or r.max_stars is null
    order by r.rollout_order
    limit 1
$$;
comment on function public.rollout_category_of(integer, integer, integer) is
    'R3: the category of a repository with these counts, and its priority.';

-- md5 rather than hashtext: its result is documented, so cohorts survive every upgrade of
-- PostgreSQL. 32 bits cast through bit(32) are never negative; 2^32 is not a multiple of
-- 10,000, and that bias of 0.0002 % must stay: changing the hash would re-draw every cohort.
create or replace function public.rollout_bucket(feature_name text, repository_id uuid)
returns integer
language sql immutable strict parallel safe
as $$
    select (('x' || pg_catalog.substr(pg_catalog.md5(feature_name || ':' || repository_id::text), 1, 8))::bit(32)::bigint % 10000)::integer
$$;
comment on function public.rollout_bucket(text, uuid) is
    'R1: the bucket, 0 to 9999, of a repository for a feature; stable and salted with the feature''s name.';

create or replace function public.rollout_below(feature text, size text, bound integer)
returns bigint
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select coalesce(sum(b.repositories), 0)::bigint
    from rollout_buckets b
    where b.feature_name = feature and b.category = size
      and ((b.width = 100 and b.bucket < bound / 100 * 100)
           or (b.width = 1 and b.bucket >= bound / 100 * 100 and b.bucket < bound))
$$;
comment on function public.rollout_below(text, text, integer) is
    'R1: how many repositories of a category have a bucket below this one.';

create or replace function public.rollout_boundary(feature text, size text, room bigint)
returns table (bucket integer, admitted bigint)
language sql stable rows 1
set search_path = pg_catalog, public, pg_temp
as $$
    with hundreds as (
        select b.bucket, b.repositories, sum(b.repositories) over (order by b.bucket) as upto
        from rollout_buckets b
        where b.feature_name = feature and b.category = size and b.width = 100
    ), hundred as (
        select h.bucket, h.upto - h.repositories as before
        from hundreds h where h.upto > room order by h.bucket limit 1
    ), buckets as (
        select b.bucket, b.repositories, h.before + sum(b.repositories) over (order by b.bucket) as upto
        from hundred h
        join rollout_buckets b on b.feature_name = feature and b.category = size and b.width = 1
            and b.bucket >= h.bucket and b.bucket < h.bucket + 100
    )
    select b.bucket, (b.upto - b.repositories)::bigint
    from buckets b where b.upto > room order by b.bucket limit 1
$$;
comment on function public.rollout_boundary(text, text, bigint) is
    'R1: the first bucket of a category that no longer fits into this room, and how many repositories are below it.';

create or replace function public.rollout_quota(feature text, strategy text, percentage integer)
returns table (category text, rollout_order integer, repositories bigint, cutoff integer, admitted bigint)
language sql stable rows 5
set search_path = pg_catalog, public, pg_temp
as $$
    with counted as (
        select r.category, r.rollout_order, coalesce(a.repositories, 0) as repositories
        from rollout_category_rules() r
        left join rollout_admission a on a.feature_name = feature and a.category = r.category
    ), filled as (
        -- What is left of the quota when a category's turn comes. Rounded down: the share that
        -- is admitted never exceeds the percentage that the operator typed.
        select c.*,
               least(c.repositories, greatest(0,
                   div(sum(c.repositories) over () * percentage, 100)
                   - (sum(c.repositories) over (order by c.rollout_order) - c.repositories))) as share
        from counted c
    )
    select f.category, f.rollout_order, f.repositories,
           case
               when strategy = 'whitelist' then 0
               when strategy = 'percentage' then percentage * 100
               when percentage = 100 then 10000
               when f.share = 0 then 0
               when f.share = f.repositories then 10000
               else boundary.bucket
           end,
           case
               when strategy = 'whitelist' then 0
               when strategy = 'percentage' then rollout_below(feature, f.category, percentage * 100)
               else coalesce(boundary.admitted, f.share)::bigint
           end
    from filled f
    left join lateral (
        -- the category at the boundary takes whole buckets, as long as they fit
        select b.* from rollout_boundary(feature, f.category, f.share::bigint) b
        where f.share > 0 and f.share < f.repositories
    ) boundary on true
    order by f.rollout_order
$$;
comment on function public.rollout_quota(text, text, integer) is
    'R1: for each category in rollout order, its repositories, the bucket below which they are admitted at this percentage, and how many that admits (lists and stop left aside).';

-- Asked for every job, so it reads no more than the rule needs, and every name is written out: a
-- pinned search_path would cost a tenth of the call.
create or replace function public.rollout_decide(repo_id uuid, feature text)
returns text
language plpgsql stable
as $$
declare
    config record;
    size text;
    bound integer;
begin
    select c.rollout_percentage as percentage, c.rollout_strategy as strategy, c.emergency_stop,
           c.excluded_repositories, c.target_repositories
    into config
    from public.rollout_configuration c where c.feature_name = feature and c.is_active;
    if config.percentage is null then
        return 'no_configuration';
    elsif repo_id is null then
        return 'no_repository';
    elsif config.emergency_stop then
        return 'emergency_stop';
    elsif repo_id::text = any (config.excluded_repositories) then
        return 'blacklist';
    elsif repo_id::text = any (config.target_repositories) then
        return 'whitelist';
    elsif config.strategy = 'whitelist' then
        return 'not_whitelisted';
    elsif config.percentage = 0 then
        return 'zero_percent';
    elsif config.percentage = 100 then
        return 'full_rollout';
    elsif config.strategy = 'percentage' then
        bound := config.percentage * 100;
        return case when public.rollout_bucket(feature, repo_id) < bound then 'hash_in' else 'hash_out' end;
    end if;

    select k.category into size from public.repository_categories k where k.repository_id = repo_id;
    if size is null then
        return 'not_categorized';
    end if;
    select a.cutoff into bound from public.rollout_admission a where a.feature_name = feature and a.category = size;
    if bound = 10000 then
        return 'category_in';
    elsif coalesce(bound, 0) = 0 then
        return 'category_out';
    end if;
    return case when public.rollout_bucket(feature, repo_id) < bound then 'boundary_in' else 'boundary_out' end;
end $$;
comment on function public.rollout_decide(uuid, text) is
    'R1: the one decision: the first rule that lets a repository into the rollout of a feature, or keeps it out.';

create or replace function public.rollout_admits(reason text)
returns boolean
language sql immutable parallel safe
as $$
    select reason in ('whitelist', 'full_rollout', 'hash_in', 'category_in', 'boundary_in')
$$;
comment on function public.rollout_admits(text) is 'R1: whether this answer of rollout_decide means in.';

create or replace function public.is_repository_eligible_for_rollout(
    repo_id uuid, feature_name text default 'hybrid_progressive_capture'
)
returns boolean
language sql stable
as $$
    select public.rollout_admits(public.rollout_decide(repo_id, feature_name))
$$;
comment on function public.is_repository_eligible_for_rollout(uuid, text) is
    'R1: whether the application routes this repository''s jobs through the feature. Called for every job.';

-- The derived tables, kept by triggers in the transaction of the change.

create or replace function public.rollout_refresh_admission(feature text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
begin
    -- Locked before anything is read: whoever comes second sees what the first has written.
    perform from rollout_admission where feature_name = feature order by category for update;
    select * into config from rollout_configuration c where c.feature_name = feature and c.is_active;
    update rollout_admission a
    set cutoff = q.cutoff, admitted = q.admitted
    from rollout_quota(feature, config.rollout_strategy, coalesce(config.rollout_percentage, 0)) q
    where a.feature_name = feature and a.category = q.category
      and (a.cutoff, a.admitted) is distinct from (q.cutoff, q.admitted);
end $$;
comment on function public.rollout_refresh_admission(text) is
    'R1: brings rollout_admission to the percentage, strategy and categories as they are now.';

create or replace function public.rollout_counted_buckets(feature text)
returns table (category text, width integer, bucket integer, repositories bigint)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select c.category, w.width, c.bucket / w.width * w.width, sum(c.repositories)::bigint
    from (
        select k.category::text, rollout_bucket(feature, k.repository_id) as bucket, count(*) as repositories
        from repository_categories k
        join rollout_category_rules() r on r.category = k.category
        where k.repository_id is not null
        group by 1, 2
    ) c
    cross join (values (1), (100)) w (width)
    group by 1, 2, 3
$$;
comment on function public.rollout_counted_buckets(text) is
    'What rollout_buckets must hold for a feature, counted from the rows.';

create or replace function public.rollout_count_repositories(feature text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    lock table repository_categories in share mode;  -- no category may change while they are counted
    delete from rollout_buckets where feature_name = feature;
    delete from rollout_admission where feature_name = feature;
    insert into rollout_buckets (feature_name, category, width, bucket, repositories)
    select feature, c.category, c.width, c.bucket, c.repositories from rollout_counted_buckets(feature) c;
    insert into rollout_admission (
        feature_name, category, repositories, stars, contributors, pull_requests, activity, pinned)
    select feature, r.category, count(k.repository_id), coalesce(sum(k.star_count), 0),
           coalesce(sum(k.contributor_count), 0), coalesce(sum(k.pr_count), 0),
           coalesce(sum(k.monthly_activity_score), 0), count(*) filter (where k.pinned_as_test)
    from rollout_category_rules() r
    left join repository_categories k on k.category = r.category and k.repository_id is not null
    group by r.category;
    perform rollout_refresh_admission(feature);
end $$;
comment on function public.rollout_count_repositories(text) is
    'Counts the categorized repositories of a feature from nothing; afterwards triggers keep the counts.';

create or replace function public.rollout_categories_changed()
returns trigger
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if tg_op = 'UPDATE' then
        perform from added a full join removed r using (id)
        where (a.repository_id, a.category, a.star_count, a.contributor_count, a.pr_count, a.monthly_activity_score, a.pinned_as_test)
              is distinct from
              (r.repository_id, r.category, r.star_count, r.contributor_count, r.pr_count, r.monthly_activity_score, r.pinned_as_test)
        limit 1;
        if not found then
            return null;
        end if;
    end if;

    -- One order of locks for everybody: whoever waits here waits for nothing later on.
    perform from rollout_admission order by feature_name, category for update;
    -- Each row as it is counts for, each row as it was counts against.
    execute format(
        'with moved as materialized (
             select m.* from (%s) m join rollout_category_rules() r on r.category = m.category
             where m.repository_id is not null
         ), shifts as (
             select f.feature_name, m.category, rollout_bucket(f.feature_name, m.repository_id) as bucket,
                    sum(m.change)::integer as repositories
             from moved m cross join (select distinct feature_name from rollout_admission) f
             group by 1, 2, 3 having sum(m.change) <> 0
         ), totals as (
             update rollout_admission a
             set repositories = a.repositories + t.change, stars = a.stars + t.stars,
                 contributors = a.contributors + t.contributors, pull_requests = a.pull_requests + t.pull_requests,
                 activity = a.activity + t.activity, pinned = a.pinned + t.pinned
             from (
                 select m.category, sum(m.change) as change,
                        coalesce(sum(m.change * m.star_count::bigint), 0) as stars,
                        coalesce(sum(m.change * m.contributor_count::bigint), 0) as contributors,
                        coalesce(sum(m.change * m.pr_count::bigint), 0) as pull_requests,
                        coalesce(sum(m.change * m.monthly_activity_score::bigint), 0) as activity,
                        sum(m.change * m.pinned_as_test::integer) as pinned
                 from moved m group by 1) t
             where a.category = t.category
         )
         insert into rollout_buckets as b (feature_name, category, width, bucket, repositories)
         select s.feature_name, s.category, w.width, s.bucket / w.width * w.width, sum(s.repositories)
         from shifts s cross join (values (1), (100)) w (width)
         group by 1, 2, 3, 4 order by 1, 2, 3, 4
         on conflict (feature_name, category, width, bucket)
         do update set repositories = b.repositories + excluded.repositories',
        case tg_op
            when 'INSERT' then 'select *, 1 as change from added'
            when 'DELETE' then 'select *, -1 as change from removed'
            else 'select *, 1 as change from added union all select *, -1 from removed'
        end);
    perform rollout_refresh_admission(f.feature_name)
    from (select distinct feature_name from rollout_admission order by 1) f;
    return null;
end $$;
comment on function public.rollout_categories_changed() is
    'Trigger on repository_categories: carries every change of category, whoever makes it, into the counts.';

create or replace function public.rollout_categories_emptied()
returns trigger
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    truncate rollout_buckets;
    update rollout_admission
    set repositories = 0, stars = 0, contributors = 0, pull_requests = 0, activity = 0, pinned = 0;
    perform rollout_refresh_admission(f.feature_name)
    from (select distinct feature_name from rollout_admission order by 1) f;
    return null;
end $$;
comment on function public.rollout_categories_emptied() is 'Trigger: truncating repository_categories empties its counts.';

create or replace trigger rollout_count_added after insert on public.repository_categories
    referencing new table as added for each statement execute function public.rollout_categories_changed();
create or replace trigger rollout_count_moved after update on public.repository_categories
    referencing old table as removed new table as added
    for each statement execute function public.rollout_categories_changed();
create or replace trigger rollout_count_removed after delete on public.repository_categories
    referencing old table as removed for each statement execute function public.rollout_categories_changed();
create or replace trigger rollout_count_emptied after truncate on public.repository_categories
    for each statement execute function public.rollout_categories_emptied();
