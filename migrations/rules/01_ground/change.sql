-- R10: who changes what and why, told to the triggers that write the history row, for the time of one change.

create or replace function rollout.open_change(change jsonb)
returns boolean
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    operation constant uuid := coalesce((change ->> 'operation_id')::uuid, gen_random_uuid());
begin
    -- Read by the triggers that record what changes, until the change is closed: what is written past our
    -- functions later in the same transaction is not part of it.
    perform set_config('rollout.change', (change || jsonb_build_object('operation_id', operation))::text, true);
    return exists (select from rollout_history h where h.id = operation);
end $$;
comment on function rollout.open_change(jsonb) is
    'Says who changes what and why, for the history row; true if this operation was made before.';

create or replace function rollout.close_change()
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    perform set_config('rollout.change', '', true);
end $$;
comment on function rollout.close_change() is 'Ends what rollout.open_change began.';

create or replace function rollout.current_change()
returns jsonb
language sql stable  -- inlined
as $$
    select nullif(pg_catalog.current_setting('rollout.change', true), '')::jsonb
$$;
comment on function rollout.current_change() is 'The change that is open in this transaction; null if there is none.';
