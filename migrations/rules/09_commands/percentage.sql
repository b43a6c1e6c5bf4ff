-- R4 and R6: the percentage, set and rolled back.

create or replace function public.rollout_set_percentage(
    percentage numeric, feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    target constant integer := rollout.whole_percentage(percentage, 'rollout.setRollout(10)');
    cautions jsonb := '{}';
begin
    for config in select * from rollout.lock(feature_name, 'setRollout', reason, context) loop
        cautions := rollout.cautions(config, target);
        config.rollout_percentage := target;
        perform rollout.store(config, cautions);
    end loop;
    return rollout.answer(feature_name, cautions);
end $$;
comment on function public.rollout_set_percentage(numeric, text, text, jsonb) is
    'rollout.setRollout(), R4: stores the percentage, also during an emergency stop, when traffic stays halted.';

create or replace function public.rollout_rollback(
    percentage numeric, feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if percentage = 0 and context ? 'operation_id' and not context ? 'reads_status' then
        return rollout.halt_with_status(feature_name, 'rollbackToZero', reason, context);
    elsif percentage = 0 then
        return rollout.halt(feature_name, 'rollbackToZero', reason, context);
    end if;
    return rollout.lower_percentage(percentage, feature_name, reason, context);
end $$;
comment on function public.rollout_rollback(numeric, text, text, jsonb) is
    'rollout.rollbackToPercentage() and rollbackToZero(), R6: lowers the percentage, never raises it; to zero whoever '
    'is in the way (R18).';

create or replace function rollout.lower_percentage(percentage numeric, feature_name text, reason text, context jsonb)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
begin
    for config in select * from rollout.lock(feature_name, 'rollbackToPercentage', reason, context, 'rollback') loop
        percentage := rollout.whole_percentage(percentage, 'rollout.rollbackToPercentage(5)');
        if percentage > config.rollout_percentage then
            raise exception
                'a rollback only lowers, and the rollout stands at % %%; to raise it, type rollout.setRollout(%)',
                config.rollout_percentage, percentage using errcode = 'RC002';
        end if;
        if percentage = config.rollout_percentage then
            config.unrecorded_halt_at := clock_timestamp();
        end if;
        config.rollout_percentage := percentage;
        perform rollout.store(config);
    end loop;
    return rollout.answer(feature_name);
end $$;
comment on function rollout.lower_percentage(numeric, text, text, jsonb) is
    'A rollback to more than zero.';
