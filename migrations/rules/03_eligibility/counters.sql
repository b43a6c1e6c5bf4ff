-- R1: keeps the counts behind the decision, by triggers in the transaction of the change, whoever makes it.

create or replace function rollout.refresh_cutoffs(feature text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config rollout_configuration;
begin
    -- Locked before anything is read: whoever comes second sees what the first has written.
    perform from rollout.category_counts where feature_name = feature order by category for update;
    select * into config from rollout_configuration c where c.feature_name = feature and c.is_active;
    update rollout.category_counts a
    set cutoff = q.cutoff, eligible = q.eligible
    from rollout.quota(feature, config.rollout_strategy, coalesce(config.rollout_percentage, 0)) q
    where a.feature_name = feature and a.category = q.category
      and (a.cutoff, a.eligible) is distinct from (q.cutoff, q.eligible);
    update rollout.category_counts a
    set listed = l.more
    from rollout.added_by_lists(config, with_an_end => false) l
    where a.feature_name = feature and a.category = l.category and a.listed <> l.more;
end $$;
comment on function rollout.refresh_cutoffs(text) is
    'R1: brings rollout.category_counts to the percentage, strategy and categories as they are now.';

create or replace function rollout.counted_buckets(feature text)
returns table (category text, width integer, bucket integer, repositories bigint)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select c.category, w.width, c.bucket / w.width * w.width, sum(c.repositories)::bigint
    from (
        select k.category::text, rollout.bucket(counted_buckets.feature, k.repository_id) as bucket,
               count(*) as repositories
        from repository_categories k
        join rollout.category_rules() r on r.category = k.category
        where k.repository_id is not null
        group by 1, 2
    ) c
    cross join (values (1), (100)) w (width)
    group by 1, 2, 3
$$;
comment on function rollout.counted_buckets(text) is
    'What rollout.buckets must hold for a feature, counted from the rows.';

create or replace function rollout.recount_repositories(feature text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    lock table repository_categories in share mode;  -- no category may change while they are counted
    delete from rollout.buckets where feature_name = feature;
    delete from rollout.category_counts where feature_name = feature;
    insert into rollout.buckets (feature_name, category, width, bucket, repositories)
    select feature, c.category, c.width, c.bucket, c.repositories from rollout.counted_buckets(feature) c;
    insert into rollout.category_counts (
        feature_name, category, repositories, stars, contributors, pull_requests, activity, pinned)
    select feature, r.category, count(k.repository_id), coalesce(sum(k.star_count), 0),
           coalesce(sum(k.contributor_count), 0), coalesce(sum(k.pr_count), 0),
           coalesce(sum(k.monthly_activity_score), 0), count(*) filter (where k.pinned_as_test)
    from rollout.category_rules() r
    left join repository_categories k on k.category = r.category and k.repository_id is not null
    group by r.category;
    perform rollout.refresh_list_entries(c) from rollout_configuration c where c.feature_name = feature and c.is_active;
    perform rollout.refresh_cutoffs(feature);
end $$;
comment on function rollout.recount_repositories(text) is
    'Counts the categorized repositories of a feature from nothing; afterwards triggers keep the counts.';

create or replace function rollout.shift_counts(
    added repository_categories[], removed repository_categories[]
)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    -- One order of locks for everybody: first all rows of repositories, then these.
    perform from rollout.category_counts order by feature_name, category for update;
    with moved as materialized (
        select m.* from (
            select 1 as change, a.repository_id, a.category, a.star_count, a.contributor_count, a.pr_count,
                   a.monthly_activity_score, a.pinned_as_test
            from unnest(added) a
            union all
            select -1, r.repository_id, r.category, r.star_count, r.contributor_count, r.pr_count,
                   r.monthly_activity_score, r.pinned_as_test
            from unnest(removed) r
        ) m
        join rollout.category_rules() r on r.category = m.category
        where m.repository_id is not null
    ), totals as (
        update rollout.category_counts c
        set repositories = c.repositories + t.change, stars = c.stars + t.stars,
            contributors = c.contributors + t.contributors, pull_requests = c.pull_requests + t.pull_requests,
            activity = c.activity + t.activity, pinned = c.pinned + t.pinned
        from (
            select m.category, sum(m.change) as change,
                   coalesce(sum(m.change * m.star_count::bigint), 0) as stars,
                   coalesce(sum(m.change * m.contributor_count::bigint), 0) as contributors,
                   coalesce(sum(m.change * m.pr_count::bigint), 0) as pull_requests,
                   coalesce(sum(m.change * m.monthly_activity_score::bigint), 0) as activity,
                   sum(m.change * m.pinned_as_test::integer) as pinned
            from moved m group by 1
        ) t
        where c.category = t.category
    ), shifts as (
        select f.feature_name, m.category, rollout.bucket(f.feature_name, m.repository_id) as bucket,
               sum(m.change)::integer as repositories
        from moved m cross join (select distinct c.feature_name from rollout.category_counts c) f
        group by 1, 2, 3 having sum(m.change) <> 0
    )
    insert into rollout.buckets as b (feature_name, category, width, bucket, repositories)
    select s.feature_name, s.category, w.width, s.bucket / w.width * w.width, sum(s.repositories)
    from shifts s cross join (values (1), (100)) w (width)
    group by 1, 2, 3, 4
    on conflict (feature_name, category, width, bucket)
    do update set repositories = b.repositories + excluded.repositories;

    perform rollout.refresh_entry_categories(array(
        select a.repository_id from unnest(added) a union select r.repository_id from unnest(removed) r));
    perform rollout.refresh_cutoffs(f.feature_name)
    from (select distinct feature_name from rollout.category_counts order by 1) f;
end $$;
comment on function rollout.shift_counts(repository_categories[], repository_categories[]) is
    'R1: carries changed category rows into the counts: each row as it is counts for, each as it was counts against.';

create or replace function rollout.categories_added()
returns trigger
language plpgsql security definer  -- whoever may write the table
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if exists (select from added) then  -- a statement that adds none takes no lock
        perform rollout.shift_counts(array(select row(a.*)::repository_categories from added a), null);
    end if;
    return null;
end $$;
comment on function rollout.categories_added() is 'Trigger on repository_categories: new rows are counted.';

create or replace function rollout.categories_removed()
returns trigger
language plpgsql security definer  -- whoever may write the table
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if exists (select from removed) then
        perform rollout.shift_counts(null, array(select row(r.*)::repository_categories from removed r));
    end if;
    return null;
end $$;
comment on function rollout.categories_removed() is
    'Trigger on repository_categories: deleted rows are no longer counted.';

create or replace function rollout.categories_changed()
returns trigger
language plpgsql security definer  -- whoever may write the table
set search_path = pg_catalog, public, pg_temp
as $$
declare
    shifted record;
begin
    select array_agg(row(a.*)::repository_categories) as added, array_agg(row(r.*)::repository_categories) as removed
    into shifted
    from added a full join removed r using (id)
    where (a.repository_id, a.category, a.star_count, a.contributor_count, a.pr_count, a.monthly_activity_score,
           a.pinned_as_test)
          is distinct from
          (r.repository_id, r.category, r.star_count, r.contributor_count, r.pr_count, r.monthly_activity_score,
           r.pinned_as_test);
    if shifted.added is not null then  -- a statement that changes nothing that is counted takes no lock
        perform rollout.shift_counts(shifted.added, shifted.removed);
    end if;
    return null;
end $$;
comment on function rollout.categories_changed() is
    'Trigger on repository_categories: what was is no longer counted, what is now is.';
create or replace trigger rollout_count_added after insert on public.repository_categories
    referencing new table as added for each statement execute function rollout.categories_added();
create or replace trigger rollout_count_moved after update on public.repository_categories
    referencing old table as removed new table as added
    for each statement execute function rollout.categories_changed();
create or replace trigger rollout_count_removed after delete on public.repository_categories
    referencing old table as removed for each statement execute function rollout.categories_removed();

create or replace function rollout.categories_emptied()
returns trigger
language plpgsql security definer  -- whoever may write the table
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    truncate rollout.buckets;
    update rollout.category_counts
    set repositories = 0, stars = 0, contributors = 0, pull_requests = 0, activity = 0, pinned = 0
    where repositories <> 0;
    update rollout.list_entries set category = null where category is not null;
    perform rollout.refresh_cutoffs(f.feature_name)
    from (select distinct feature_name from rollout.category_counts order by 1) f;
    return null;
end $$;
comment on function rollout.categories_emptied() is
    'Trigger: truncating repository_categories empties its counts.';
create or replace trigger rollout_count_emptied after truncate on public.repository_categories
    for each statement execute function rollout.categories_emptied();
