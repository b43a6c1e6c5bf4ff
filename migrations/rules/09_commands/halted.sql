-- R5 and R18: the emergency stop as it is called from outside, and what it and the fall to 0 % answer.

create or replace function public.rollout_emergency_stop(
    reason text default null, feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return rollout.halted(feature_name, 'emergencyStop', reason, context);
end $$;
comment on function public.rollout_emergency_stop(text, text, jsonb) is
    'rollout.emergencyStop(), R5 and R18: halts all traffic at once, whoever is in the way, and keeps the percentage.';

create or replace function rollout.halted(feature text, command text, reason text, context jsonb)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    answer constant jsonb := rollout.halt(feature, command, reason, context);
    status jsonb;
begin
    -- A console of 0.1.0 says NOT STOPPED unless the answer holds the status. Later ones read it afterwards, and say so.
    if context ? 'operation_id' and not context ? 'reads_status' then
        begin
            -- Of the settings that it does not know one is in the status.
            status := replace(public.rollout_status(feature)::text,
                              '"guardrail": "compared"', '"guardrail": "evidence"')::jsonb;
            return answer || jsonb_build_object('status', status, 'change', case
                when status #>> '{last_change,id}' = answer ->> 'operation_id' then status -> 'last_change' end);
        exception when others or query_canceled then
            null;  -- the stop is made, whatever the status needs
        end;
    end if;
    return answer;
end $$;
comment on function rollout.halted(text, text, text, jsonb) is
    'R18: halts, and answers a console of 0.1.0 with the status as well, where that can be had.';
