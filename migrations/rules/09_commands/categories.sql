-- R3: categorizeAll, batch by batch.

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
    run rollout.categorization_runs := rollout.open_run(run_id, operation);
begin
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
                    format('%s of %s repositories brought up to date', run.changed, run.processed)),
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
