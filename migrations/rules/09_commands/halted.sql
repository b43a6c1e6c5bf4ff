-- R5 and R18: the emergency stop as it is called from outside, and what a console of 0.1.0 expects of it.

create or replace function public.rollout_emergency_stop(
    reason text default null, feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    answer constant jsonb := rollout.halt(feature_name, 'emergencyStop', reason, context);
begin
    if context ? 'operation_id' and not context ? 'reads_status' then
        begin
            return rollout.as_0_1_0_reads_it(answer, feature_name);
        exception when others or query_canceled then
            null;  -- the stop is made, whatever the status needs
        end;
    end if;
    return answer;
end $$;
comment on function public.rollout_emergency_stop(text, text, jsonb) is
    'rollout.emergencyStop(), R5 and R18: halts all traffic at once, whoever is in the way, and keeps the percentage.';

create or replace function rollout.as_0_1_0_reads_it(answer jsonb, feature text)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    -- Of the settings that it does not know one is in the status.
    status constant jsonb := replace(public.rollout_status(feature)::text,
                                     '"guardrail": "compared"', '"guardrail": "evidence"');
begin
    return answer || jsonb_build_object('status', status, 'change', case
        when status #>> '{last_change,id}' = answer ->> 'operation_id' then status -> 'last_change' end);
end $$;
comment on function rollout.as_0_1_0_reads_it(jsonb, text) is
    'R18: the answer of a stop with the status, without which a console of 0.1.0 says NOT STOPPED; later ones read it '
    'afterwards.';
