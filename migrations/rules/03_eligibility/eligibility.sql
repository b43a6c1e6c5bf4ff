-- R1: decides who is eligible; the application, stats, preview, explain and the dashboard all ask here.

create or replace function rollout.below(feature text, size text, bound integer)
returns bigint
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select coalesce(sum(b.repositories), 0)::bigint
        from rollout.buckets b
        where b.feature_name = feature and b.category = size
          and ((b.width = 100 and b.bucket < bound / 100 * 100)
               or (b.width = 1 and b.bucket >= bound / 100 * 100 and b.bucket < bound)));
end $$;
comment on function rollout.below(text, text, integer) is
    'R1: how many repositories of a category have a bucket below this one.';

create or replace function rollout.boundary(feature text, size text, room bigint)
returns table (bucket integer, eligible bigint)
language plpgsql stable strict rows 1
set search_path = pg_catalog, public, pg_temp
as $$
declare
    hundred integer;
    before bigint;
begin
    -- Two statements: in one, a planner that has no statistics yet sums the hundreds anew for every bucket.
    select h.bucket, h.upto - h.repositories into hundred, before
    from (
        select b.bucket, b.repositories, sum(b.repositories) over (order by b.bucket) as upto
        from rollout.buckets b
        where b.feature_name = feature and b.category = size and b.width = 100
    ) h
    where h.upto > room order by h.bucket limit 1;

    return query
    select s.bucket, (s.upto - s.repositories)::bigint
    from (
        select b.bucket, b.repositories, before + sum(b.repositories) over (order by b.bucket) as upto
        from rollout.buckets b
        where b.feature_name = feature and b.category = size and b.width = 1
          and b.bucket >= hundred and b.bucket < hundred + 100
    ) s
    where s.upto > room order by s.bucket limit 1;
end $$;
comment on function rollout.boundary(text, text, bigint) is
    'R1: the first bucket of a category that no longer fits into this room, and how many repositories are below it; '
    'none for a null room.';

create or replace function rollout.quota(feature text, strategy text, percentage integer)
returns table (category text, rollout_order integer, repositories bigint, cutoff integer, eligible bigint)
language plpgsql stable rows 5
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with counted as (
        select r.category, r.rollout_order, coalesce(a.repositories, 0) as repositories
        from rollout.category_rules() r
        left join rollout.category_counts a on a.feature_name = feature and a.category = r.category
    ), filled as (
        -- What is left of the quota when a category's turn comes. Rounded down: the share that
        -- is eligible never exceeds the percentage that the operator typed.
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
               when strategy = 'percentage' then rollout.below(feature, f.category, percentage * 100)
               else coalesce(boundary.eligible, f.share)::bigint
           end
    from filled f
    -- The category at the boundary, the only one with room for some but not all, takes whole buckets as
    -- long as they fit.
    left join lateral rollout.boundary(
        feature, f.category, case when f.share > 0 and f.share < f.repositories then f.share::bigint end
    ) boundary on true
    order by f.rollout_order;
end $$;
comment on function rollout.quota(text, text, integer) is
    'R1: for each category in rollout order, its repositories, the bucket below which they are eligible at this '
    'percentage, and how many that makes eligible (lists and stop left aside).';

-- Asked for every job, so it reads no more than the rule needs, and every name is written out: a
-- pinned search_path would cost a tenth of the call.
create or replace function rollout.decide(repo_id uuid, feature text)
returns text
language plpgsql stable
as $$
#variable_conflict use_variable
declare
    config record;
    size text;
    bound integer;
begin
    select c.rollout_percentage as percentage, c.rollout_strategy as strategy, c.emergency_stop,
           c.excluded_repositories, c.target_repositories, c.whitelist_until, c.long_lists, c.id
    into config
    from public.rollout_configuration c where c.feature_name = feature and c.is_active;
    if config.percentage is null then
        return 'no_configuration';
    elsif repo_id is null then
        return 'no_repository';
    elsif config.emergency_stop then
        return 'emergency_stop';
    elsif config.long_lists and rollout.listed_as(config.id, repo_id) is not null then
        return rollout.listed_as(config.id, repo_id);
    elsif not config.long_lists and repo_id::text = any (config.excluded_repositories) then
        return 'blacklist';
    elsif not config.long_lists and repo_id::text = any (config.target_repositories)
        and ((config.whitelist_until ->> repo_id::text)::timestamptz > now()) is not false then
        return 'whitelist';
    elsif config.strategy = 'whitelist' then
        return 'not_whitelisted';
    elsif config.percentage = 0 then
        return 'zero_percent';
    elsif config.percentage = 100 then
        return 'full_rollout';
    elsif config.strategy = 'percentage' then
        bound := config.percentage * 100;
        return case when rollout.bucket(feature, repo_id) < bound then 'hash_in' else 'hash_out' end;
    end if;

    select k.category into size from public.repository_categories k where k.repository_id = repo_id;
    if size is null then
        return 'not_categorized';
    end if;
    select a.cutoff into bound
    from rollout.category_counts a where a.feature_name = feature and a.category = size;
    if bound = 10000 then
        return 'category_in';
    elsif coalesce(bound, 0) = 0 then
        return 'category_out';
    end if;
    return case when rollout.bucket(feature, repo_id) < bound then 'boundary_in' else 'boundary_out' end;
end $$;
comment on function rollout.decide(uuid, text) is
    'R1: the one decision: the first rule that lets a repository into the rollout of a feature, or keeps it out.';

create or replace function rollout.is_eligible(reason text)
returns boolean
language sql immutable parallel safe
as $$
    select reason in ('whitelist', 'full_rollout', 'hash_in', 'category_in', 'boundary_in')
$$;
comment on function rollout.is_eligible(text) is 'R1: whether this answer of rollout.decide means eligible.';
