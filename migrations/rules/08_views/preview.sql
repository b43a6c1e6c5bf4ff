-- R1: what would happen at another percentage, and why a repository is eligible. Nothing here writes.

create or replace function rollout.moves(config rollout_configuration, strategy text, percentage integer)
returns table (
    category text, rollout_order integer, repositories bigint, was integer, becomes integer, entering bigint,
    leaving bigint
)
language plpgsql stable rows 5
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with step as (
        select n.category, n.rollout_order, n.repositories, n.cutoff as was, t.cutoff as becomes,
               t.eligible - n.eligible as more
        from rollout.quota(config.feature_name, config.rollout_strategy, config.rollout_percentage) n
        join rollout.quota(config.feature_name, strategy, percentage) t using (category)
    ), listed as (
        -- The lists decide for their repositories at any percentage.
        select s.category, count(*) as repositories
        from rollout.listed(config) k
        join step s on s.category = k.category
        where k.bucket >= least(s.was, s.becomes) and k.bucket < greatest(s.was, s.becomes)
        group by 1
    )
    select s.category, s.rollout_order, s.repositories, s.was, s.becomes,
           case when s.becomes > s.was then s.more - coalesce(l.repositories, 0) else 0 end,
           case when s.becomes < s.was then -s.more - coalesce(l.repositories, 0) else 0 end
    from step s left join listed l using (category)
    union all
    select rollout.no_category(), 1 + (select max(r.rollout_order) from rollout.category_rules() r), count(*), b.was,
           b.becomes,
           count(*) filter (where w.bucket between b.was and b.becomes - 1),
           count(*) filter (where w.bucket between b.becomes and b.was - 1)
    from (
        select rollout.cutoff_without_category(config.rollout_strategy, config.rollout_percentage) as was,
               rollout.cutoff_without_category(strategy, percentage) as becomes
    ) b
    join rollout.without_category(config) w on b.was <> b.becomes
    group by b.was, b.becomes;
end $$;
comment on function rollout.moves(rollout_configuration, text, integer) is
    'R1: per category, how many repositories would become eligible or stop being so with another strategy or '
    'percentage, and between which buckets they are.';

create or replace function rollout.moves_by_strategy(config rollout_configuration, strategy text)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if strategy = config.rollout_strategy or rollout.decided_by() = 'host' then
        return '{}';
    end if;
    return jsonb_build_object('moves', (
        select jsonb_build_object('entering', sum(m.entering), 'leaving', sum(m.leaving))
        from rollout.moves(config, strategy, config.rollout_percentage) m) || (
        select jsonb_build_object('eligible_before', sum(a.eligible)) from rollout.eligible_counts(config) a));
end $$;
comment on function rollout.moves_by_strategy(rollout_configuration, text) is
    'R1: how many repositories would become eligible or stop being so with another strategy, as a change tells it.';

