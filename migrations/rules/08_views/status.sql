-- R5, R7 and R16: the status of a feature and of all that the dashboard shows, of one moment.

create or replace function rollout.last_change(config rollout_configuration)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select rollout.full_history_entry(h) from rollout_history h
        where h.rollout_config_id = config.id and rollout.is_recorded(h.metadata) and h.action <> 'note'
          and h.metadata ->> 'command' is distinct from 'catchUp'
        order by h.created_at desc limit 1);
end $$;
comment on function rollout.last_change(rollout_configuration) is
    'The newest change that an operator, the breaker or somebody outside the console made; null if there is none. Rows '
    'that the web application writes beside its changes, or without one, are none.';

create or replace function rollout.status_part(
    config rollout_configuration, look rollout.look, part text, command text, out value jsonb, out warnings jsonb
)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    warnings := '[]';
    value := case part
        when 'emergency_stop_reason' then to_jsonb(rollout.stop_reason(config))
        when 'stop_effect' then rollout.stop_effect(config)
        when 'uncategorized' then to_jsonb(rollout.uncategorized())
        when 'last_change' then rollout.last_change(config)
        when 'state' then rollout.state(config)
        when 'switched_off' then rollout.switched_off(config)
        when 'watch' then rollout.watch(config)
        when 'warnings' then rollout.warnings(config, look) end;
exception
    when insufficient_privilege then
        raise;
    when data_exception or plpgsql_error or cardinality_violation or syntax_error_or_access_rule_violation then
        value := null;
        warnings := (
            select jsonb_agg(u) from rollout.unreadable(replace(part, '_', ' '), sqlerrm, status_part.command) u);
end $$;
comment on function rollout.status_part(rollout_configuration, rollout.look, text, text) is
    'A part of the status that reads what others write; null and a warning in its place if it can''t be read.';

create or replace function rollout.status_parts(config rollout_configuration, look rollout.look)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    read record;
    parts jsonb := '{}';
    warnings jsonb := '[]';
    unreadable jsonb := '[]';
begin
    for read in  -- not jsonb_object_agg, which takes the square of the length of a list in the last change
        select p.part, s.value, s.warnings
        from (values
            ('emergency_stop_reason', 'rollout.history()'), ('stop_effect', 'rollout.stats()'),
            ('uncategorized', 'rollout.categories()'), ('last_change', 'rollout.history()'),
            ('state', 'rollout.history()'),
            ('switched_off', 'rollout.history()'),
            ('watch', 'rollout.status()'),
            ('warnings', 'rollout.jobs()')) p (part, command)
        cross join lateral rollout.status_part(config, look, p.part, p.command) s
        order by p.part
    loop
        unreadable := unreadable || read.warnings;
        if read.part = 'warnings' then
            warnings := coalesce(read.value, '[]');
        else
            parts := parts || jsonb_build_object(read.part, read.value);
        end if;
    end loop;
    return parts || jsonb_build_object('warnings', warnings || unreadable);
end $$;
comment on function rollout.status_parts(rollout_configuration, rollout.look) is
    'What the status says beside the configuration, part by part: one that can''t be read is a warning.';

create or replace function rollout.describe_status(config rollout_configuration, look rollout.look)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
set plan_cache_mode = force_generic_plan  -- to plan takes longer than to read, each time
as $$
declare
    sizes record;
begin
    config := rollout.with_short_lists(config);
    select * into sizes from rollout.list_sizes(config.id);
    return to_jsonb(config) || jsonb_build_object(
        'auto_rollback_enabled', config.breaker_enabled,
        'percentage_in_effect', rollout.percentage_in_effect(config),
        'phase', rollout.phase(config),
        'phase_percentages', (
            select jsonb_agg(p.percentage order by p.number) from rollout.plan_steps(config) p),
        'whitelist_size', sizes.whitelist,
        'blacklist_size', sizes.blacklist,
        'health', look.health,
        'categorization', (
            select jsonb_build_object('finished_at', r.finished_at, 'processed', r.processed, 'total', r.total)
            from rollout.categorization_runs r order by r.id desc limit 1),
        'decided_by', rollout.decided_by(),
        'server_time', clock_timestamp(),
        'schema_version', rollout_schema_version())
    || rollout.status_parts(config, look) || (
        select jsonb_build_object(
            'total_repositories', sum(a.repositories), 'eligible_repositories', sum(a.eligible),
            'all_counted', rollout.is_all(sum(a.repositories)),
            'only_whitelisted', rollout.eligible_by_whitelist_only(config))
        from rollout.eligible_counts(config) a);
end $$;
comment on function rollout.describe_status(rollout_configuration, rollout.look) is
    'R5, R7 and R16: the status of a rollout, of one look at it.';

