create or replace function public.rollout_schema_version()
returns integer
language sql immutable parallel safe
as $$ select 1 $$;
comment on function public.rollout_schema_version() is
    'The version of these functions; a console refuses to work with one that it does not know.';

create or replace function public.rollout_last_change(config rollout_configuration)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select rollout_tell(h) from rollout_history h
    where h.rollout_config_id = config.id and h.metadata ? 'before' and h.action <> 'note'
      and h.metadata ->> 'command' is distinct from 'catchUp'
    order by h.created_at desc limit 1
$$;
comment on function public.rollout_last_change(rollout_configuration) is
    'The newest change that an operator, the breaker or somebody outside the console made; null if there is none. Rows '
    'that the web application writes beside its changes, or without one, are none.';

create or replace function public.rollout_stop_reason(config rollout_configuration)
returns text
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select case when config.emergency_stop then coalesce(config.emergency_stop_reason, (
        select h.reason from rollout_history h
        where h.rollout_config_id = config.id and h.action = 'emergency_stop' and not h.metadata ? 'before'
          and h.created_at >= config.emergency_stopped_at - interval '1 minute'
        order by h.created_at limit 1)) end
$$;
comment on function public.rollout_stop_reason(rollout_configuration) is
    'R5: why traffic is halted; of a stop made in the browser console, from the row that it wrote into the history.';

create or replace function public.rollout_status(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout_shown(rollout_active(feature_name));
    sizes constant record := (select s from rollout_list_sizes(config.id) s);
begin
    return to_jsonb(config) || jsonb_build_object(
        'auto_rollback_enabled', config.breaker_enabled,
        'emergency_stop_reason', rollout_stop_reason(config),
        'percentage_in_effect', rollout_percentage_in_effect(config),
        'phase', (rollout_place_in_plan(config)).name,
        'phase_percentages', (
            select jsonb_agg(p.percentage order by p.number) from rollout_plan_steps(config) p),
        'whitelist_size', sizes.whitelist,
        'blacklist_size', sizes.blacklist,
        'health', rollout_health(config),
        'stop_effect', rollout_stop_effect(config),
        'categorization', (
            select jsonb_build_object('finished_at', r.finished_at, 'processed', r.processed, 'total', r.total)
            from rollout_categorization_runs r order by r.id desc limit 1),
        'uncategorized', rollout_uncategorized(),
        'decided_by', rollout_decided_by(),
        'last_change', rollout_last_change(config),
        'warnings', rollout_warnings(config),
        'server_time', clock_timestamp(),
        'schema_version', rollout_schema_version())
    || (
        select jsonb_build_object(
            'total_repositories', sum(a.repositories), 'eligible_repositories', sum(a.eligible),
            'only_whitelisted', rollout_only_whitelisted(config))
        from rollout_eligible_counts(config) a);
end $$;
comment on function public.rollout_status(text) is
    'rollout.status(): the configuration, what is in effect, health and the last change.';

create or replace function public.rollout_overview(
    feature_name text default 'hybrid_progressive_capture', points integer default 48
)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select jsonb_build_object(
        'status', rollout_status(feature_name),
        'categories', rollout_categories(feature_name),
        'plan', rollout_plan(feature_name),
        'metrics', rollout_show_metrics(feature_name, 3),
        'trend', rollout_error_trend(feature_name, points),
        'history', rollout_list_history(feature_name, 50))
$$;
comment on function public.rollout_overview(text, integer) is
    'All that the dashboard shows, of one moment and in one answer.';
