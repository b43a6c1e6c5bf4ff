-- What `rollout-console setup` and `rollout-console monitor` need: beginning a rollout once and only
-- once, and monitors that know of each other and alert once.

create or replace function public.rollout_start_obstacle(config rollout_configuration, percentage integer)
returns text
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select case
        when config.emergency_stop then 'stopped'
        when config.rollout_percentage = percentage then 'as_asked'
        when config.rollout_percentage > percentage then 'higher'
        when config.rollout_percentage > 0 then 'running'
        -- At 0 %, but it was above once, perhaps in a configuration that this one has replaced:
        -- somebody, or the breaker, has lowered it, and setup does not know better.
        when exists (
            select from rollout_configuration c
            left join rollout_history h on h.rollout_config_id = c.id
            where c.feature_name = config.feature_name
              and (c.rollout_percentage > 0 or h.previous_percentage > 0 or h.new_percentage > 0)
        ) then 'rolled_back'
    end
$$;
comment on function public.rollout_start_obstacle(rollout_configuration, integer) is
    'Why setup may not start a rollout at this percentage: stopped, as_asked, higher, running (lower, but begun), rolled_back; null if it may.';

create or replace function public.rollout_whitelist_obstacle(config rollout_configuration)
returns text
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    -- The whitelist is in even at 0 %, so it is left alone wherever traffic was taken back.
    select case
        when cardinality(config.target_repositories) > 0 then 'not_empty'
        when config.emergency_stop then 'stopped'
        when config.rollout_percentage = 0 and rollout_start_obstacle(config, 100) is not null then 'rolled_back'
        when exists (
            select from rollout_history h
            where h.rollout_config_id = config.id
              and coalesce(h.metadata #> '{before,target_repositories}', '[]') not in ('[]', 'null')
        ) then 'emptied'
    end
$$;
comment on function public.rollout_whitelist_obstacle(rollout_configuration) is
    'Why setup may not fill the whitelist: not_empty, stopped, rolled_back, emptied (by somebody, on purpose); null if it may.';

create or replace function public.rollout_test_candidates(config rollout_configuration, max_rows integer)
returns table (repository_id uuid, full_name text)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    -- Marked by hand first, then the most active: they are the first to show how it goes.
    select k.repository_id, h.full_name
    from (
        select * from repository_categories c
        where c.category = 'test' and c.repository_id::text <> all (coalesce(config.excluded_repositories, '{}'))
        order by c.pinned_as_test desc, c.monthly_activity_score desc, c.repository_id
        limit least(greatest(max_rows, 0), 50)
    ) k
    join rollout_host_repositories h on h.id = k.repository_id
    order by k.pinned_as_test desc, k.monthly_activity_score desc, k.repository_id
$$;
comment on function public.rollout_test_candidates(rollout_configuration, integer) is
    'Test repositories that setup would put on the whitelist, at most 50.';

create or replace function public.rollout_setup_plan(
    percentage numeric default 10, feature_name text default 'hybrid_progressive_capture', max_rows integer default 5
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    target constant integer := rollout_whole_percentage(percentage, 'rollout-console setup --percentage 10');
    candidates jsonb;
begin
    select * into config from rollout_configuration c where c.feature_name = $2 and c.is_active;
    select coalesce(jsonb_agg(t.full_name), '[]') into candidates from rollout_test_candidates(config, max_rows) t;
    return jsonb_build_object(
        'schema_version', rollout_schema_version(),
        'configured', config.id is not null,
        'rollout_percentage', config.rollout_percentage,
        'auto_rollback_enabled', coalesce(config.auto_rollback_enabled, true),
        'repositories', (select count(*) from rollout_host_repositories),
        'categorized', (select count(*) from repository_categories),
        'candidates', candidates,
        'whitelist', coalesce(rollout_whitelist_obstacle(config), case candidates when '[]' then 'no_candidates' else 'added' end),
        'start', coalesce(rollout_start_obstacle(config, target), 'started'));
end $$;
comment on function public.rollout_setup_plan(numeric, text, integer) is
    'rollout-console setup --dry-run: what is there, and what setup would do, with the reason where it would leave something alone.';

create or replace function public.rollout_begin(
    percentage numeric default 10, feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration := rollout_lock(feature_name);
    target constant integer := rollout_whole_percentage(percentage, 'rollout-console setup --percentage 10');
    obstacle text;
begin
    if not rollout_is_repeat(context) then
        obstacle := rollout_start_obstacle(config, target);
        if obstacle is null then
            config.rollout_percentage := target;
        end if;
    end if;
    return rollout_store(config, context || jsonb_build_object('command', 'setup', 'reason', reason))
        || jsonb_build_object('outcome', coalesce(obstacle, 'started'));
end $$;
comment on function public.rollout_begin(numeric, text, text, jsonb) is
    'rollout-console setup: starts a rollout that never was above 0 %; any other is left as it is, and outcome says why.';

create or replace function public.rollout_seed_whitelist(
    max_rows integer default 5, feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration := rollout_lock(feature_name);
    outcome text := 'added';
begin
    if not rollout_is_repeat(context) then
        outcome := coalesce(rollout_whitelist_obstacle(config), 'added');
        if outcome = 'added' then
            config.target_repositories := array(
                select t.repository_id::text from rollout_test_candidates(config, max_rows) t);
            if cardinality(config.target_repositories) = 0 then
                outcome := 'no_candidates';
            end if;
        end if;
    end if;
    return rollout_store(config, context || jsonb_build_object('command', 'setup', 'reason', reason))
        || jsonb_build_object('outcome', outcome, 'applied', case when outcome = 'added' then (
            select coalesce(jsonb_agg(n.full_name), '[]') from rollout_repository_names(config.target_repositories) n)
            else '[]' end);
end $$;
comment on function public.rollout_seed_whitelist(integer, text, text, jsonb) is
    'rollout-console setup: puts test repositories on a whitelist that never held any; outcome says why it did not.';

-- Monitors.

create table if not exists public.rollout_monitors (
    id uuid primary key,
    feature_name text not null,
    operator text,
    host text,
    every_seconds integer not null,
    started_at timestamptz not null default clock_timestamp(),
    seen_at timestamptz not null default clock_timestamp()
);
comment on table public.rollout_monitors is
    'Heartbeats of running monitors, so that each knows of the others. No rollout changes: they leave no history.';

create table if not exists public.rollout_alerts (
    feature_name text not null,
    event text not null,
    raised_at timestamptz not null default clock_timestamp(),
    raised_by uuid not null,
    cleared_at timestamptz,
    cleared_by uuid,
    constraint rollout_alerts_once primary key (feature_name, event)
);
comment on table public.rollout_alerts is
    'Events that a monitor has alerted for, so that no other does: a history row by its id, or a state until it is cleared.';

create or replace function public.rollout_monitor_beat(
    monitor_id uuid, every_seconds integer, feature_name text default 'hybrid_progressive_capture',
    leaving boolean default false, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    beats constant integer := least(greatest($2, 1), 7 * 86400);
begin
    if leaving then
        delete from rollout_monitors m where m.id = monitor_id;
    else
        insert into rollout_monitors (id, feature_name, operator, host, every_seconds)
        values (monitor_id, $3, left(context ->> 'operator', 200), left(context ->> 'host', 200), beats)
        on conflict (id) do update set seen_at = clock_timestamp(), every_seconds = excluded.every_seconds;
    end if;
    delete from rollout_monitors m where m.seen_at < clock_timestamp() - interval '30 days';
    return jsonb_build_object('others', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', m.id, 'operator', m.operator, 'host', m.host, 'every_seconds', m.every_seconds,
            'started_at', m.started_at, 'seen_at', m.seen_at) order by m.started_at), '[]')
        from rollout_monitors m
        where m.feature_name = $3 and m.id <> monitor_id
          -- two missed beats and a minute for one that is blind for a while
          and m.seen_at > clock_timestamp() - make_interval(secs => 2 * m.every_seconds + 60)));
end $$;
comment on function public.rollout_monitor_beat(uuid, integer, text, boolean, jsonb) is
    'A monitor''s sign of life, or its farewell; answers which others are at work on the feature.';

create or replace function public.rollout_claim_alerts(
    raised text[] default '{}', cleared text[] default '{}',
    feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    -- An answer that was lost is asked for again with the same id, and is the same again.
    operation constant uuid := coalesce((context ->> 'operation_id')::uuid, gen_random_uuid());
begin
    insert into rollout_alerts as a (feature_name, event, raised_by)
    select distinct $3, left(e, 200), operation from unnest(raised) e order by 2
    on conflict on constraint rollout_alerts_once do update
    set raised_at = clock_timestamp(), raised_by = excluded.raised_by, cleared_at = null, cleared_by = null
    where a.cleared_at is not null;
    update rollout_alerts a
    set cleared_at = clock_timestamp(), cleared_by = operation
    where a.feature_name = $3 and a.event = any (cleared) and a.cleared_at is null;
    delete from rollout_alerts a where greatest(a.raised_at, a.cleared_at) < clock_timestamp() - interval '90 days';
    return (
        select jsonb_build_object(
            'raised', coalesce(jsonb_agg(a.event) filter (where a.raised_by = operation and a.cleared_at is null), '[]'),
            'cleared', coalesce(jsonb_agg(a.event) filter (where a.cleared_by = operation), '[]'))
        from rollout_alerts a where a.feature_name = $3);
end $$;
comment on function public.rollout_claim_alerts(text[], text[], text, jsonb) is
    'Which of these events the caller is the first to raise, and which it has cleared: an alert is sent by whoever is told so, once.';
