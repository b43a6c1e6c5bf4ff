-- What every command is made of: find the configuration, lock it, change it, answer.

create or replace function public.rollout_active(feature text)
returns rollout_configuration
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
begin
    select * into config from rollout_configuration c where c.feature_name = feature and c.is_active;
    if not found then
        raise exception 'no active rollout for feature %; to create one, type in a shell: rollout-console setup',
            coalesce(quote_literal(left(feature, 100)), 'null') using errcode = 'P0002';
    end if;
    return config;
end $$;
comment on function public.rollout_active(text) is 'The active configuration of a feature; P0002 if there is none.';

create or replace function public.rollout_lock(feature text)
returns rollout_configuration
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
begin
    -- "No key": history and metrics rows may still refer to the configuration meanwhile.
    perform from rollout_configuration c where c.feature_name = feature and c.is_active for no key update;
    config := rollout_active(feature);
    return config;
end $$;
comment on function public.rollout_lock(text) is 'The active configuration of a feature, locked until the transaction ends, as the last writer left it.';

create or replace function public.rollout_is_repeat(change jsonb)
returns boolean
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select exists (select from rollout_history h where h.id = (change ->> 'operation_id')::uuid)
$$;
comment on function public.rollout_is_repeat(jsonb) is
    'Whether this change was made already: its answer was lost and it is sent a second time. Ask after locking, so that the first sending has ended.';

create or replace function public.rollout_store(config rollout_configuration, change jsonb)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    operation constant uuid := coalesce((change ->> 'operation_id')::uuid, gen_random_uuid());
begin
    perform set_config('rollout.change', (change || jsonb_build_object('operation_id', operation))::text, true);
    update rollout_configuration c
    set rollout_percentage = config.rollout_percentage,
        emergency_stop = config.emergency_stop,
        emergency_stop_reason = config.emergency_stop_reason,
        target_repositories = config.target_repositories,
        auto_rollback_enabled = config.auto_rollback_enabled,
        updated_at = now()
    where c.id = config.id
      and (c.rollout_percentage, c.emergency_stop, c.emergency_stop_reason, c.target_repositories, c.auto_rollback_enabled)
          is distinct from
          (config.rollout_percentage, config.emergency_stop, config.emergency_stop_reason, config.target_repositories, config.auto_rollback_enabled);
    perform set_config('rollout.change', '', true);
    return rollout_answer(config.feature_name, operation);
end $$;
comment on function public.rollout_store(rollout_configuration, jsonb) is
    'Writes what a command decided; the trigger leaves the history row. The answer says whether anything changed.';

-- What the console does. Each command is one call: lock, check, change, one history row.

create or replace function public.rollout_answer(feature text, operation uuid)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select jsonb_build_object(
        'changed', h.id is not null,
        'change', rollout_history_entry(h),
        'status', rollout_status(feature))
    from (select) nothing
    left join rollout_history h on h.id = operation
$$;
comment on function public.rollout_answer(text, uuid) is
    'What every change answers: whether it changed anything, its history row, and the status after it.';
