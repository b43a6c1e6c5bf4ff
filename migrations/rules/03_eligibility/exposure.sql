-- R1 and R11: how many repositories are let in by the function that decides. Of ours the counters know it; the host's
-- own is asked for each repository, as the application asks it.

create or replace function rollout.is_let_in(repo_id uuid, feature text)
returns boolean
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return is_repository_eligible_for_rollout(repo_id, feature);
exception when others then  -- the application, too, takes an error for a no; its report must not fail for it
    return false;
end $$;
comment on function rollout.is_let_in(uuid, text) is
    'R7: whether the function that decides lets a repository in; an error of the host''s own is a no.';

create or replace function rollout.ask_host(feature text, ids uuid[], patience interval)
returns table (asked integer, admitted uuid[])
language plpgsql stable rows 1
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    ends constant timestamptz := clock_timestamp() + patience;
    id uuid;
begin
    asked := 0;
    admitted := '{}';
    begin
        perform set_config('transaction_read_only', 'on', true);  -- a question changes nothing
        foreach id in array ids loop
            begin
                if is_repository_eligible_for_rollout(id, feature) then
                    admitted := admitted || id;
                end if;
            exception when others then  -- the application, too, takes an error for a no
                null;
            end;
            asked := asked + 1;
            exit when clock_timestamp() > ends;
        end loop;
        raise exception using errcode = 'RC000';
    exception when sqlstate 'RC000' then  -- which undoes what was set for the questions
        null;
    end;
    return next;
end $$;
comment on function rollout.ask_host(text, uuid[], interval) is
    'R11: which of these repositories the host''s own function lets in, as many as can be asked in this time, in their '
    'order. An error counts as a no, and so does a category that it would write first.';

create or replace function rollout.repositories_to_ask()
returns uuid[]
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    -- Ids are random, so the first of them are a sample.
    select array(select h.id from rollout_host_repositories h order by h.id limit (rollout.host_questions()).most)
$$;
comment on function rollout.repositories_to_ask() is
    'R11: the repositories for which the host''s own function is asked.';

create or replace function rollout.counted_by_host(feature text)
returns table (category text, repositories bigint, eligible bigint)
language plpgsql stable rows 6
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    ids uuid[];
    answer record;
begin
    ids := rollout.repositories_to_ask();  -- not in the declarations, whose errors are none of this block
    select * into answer from rollout.ask_host(feature, ids, (rollout.host_questions()).at_a_glance);
    return query
    select coalesce(r.category, rollout.no_category()), count(*), count(*) filter (where a.id is not null)
    from unnest(ids[1:answer.asked]) i (id)
    left join unnest(answer.admitted) a (id) on a.id = i.id
    left join repository_categories k on k.repository_id = i.id
    left join rollout.category_rules() r on r.category = k.category
    group by 1;
exception when insufficient_privilege then  -- of a role that may not read the host's repositories
    return;
end $$;
comment on function rollout.counted_by_host(text) is
    'R11: for how many repositories the host''s own function was asked, and how many of them it lets in, by category.';

create or replace function rollout.cutoff_without_category(strategy text, percentage integer)
returns integer
language sql immutable parallel safe
as $$
    select case when strategy = 'whitelist' then 0
        when strategy = 'percentage' or percentage = 100 then percentage * 100 else 0 end
$$;
comment on function rollout.cutoff_without_category(text, integer) is
    'R1: the bucket below which a repository without a category is eligible, lists and stop left aside.';

create or replace function rollout.without_category(config rollout_configuration)
returns table (repository_id uuid, bucket integer)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    -- Of all buckets: how many a condition on them leaves can't be estimated, and to look each repository up instead of
    -- joining takes ten times as long.
    select h.id, rollout.bucket(config.feature_name, h.id)
    from rollout_host_repositories h
    where not exists (
            select from repository_categories k join rollout.category_rules() r on r.category = k.category
            where k.repository_id = h.id)
      and not exists (
            select from rollout.list_entries e
            where e.rollout_config_id = config.id and e.repository_id = h.id
              and (e.blacklisted or e.whitelisted and e.until > now() is not false))
$$;
comment on function rollout.without_category(rollout_configuration) is
    'R1: the repositories without a category for which no list decides, with their buckets; a scan of the host''s.';

create or replace function rollout.whitelisted_without_category(config rollout_configuration)
returns table (bucket integer)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return query
    select e.bucket
    from rollout.list_entries e
    where e.rollout_config_id = config.id and not e.blacklisted and e.whitelisted and e.until > now() is not false
      and (e.category = any (array(select r.category from rollout.category_rules() r))) is not true
      and exists (select from rollout_host_repositories h where h.id = e.repository_id);
exception when insufficient_privilege then  -- of a role that may not read the host's repositories
    return;
end $$;
comment on function rollout.whitelisted_without_category(rollout_configuration) is
    'R1: the buckets of the repositories without a category for which the whitelist decides.';

create or replace function rollout.counted_without_category(config rollout_configuration)
returns table (repositories bigint, eligible bigint)
language plpgsql stable rows 1
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    cutoff constant integer := rollout.cutoff_without_category(config.rollout_strategy, config.rollout_percentage);
begin
    -- By size, nobody has to look for them below 100 %: only the whitelist lets them in.
    select count(*), count(*) into repositories, eligible from rollout.whitelisted_without_category(config);
    if cutoff > 0 then
        select repositories + count(*),
               eligible + count(*) filter (where w.bucket < cutoff)
        into repositories, eligible
        from rollout.without_category(config) w;
    end if;
    if config.emergency_stop then
        eligible := 0;
    end if;
    return next;
