-- R5 and R18: the emergency stop as it is called from outside, and what a console of 0.1.0 expects of it.

create or replace function public.rollout_emergency_stop(
    reason text default null, feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if context ? 'operation_id' and not context ? 'reads_status' then
        return rollout.halt_with_status(feature_name, 'emergencyStop', reason, context);
    end if;
    return rollout.halt(feature_name, 'emergencyStop', reason, context);
end $$;
comment on function public.rollout_emergency_stop(text, text, jsonb) is
    'rollout.emergencyStop(), R5 and R18: halts all traffic at once, whoever is in the way, and keeps the percentage.';

create or replace function rollout.halt_with_status(feature text, command text, reason text, context jsonb)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    answer constant jsonb := rollout.halt(feature, command, reason, context);
    status jsonb;
begin
    begin
        -- Of the settings that 0.1.0 does not know one is in the status.
        status := replace(public.rollout_status(feature)::text,
                          '"guardrail": "compared"', '"guardrail": "evidence"');
    exception when others or query_canceled then
        return answer;  -- the stop is made, whatever the status needs
    end;
    return answer || jsonb_build_object('status', status, 'change', case
        when status #>> '{last_change,id}' = answer ->> 'operation_id' then status -> 'last_change' end);
end $$;
comment on function rollout.halt_with_status(text, text, text, jsonb) is
    'R18: halts, and answers with the status as well, without which a console of 0.1.0 says NOT STOPPED; later ones '
    'read it afterwards, and ask for nothing above the stop''s own floor.';
