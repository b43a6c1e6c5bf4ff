-- R18: whether a stop or a lowering has taken effect: jobs that began in the rollout after it.

create or replace function rollout.has_leaked(
    config rollout_configuration, treated boolean, repository uuid, counted_at timestamptz, began timestamptz
)
returns boolean
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if treated and config.narrowed_at <= began and config.narrowed_at <= counted_at then
        -- the dear part, asked only after a stop or a lowering
        return not rollout.is_let_in(repository, config.feature_name);
    end if;
    return false;
end $$;
comment on function rollout.has_leaked(rollout_configuration, boolean, uuid, timestamptz, timestamptz) is
    'R18: whether a job is known to have begun in the rollout after a stop or a lowering had taken its repository out.';

create or replace function rollout.stop_effect(config rollout_configuration)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    recent constant timestamptz := clock_timestamp() - make_interval(hours => config.monitoring_window_hours);
begin
    if (config.narrowed_at > recent) is not true then
        return null;
    end if;
    return (
        select jsonb_build_object(
            'since', config.narrowed_at,
            'jobs', greatest(coalesce(sum(c.jobs), 0), 0),
            'leaks', coalesce(sum(c.leaks), 0),
            'last_leak_at', max(c.last_leak_at))
        from rollout.counts c
        where c.rollout_config_id = config.id and c.slot_start >= config.narrowed_at);
end $$;
comment on function rollout.stop_effect(rollout_configuration) is
    'R18: jobs that began since the last stop or lowering, and how many of them in the rollout; null if there was none '
    'within the window, or it has been raised again.';
