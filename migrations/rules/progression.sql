-- R2: the progression through phases, which is the plan (R17) beside the criteria of a phase.

create or replace function public.rollout_phases(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
begin
    return rollout_describe_plan(config)
        || jsonb_build_object('criteria', rollout_list_criteria(config, rollout_window(config), 'phases'));
end $$;
comment on function public.rollout_phases(text) is
    'rollout.phases(): the progression and whether the next phase may begin (R2).';