exception when insufficient_privilege then  -- of a role that may not read the host's repositories
    return;
end $$;
comment on function rollout.counted_without_category(rollout_configuration) is
    'R1: how many repositories without a category may be eligible now, and how many are.';

create or replace function rollout.eligible_counts(config rollout_configuration)
returns table (category text, rollout_order integer, repositories bigint, cutoff integer, eligible bigint)
language plpgsql stable rows 6
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if rollout.decided_by() = 'host' then
        return query
        select r.category, r.rollout_order, coalesce(h.repositories, 0), null::integer, coalesce(h.eligible, 0)
        from rollout.counted_by_host(config.feature_name) h
        full join (
            select c.category, c.rollout_order from rollout.category_rules() c
            union all select rollout.no_category(), 1 + max(c.rollout_order) from rollout.category_rules() c
        ) r on r.category = h.category
        where r.category <> rollout.no_category() or h.repositories is not null
        order by r.rollout_order;
    else
        return query
        -- Counts by strategy and lists, then the entries that end by themselves, which no trigger sees.
        select r.category, r.rollout_order, coalesce(a.repositories, 0), a.cutoff,
               case when config.emergency_stop then 0 else
                   coalesce(a.eligible, 0) + coalesce(a.listed, 0) + coalesce(l.more, 0)
               end
        from rollout.category_rules() r
        left join rollout.category_counts a on a.feature_name = config.feature_name and a.category = r.category
        left join rollout.added_by_lists(config, with_an_end => true) l on l.category = r.category
        union all
        select rollout.no_category(), 1 + r.rollout_order, w.repositories,
               rollout.cutoff_without_category(config.rollout_strategy, config.rollout_percentage),
               w.eligible
        from rollout.counted_without_category(config) w
        cross join (select max(c.rollout_order) from rollout.category_rules() c) r (rollout_order)
        where w.repositories > 0
        order by 2;
    end if;
end $$;
comment on function rollout.eligible_counts(rollout_configuration) is
    'R1, R11: per category, how many repositories there are and how many the function that decides lets in now; of '
    'the host''s own function those that were asked. Repositories without a category where they may be eligible.';

create or replace function rollout.eligible_by_whitelist_only(config rollout_configuration)
returns bigint
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select count(*)
        from (
            select k.bucket, a.cutoff
            from rollout.listed(config) k
            join rollout.category_counts a on a.feature_name = config.feature_name and a.category = k.category
            where k.eligible
            union all
            select w.bucket, rollout.cutoff_without_category(config.rollout_strategy, config.rollout_percentage)
            from rollout.whitelisted_without_category(config) w
        ) w
        where not config.emergency_stop and rollout.decided_by() is distinct from 'host' and w.bucket >= w.cutoff);
end $$;
comment on function rollout.eligible_by_whitelist_only(rollout_configuration) is
    'R1: how many of the eligible repositories are so by the whitelist alone, whatever the percentage; none where the '
    'host''s own function decides, which says no reason.';

create or replace function rollout.is_all(repositories numeric)
returns boolean
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return rollout.decided_by() is distinct from 'host' or (
        select count(*) <= is_all.repositories
        from (select from rollout_host_repositories limit is_all.repositories::bigint + 1) h);
exception when insufficient_privilege then
    return false;
end $$;
comment on function rollout.is_all(numeric) is
    'R11: whether so many repositories are all that the host''s own function can be asked for.';

create or replace function rollout.admitted(ids uuid[], feature text)
returns uuid[]
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if rollout.decided_by() = 'host' then
        return (select a.admitted from rollout.ask_host(feature, ids, (rollout.host_questions()).before_a_change) a);
    end if;
    return rollout.eligible_of(ids, feature);
end $$;
comment on function rollout.admitted(uuid[], text) is
    'R1, R11: those of these repositories that the function that decides lets in.';

create or replace function rollout.effect_of_categorizing(
    feature text, ids uuid[], out asked integer, out before integer, out after integer
)
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    limits constant record := rollout.host_questions();
    answer record;
begin
    select * into answer from rollout.ask_host(feature, ids, limits.before_a_change);
    asked := answer.asked;
    before := cardinality(answer.admitted);
    begin
        perform rollout.categorize(ids[1:asked]);
        select * into answer from rollout.ask_host(feature, ids[1:asked], limits.after_a_change);
        after := cardinality(answer.admitted);
        raise exception using errcode = 'RC000';
    exception when sqlstate 'RC000' then  -- on trial
        null;
    end;
end $$;
comment on function rollout.effect_of_categorizing(text, uuid[]) is
    'R3, R11: how many of these repositories the host''s own function lets in now, and would with categories.';

create or replace function rollout.is_confirmed(context jsonb)
returns boolean
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$ select coalesce(rollout.flag_in(rollout.given(context, 'object', 'context'), 'confirm'), false) $$;
comment on function rollout.is_confirmed(jsonb) is
    'R11: whether a caller has seen how many repositories the host''s own function would let in.';

create or replace function rollout.refuse_exposure(asked integer, before integer, after integer, command text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if after > before then
        raise exception 'not done: the host''s own function would let % in instead of %, of % repositories asked; '
            'to do it all the same, type rollout.%', to_char(after, 'FM999,999,999'),
            to_char(before, 'FM999,999,999'), to_char(asked, 'FM999,999,999'), command
            using errcode = 'RC006', hint = 'In SQL: context => ''{"confirm": true}''.';
    end if;
end $$;
comment on function rollout.refuse_exposure(integer, integer, integer, text) is
    'R11: raises RC006 with the two numbers if the host''s own function would let more repositories in.';