create or replace function public.rollout_status(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout.active(feature_name);
begin
    return rollout.describe_status(config, rollout.look_at(config));
end $$;
comment on function public.rollout_status(text) is
    'rollout.status(): the configuration, what is in effect, health and the last change.';

create or replace function rollout.overview_part(
    config rollout_configuration, look rollout.look, part text, command text, points integer,
    out value jsonb, out problem jsonb
)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    value := case part
        when 'categories' then rollout_categories(config.feature_name)
        when 'plan' then rollout.describe_plan(config, look)
        when 'metrics' then rollout.describe_metrics(config, look.jobs, look.health, 3)
        when 'trend' then rollout_error_trend(config.feature_name, points)
        when 'history' then rollout_list_history(config.feature_name, 50) end;
exception
    when insufficient_privilege or sqlstate 'RC001' then
        raise;
    when data_exception or plpgsql_error or cardinality_violation or syntax_error_or_access_rule_violation then
        value := null;
        problem := (select to_jsonb(u) || jsonb_build_object('name', overview_part.part)
                    from rollout.unreadable(part, sqlerrm, overview_part.command) u);
end $$;
comment on function rollout.overview_part(rollout_configuration, rollout.look, text, text, integer) is
    'A part of the overview; null and a line in its place if it can''t be read.';

create or replace function public.rollout_overview(
    feature_name text default 'hybrid_progressive_capture', points integer default 48
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout.active(feature_name);
    look constant rollout.look := rollout.look_at(config);
begin
    return (
        select jsonb_build_object(
            'status', rollout.describe_status(config, look), 'categories', c.value, 'plan', p.value,
            'metrics', m.value, 'trend', t.value, 'history', h.value,
            'unreadable', jsonb_path_query_array(
                jsonb_build_array(c.problem, p.problem, m.problem, t.problem, h.problem), '$[*] ? (@ != null)'))
        from rollout.overview_part(config, look, 'categories', 'rollout.categories()', points) c
        cross join rollout.overview_part(config, look, 'plan', 'rollout.plan()', points) p
        cross join rollout.overview_part(config, look, 'metrics', 'rollout.showMetrics()', points) m
        cross join rollout.overview_part(config, look, 'trend', 'rollout.plot()', points) t
        cross join rollout.overview_part(config, look, 'history', 'rollout.history()', points) h);
end $$;
comment on function public.rollout_overview(text, integer) is
    'All that the dashboard shows, of one moment and in one answer; a part that can''t be read is a line in its place.';

create or replace function public.rollout_features()
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select jsonb_build_object('server_time', clock_timestamp(), 'features', coalesce(
            to_jsonb(array_agg(jsonb_build_object(  -- not jsonb_agg, as in rollout_list_history
                'feature_name', c.feature_name,
                'rollout_percentage', c.rollout_percentage,
                'percentage_in_effect', rollout.percentage_in_effect(c),
                'emergency_stop', c.emergency_stop,
                'auto_rollback_enabled', c.breaker_enabled,
                'health', rollout.health(c),
                'state', rollout.state(c),
                'held', c.held_reason is not null,
                'last_change', rollout.last_change(c)) order by c.feature_name)), '[]'))
        from rollout_configuration x cross join lateral rollout.usable(x) c where x.is_active);
end $$;
comment on function public.rollout_features() is
    'rollout.features(): every feature with an active rollout: percentage, health and last change.';

create or replace function public.rollout_test_repositories(
    feature_name text default 'hybrid_progressive_capture', max_rows integer default 20
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config constant rollout_configuration := rollout.active(feature_name);
begin
    return jsonb_build_object(
        'rollout_percentage', config.rollout_percentage,
        'percentage_in_effect', rollout.percentage_in_effect(config),
        'emergency_stop', config.emergency_stop,
        'auto_rollback_enabled', config.breaker_enabled,
        'breaker_off_until', config.breaker_off_until,
        'held_reason', config.held_reason,
        'held_until', config.held_until,
        'state', rollout.state(config),
        'server_time', clock_timestamp(),
        'total', (select count(*) from repository_categories k where k.category = 'test'),
        'repositories', coalesce((
            select jsonb_agg(jsonb_build_object(
                'repository_id', t.repository_id, 'full_name', t.full_name, 'pinned', t.pinned_as_test,
                'eligible', t.repository_id = any (rollout.admitted(array[t.repository_id], config.feature_name)))
                order by t.pinned_as_test desc, t.full_name)
            from (
                select k.repository_id, h.full_name, k.pinned_as_test
                from repository_categories k join rollout_host_repositories h on h.id = k.repository_id
                where k.category = 'test'
                order by k.pinned_as_test desc, h.full_name
                limit rollout.within('limit', max_rows, 0, 1000, 'rollout.monitorPhase4(20)')) t), '[]'),
        'metrics', rollout_show_metrics(feature_name));
end $$;
comment on function public.rollout_test_repositories(text, integer) is
    'rollout.monitorPhase4(): the percentage, the test repositories with pinned ones first, and the last metrics.';