create or replace function public.rollout_preview(
    percentage numeric, feature_name text default 'hybrid_progressive_capture', examples integer default null
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config constant rollout_configuration := rollout.active(feature_name);
    target constant integer := rollout.whole_percentage(percentage, 'rollout.preview(25)');
    decided_by constant text := rollout.decided_by();
    shown constant jsonb := jsonb_build_object(
        'from_percentage', config.rollout_percentage,
        'to_percentage', target,
        'strategy', config.rollout_strategy,
        'emergency_stop', config.emergency_stop,
        'state', rollout.state(config),
        'server_time', clock_timestamp(),
        'whitelist_size', (select s.whitelist from rollout.list_sizes(config.id) s),
        'list_examples', examples is not null,
        'decided_by', decided_by);
begin
    -- What the host's own function would let in is known once the percentage is set, and is asked then.
    if decided_by = 'host' then
        return shown || (
            select jsonb_build_object(
                'entering', null, 'leaving', null, 'categories', '[]'::jsonb, 'eligible_now', sum(a.eligible),
                'repositories_asked', sum(a.repositories))
            from rollout.eligible_counts(config) a);
    end if;
    return shown || (
        select jsonb_build_object(
            'entering', sum(m.entering),
            'leaving', sum(m.leaving),
            'categories', jsonb_agg(jsonb_build_object(
                'category', m.category, 'repositories', m.repositories,
                'entering', m.entering,
                'leaving', m.leaving,
                'examples', (
                    select coalesce(jsonb_agg(h.full_name), '[]')
                    from (
                        select k.repository_id
                        from repository_categories k
                        where m.entering + m.leaving > 0 and k.category = m.category
                          and rollout.bucket(config.feature_name, k.repository_id) >= least(m.was, m.becomes)
                          and rollout.bucket(config.feature_name, k.repository_id) < greatest(m.was, m.becomes)
                          and rollout.listed_as(config.id, k.repository_id) is null
                        union all
                        select w.repository_id
                        from rollout.without_category(config) w
                        where m.category = rollout.no_category()
                          and w.bucket >= least(m.was, m.becomes) and w.bucket < greatest(m.was, m.becomes)
                        limit rollout.within('examples', coalesce(examples, 5), 0, 1000, 'rollout.preview(25, 5)')
                    ) e
                    join rollout_host_repositories h on h.id = e.repository_id)) order by m.rollout_order))
        from rollout.moves(config, config.rollout_strategy, target) m);
end $$;
comment on function public.rollout_preview(numeric, text, integer) is
    'rollout.preview(): who would become eligible or stop being so at another percentage: exact counts by category, '
    'with examples by name. Of the host''s own function only how many it lets in now.';

create or replace function public.rollout_explain(
    repository text, feature_name text default 'hybrid_progressive_capture'
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config constant rollout_configuration := rollout.active(feature_name);
    found record;
    reason text;
    size record;
    bucket integer;
    enters_at integer;
begin
    select * into found from rollout.known_repositories(
        array[repository], 'rollout.explain("owner/name")', changes => false);
    if rollout.decided_by() = 'host' then
        select case when cardinality(a.admitted) > 0 then 'host_in' else 'host_out' end into reason
        from rollout.ask_host(
            config.feature_name, array[found.repository_id], (rollout.host_questions()).before_a_change) a;
    else
        reason := rollout.decide(found.repository_id, config.feature_name);
    end if;
    select k.category, k.star_count, k.contributor_count, k.pr_count, k.pinned_as_test, k.last_categorized_at, a.cutoff
    into size
    from repository_categories k
    left join rollout.category_counts a on a.feature_name = config.feature_name and a.category = k.category
    where k.repository_id = found.repository_id;
    bucket := rollout.bucket(config.feature_name, found.repository_id);
    if reason in ('host_in', 'host_out') then
        enters_at := null;  -- as its function stands, nobody knows
    elsif config.rollout_strategy = 'percentage' then
        enters_at := bucket / 100 + 1;
    elsif config.rollout_strategy = 'repository_size' then
        -- The smallest percentage whose quota reaches this repository's bucket in its category.
        select least(100, ceil(
            100.0 * (own.before + rollout.below(config.feature_name, own.category, bucket + 1)) / nullif(own.total, 0)))
        into enters_at
        from (
            select q.category, sum(q.repositories) over () as total,
                   sum(q.repositories) over (order by q.rollout_order) - q.repositories as before
            from rollout.quota(config.feature_name, config.rollout_strategy, 0) q
        ) own
        where own.category = size.category;
        enters_at := coalesce(enters_at, 100);
    end if;
    return jsonb_build_object(
        'repository_id', found.repository_id, 'full_name', found.full_name,
        'eligible', reason = 'host_in' or rollout.is_eligible(reason), 'reason', reason,
        'rollout_percentage', config.rollout_percentage, 'strategy', config.rollout_strategy,
        'category', size.category, 'bucket', bucket, 'cutoff', size.cutoff, 'enters_at', enters_at,
        'emergency_stop_reason', rollout.stop_reason(config),
        'whitelisted_until', config.whitelist_until -> found.repository_id::text,
        'whitelist_expired', rollout.has_expired(config.whitelist_until, found.repository_id::text))
        || case when size.category is null then '{}' else jsonb_build_object(
            'stars', size.star_count, 'contributors', size.contributor_count, 'pull_requests', size.pr_count,
            'pinned_as_test', size.pinned_as_test, 'last_categorized_at', size.last_categorized_at) end;
end $$;
comment on function public.rollout_explain(text, text) is
    'rollout.explain(): whether a repository is eligible, the first rule that decides it, and the percentage at which '
    'it would become so.';
