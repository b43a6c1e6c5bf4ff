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

create or replace function public.rollout_history_entry(entry rollout_history)
returns jsonb
language sql immutable
as $$
    select case when entry.id is not null then jsonb_build_object(
        'id', entry.id,
        'at', entry.created_at,
        'action', entry.action,
        'command', entry.metadata ->> 'command',
        'previous_percentage', entry.previous_percentage,
        'new_percentage', entry.new_percentage,
        'reason', entry.reason,
        'triggered_by', entry.triggered_by,
        'operator', entry.metadata ->> 'operator',
        'host', entry.metadata ->> 'host',
        'database_role', entry.metadata ->> 'database_role',
        'outside_console', coalesce((entry.metadata ->> 'outside_console')::boolean, false),
        'before', entry.metadata -> 'before',
        'after', entry.metadata -> 'after',
        'evidence', entry.metadata -> 'evidence') end
$$;
comment on function public.rollout_history_entry(rollout_history) is 'A history row as the console shows it.';

create or replace function public.rollout_whole_percentage(percentage numeric, example text)
returns integer
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    -- "is not true": null and NaN are refused with the rest
    if (percentage between 0 and 100 and percentage = trunc(percentage)) is not true then
        raise exception 'a percentage is a whole number from 0 to 100, not %; type for example %',
            coalesce(left(percentage::text, 30), 'null'), example using errcode = '22023';
    end if;
    return percentage;
end $$;
comment on function public.rollout_whole_percentage(numeric, text) is 'R4: refuses whatever is not a whole number from 0 to 100.';
