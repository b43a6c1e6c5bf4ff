-- R8, R16 and R17: settings changed, all that are named or none.

create or replace function public.rollout_configure(
    settings jsonb, feature_name text default 'hybrid_progressive_capture',
    reason text default null, context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    became rollout_configuration;
    details jsonb := '{}';
begin
    for config in select * from rollout.lock(feature_name, 'configure', reason, context) loop
        became := rollout.with_settings(config, rollout.given(settings, 'object', 'settings'), 'configure');
        -- A message may be typed as it was read: it stands for its kind.
        became.ignored_errors := array(select rollout.error_kind(i) from unnest(became.ignored_errors) i);
        details := rollout.moves_by_strategy(config, became.rollout_strategy);
        perform rollout.store(became, details);
    end loop;
    return rollout.answer(feature_name, details);
end $$;
comment on function public.rollout_configure(jsonb, text, text, jsonb) is
    'rollout.configure(), R1, R8 and R10: changes all of these settings or none, in one change.';
