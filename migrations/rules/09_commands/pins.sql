-- R3: markAsTest and unmarkAsTest.

create or replace function rollout.set_pins(
    repositories text[], pinned boolean, feature_name text, reason text, context jsonb
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config rollout_configuration;
    command constant text := case when pinned then 'markAsTest' else 'unmarkAsTest' end;
    asked record;
    before jsonb;
    details jsonb := '{}';
    categorizing constant text := rollout.set_categorizing('on');
begin
    for config in select * from rollout.lock(feature_name, command, reason, context) loop
        select coalesce(array_agg(n.repository_id order by n.repository_id) filter (where n.moving), '{}') as ids,
               coalesce(jsonb_agg(n.full_name) filter (where n.moving), '[]') as applied,
               coalesce(jsonb_agg(n.full_name) filter (where not n.moving), '[]') as already
        into asked
        from (
            select r.repository_id, r.full_name, coalesce(k.pinned_as_test, false) <> pinned as moving
            from rollout.known_repositories(repositories, format('rollout.%s("owner/name")', command)) r
            left join repository_categories k on k.repository_id = r.repository_id
        ) n;
        details := to_jsonb(asked) - 'ids';
        if cardinality(asked.ids) > 0 then
            perform rollout.lock_categories(asked.ids);
            before := rollout.pins(asked.ids);
            perform rollout.write_pins(asked.ids, pinned);
            perform rollout.write_history(
                config, rollout.current_change() || jsonb_build_object('details', details),
                config.rollout_percentage, before, rollout.pins(asked.ids));
        end if;
    end loop;
    perform rollout.set_categorizing(categorizing);
    return rollout.answer(feature_name, details);
end $$;
comment on function rollout.set_pins(text[], boolean, text, text, jsonb) is
    'R3: what markAsTest and unmarkAsTest have in common.';

create or replace function public.rollout_mark_as_test(
    repositories text[], feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language sql
set search_path = pg_catalog, public, pg_temp
as $$ select rollout.set_pins(repositories, true, feature_name, reason, context) $$;
comment on function public.rollout_mark_as_test(text[], text, text, jsonb) is
    'rollout.markAsTest(), R3: pins repositories as test; all of them or, if one is unknown, none.';

create or replace function public.rollout_unmark_as_test(
    repositories text[], feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language sql
set search_path = pg_catalog, public, pg_temp
as $$ select rollout.set_pins(repositories, false, feature_name, reason, context) $$;
comment on function public.rollout_unmark_as_test(text[], text, text, jsonb) is
    'rollout.unmarkAsTest(), R3: lifts the pin and categorizes by size again.';
