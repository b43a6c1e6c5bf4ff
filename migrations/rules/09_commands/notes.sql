-- R10: a note in the history.

create or replace function public.rollout_note(
    reason text, feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    given constant text := nullif(trim(reason), '');
begin
    if given is null then
        raise exception 'a note is text; type for example rollout.note("the status page is red")'
            using errcode = 'RC001';
    end if;
    for config in select * from rollout.lock(feature_name, 'note', given, context, 'note') loop
        perform rollout.write_history(config, rollout.current_change(), config.rollout_percentage, '{}', '{}');
    end loop;
    return rollout.answer(feature_name);
end $$;
comment on function public.rollout_note(text, text, jsonb) is
    'rollout.note(), R10: a history row that changes nothing: what was seen, by whom and when.';
