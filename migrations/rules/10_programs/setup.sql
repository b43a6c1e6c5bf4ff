-- R4 and R9: `rollout-console setup` begins a rollout once, and only once.

create or replace function public.rollout_create(
    percentage numeric default 0, feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    -- Named apart from the column, which would win.
    feature constant text := rollout_create.feature_name;
begin
    if coalesce(feature, '') = '' or length(feature) > 100 then
        raise exception 'a feature name has 1 to 100 characters; set ROLLOUT_FEATURE' using errcode = 'RC001';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('rollout:' || feature, 0));
    if not rollout.open_change(coalesce(rollout.given(context, 'object', 'context'), '{}') || jsonb_build_object(
        'action', 'created', 'command', 'setup', 'reason', reason))
        and not exists (select from rollout_configuration c where c.feature_name = feature and c.is_active)
    then
        insert into rollout_configuration (feature_name, rollout_percentage, is_active)
        values (feature, rollout.whole_percentage(percentage, 'rollout-console setup --percentage 10'), true);
    end if;
    return rollout.answer(feature);
end $$;
comment on function public.rollout_create(numeric, text, text, jsonb) is
    'Creates the configuration of a feature if it has none; otherwise changes nothing.';

create or replace function rollout.start_obstacle(config rollout_configuration, percentage integer)
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
comment on function rollout.start_obstacle(rollout_configuration, integer) is
    'Why setup may not start a rollout at this percentage: stopped, as_asked, higher, running (lower, but begun), '
    'rolled_back; null if it may.';

create or replace function rollout.whitelist_obstacle(config rollout_configuration)
returns text
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    -- The whitelist is eligible even at 0 %, so a rollout that was rolled back keeps the one it has.
    select case
        when cardinality(config.target_repositories) > 0 then 'not_empty'
        when config.emergency_stop then 'stopped'
        when config.rollout_percentage = 0 and rollout.start_obstacle(config, 100) is not null then 'rolled_back'
        when exists (
            select from rollout_history h
            where h.rollout_config_id = config.id and rollout.is_recorded(h.metadata)
              and coalesce(h.metadata #> '{before,target_repositories}', '[]') not in ('[]', 'null')
        ) then 'emptied'
    end
$$;
comment on function rollout.whitelist_obstacle(rollout_configuration) is
    'Why setup may not fill the whitelist: not_empty, stopped, rolled_back, emptied (by an operator); null if it may.';

create or replace function rollout.test_candidates(config rollout_configuration, max_rows integer)
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
        limit rollout.within('max_rows', test_candidates.max_rows, 0, 50, 'rollout-console setup')
    ) k
    join rollout_host_repositories h on h.id = k.repository_id
    order by k.pinned_as_test desc, k.monthly_activity_score desc, k.repository_id
$$;
comment on function rollout.test_candidates(rollout_configuration, integer) is
    'Test repositories that setup would put on the whitelist, at most 50.';

create or replace function public.rollout_setup_plan(
    percentage numeric default 10, feature_name text default 'hybrid_progressive_capture', max_rows integer default 5
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config rollout_configuration;
    target constant integer := rollout.whole_percentage(percentage, 'rollout-console setup --percentage 10');
    candidates jsonb;
begin
    select * into config from rollout_configuration c
    where c.feature_name = rollout_setup_plan.feature_name and c.is_active;
    select coalesce(jsonb_agg(t.full_name), '[]') into candidates from rollout.test_candidates(config, max_rows) t;
    return jsonb_build_object(
        'schema_version', rollout_schema_version(),
        'configured', config.id is not null,
        'rollout_percentage', config.rollout_percentage,
        'auto_rollback_enabled', coalesce((rollout.usable(config)).breaker_enabled, true),
        'repositories', (select count(*) from rollout_host_repositories),
        'categorized', (select count(*) from repository_categories),
        'candidates', candidates,
        'whitelist', coalesce(
            rollout.whitelist_obstacle(config), case candidates when '[]' then 'no_candidates' else 'added' end),
        'start', coalesce(rollout.start_obstacle(config, target), 'started'),
        'decided_by', rollout.decided_by());
end $$;
comment on function public.rollout_setup_plan(numeric, text, integer) is
    'rollout-console setup --dry-run: what is there, what setup would do, and why it would leave something alone.';

create or replace function public.rollout_begin(
    percentage numeric default 10, feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    target constant integer := rollout.whole_percentage(percentage, 'rollout-console setup --percentage 10');
    outcome text;
begin
    for config in select * from rollout.lock(feature_name, 'setup', reason, context) loop
        outcome := coalesce(rollout.start_obstacle(config, target), 'started');
        if outcome = 'started' then
            config.rollout_percentage := target;
            config.breaker_enabled := true;
            perform rollout.store(config, jsonb_build_object('outcome', outcome));
        end if;
    end loop;
    return rollout.answer(feature_name, jsonb_build_object('outcome', outcome));
end $$;
comment on function public.rollout_begin(numeric, text, text, jsonb) is
    'rollout-console setup: starts a rollout that never was above 0 %, with auto-rollback on; any other stays, and '
    'outcome says why.';

create or replace function public.rollout_seed_whitelist(
    max_rows integer default 5, feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    chosen record;
    details jsonb := '{}';
begin
    for config in select * from rollout.lock(feature_name, 'setup', reason, context) loop
        select coalesce(array_agg(t.repository_id::text), '{}') as ids,
               coalesce(jsonb_agg(t.full_name), '[]') as names
        into chosen
        from rollout.test_candidates(config, max_rows) t;
        details := jsonb_build_object('applied', '[]'::jsonb, 'outcome', coalesce(
            rollout.whitelist_obstacle(config), case chosen.names when '[]' then 'no_candidates' else 'added' end));
        if details ->> 'outcome' = 'added' then
            config.target_repositories := chosen.ids;
            details := details || jsonb_build_object('applied', chosen.names);
            perform rollout.store(config, details);
        end if;
    end loop;
    return rollout.answer(feature_name, details);
end $$;
comment on function public.rollout_seed_whitelist(integer, text, text, jsonb) is
    'rollout-console setup: puts test repositories on a whitelist that never held any; outcome says why it did not.';
