-- What the console shows beside the status: all features at a glance, and the test repositories.

create or replace function public.rollout_features()
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select jsonb_build_object('server_time', clock_timestamp(), 'features', coalesce(
        jsonb_agg(jsonb_build_object(
            'feature_name', c.feature_name,
            'rollout_percentage', c.rollout_percentage,
            'percentage_in_effect', rollout_percentage_in_effect(c),
            'emergency_stop', c.emergency_stop,
            'auto_rollback_enabled', c.breaker_enabled,
            'health', rollout_health(c),
            'last_change', rollout_last_change(c)) order by c.feature_name), '[]'))
    from rollout_configuration c where c.is_active
$$;
comment on function public.rollout_features() is
    'rollout.features(): every feature with an active rollout: percentage, health and last change.';

create or replace function public.rollout_test_repositories(
    feature_name text default 'hybrid_progressive_capture', max_rows integer default 20
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
begin
    return jsonb_build_object(
        'rollout_percentage', config.rollout_percentage,
        'percentage_in_effect', rollout_percentage_in_effect(config),
        'emergency_stop', config.emergency_stop,
        'auto_rollback_enabled', config.breaker_enabled,
        'held_reason', config.held_reason,
        'total', (select count(*) from repository_categories k where k.category = 'test'),
        'repositories', coalesce((
            select jsonb_agg(jsonb_build_object(
                'repository_id', t.repository_id, 'full_name', t.full_name, 'pinned', t.pinned_as_test,
                'eligible', rollout_is_eligible(rollout_decide(t.repository_id, config.feature_name)))
                order by t.pinned_as_test desc, t.full_name)
            from (
                select k.repository_id, h.full_name, k.pinned_as_test
                from repository_categories k join rollout_host_repositories h on h.id = k.repository_id
                where k.category = 'test'
                order by k.pinned_as_test desc, h.full_name
                limit rollout_within('limit', max_rows, 0, 1000, 'rollout.monitorPhase4(20)')) t), '[]'),
        'metrics', rollout_show_metrics(feature_name));
end $$;
comment on function public.rollout_test_repositories(text, integer) is
    'rollout.monitorPhase4(): the percentage, the test repositories with pinned ones first, and the last metrics.';
