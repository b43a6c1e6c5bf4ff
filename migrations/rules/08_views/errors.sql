-- R8: what the console shows of the kinds of errors.

create or replace function public.rollout_errors(
    max_rows integer default 10, feature_name text default 'hybrid_progressive_capture'
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout.active(feature_name);
    limits constant record := rollout.error_limits();
    wanted constant integer := rollout.within('limit', max_rows, 1, limits.kinds, 'rollout.errors(10)');
begin
    return jsonb_build_object(
        'kinds', rollout.list_error_kinds(config, wanted),
        'total', (select count(distinct k.kind) from rollout.counted_errors k where k.rollout_config_id = config.id),
        'most_kinds', limits.kinds,
        'main_repository', rollout.main_repository(config),
        'restarted_at', config.restarted_at,
        'server_time', clock_timestamp());
end $$;
comment on function public.rollout_errors(integer, text) is
    'rollout.errors(): the errors of the jobs in kinds, with both arms, first and last seen, and repositories.';
