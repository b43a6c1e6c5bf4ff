-- R3: categorizeAll, batch by batch.

create or replace function rollout.refuse_to_expose(
    feature text, context jsonb, ids uuid[] default rollout.repositories_to_ask()
)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    effect record;
begin
    -- One yes is for all repositories to come, too.
    if rollout.decided_by() is distinct from 'host' or rollout.is_confirmed(context) or exists (
        select from rollout_history h
        where rollout.is_recorded(h.metadata) and rollout.text_in(h.metadata, 'command') = 'categorizeAll'
          and rollout.flag_in(h.metadata -> 'details', 'confirmed'))
    then
        return;
    end if;
    select * into effect from rollout.effect_of_categorizing(feature, ids);
    perform rollout.refuse_exposure(effect.asked, effect.before, effect.after, 'categorizeAll(confirm=True)');
end $$;
comment on function rollout.refuse_to_expose(text, jsonb, uuid[]) is
    'R3, R11: refuses to categorize if that has the host''s own function let more repositories in, until an operator '
    'has seen the two numbers and confirmed them.';

create or replace function public.rollout_categorize_batch(
    batch_size integer default 5000, run_id bigint default null,
    feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout.active(feature_name);
    operation constant uuid := (rollout.given(context, 'object', 'context') ->> 'operation_id')::uuid;
    run rollout.categorization_runs;
begin
    perform rollout.refuse_to_expose(feature_name, context) where run_id is null;  -- the other batches belong to a yes
    run := rollout.open_run(run_id, operation);
    -- A batch that is sent again, because its answer was lost, is not followed by another.
    if run.finished_at is null and coalesce(run.last_operation <> operation, true) then
        run := rollout.advance_run(run, rollout.within(
            'batch_size', batch_size, 1, 100000, 'rollout.categorizeAll()'), operation);
        if run.finished_at is not null then
            perform rollout.count_uncategorized();
        end if;
        if run.finished_at is not null and run.changed > 0 then
            perform rollout.write_history(
                config,
                coalesce(rollout.given(context, 'object', 'context'), '{}') || jsonb_build_object(
                'command', 'categorizeAll', 'reason',
                    format('%s of %s repositories brought up to date', run.changed, run.processed),
                'details', jsonb_build_object('confirmed', rollout.is_confirmed(context))),
                config.rollout_percentage, '{}', jsonb_build_object('transitions', run.transitions));
        end if;
    end if;
    return jsonb_build_object(
        'run_id', run.id, 'done', run.finished_at is not null, 'processed', run.processed,
        'total', greatest(run.total, run.processed), 'changed', run.changed, 'transitions', run.transitions,
        'started_at', run.started_at);
end $$;
comment on function public.rollout_categorize_batch(integer, bigint, text, jsonb) is
    'rollout.categorizeAll(), R3: the next batch of the open run, or of a new one. The batch that ends a run leaves '
    'its history row.';
