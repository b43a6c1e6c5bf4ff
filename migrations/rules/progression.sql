-- R2: the progression through phases.

create or replace function public.rollout_phase_plan()
returns table (phase integer, percentage integer, audience text)
language sql immutable parallel safe
as $$
    values (6, 10, 'test and small'), (7, 25, 'test, small, some medium'), (8, 50, 'test, small, medium'),
           (9, 75, 'test, small, medium, large'), (10, 100, 'all, enterprise included')
$$;
comment on function public.rollout_phase_plan() is 'R2, the manual''s progression.';

create or replace function public.rollout_phase_name(stands_at integer)
returns text
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    select case
        when stands_at = 0 then 'not started'
        when reached.phase is null then 'before phase 6'
        when reached.percentage = stands_at then 'phase ' || reached.phase
        else 'between phase ' || reached.phase || ' and ' || reached.phase + 1
    end
    from (
        select max(p.phase) as phase, max(p.percentage) as percentage
        from rollout_phase_plan() p where p.percentage <= stands_at
    ) reached
$$;
comment on function public.rollout_phase_name(integer) is 'R2: where a percentage stands in the progression.';

create or replace function public.rollout_phases(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
    criteria constant jsonb := rollout_list_criteria(config, rollout_window(config), 'phases');
    warnings constant jsonb := (select coalesce(jsonb_agg(w), '[]') from rollout_outcome_warnings(config) w);
begin
    return jsonb_build_object(
        'rollout_percentage', config.rollout_percentage,
        'emergency_stop', config.emergency_stop,
        'phase', rollout_phase_name(config.rollout_percentage),
        'next_percentage', (
            select min(p.percentage) from rollout_phase_plan() p where p.percentage > config.rollout_percentage),
        'ready', not config.emergency_stop and warnings = '[]' and not exists (
            select from jsonb_array_elements(criteria) c where c -> 'met' <> 'true'),
        'criteria', criteria,
        'warnings', warnings,
        'phases', (
            select jsonb_agg(jsonb_build_object(
                'phase', p.phase, 'percentage', p.percentage, 'audience', p.audience,
                'state', case
                    when p.percentage < config.rollout_percentage then 'passed'
                    when p.percentage = config.rollout_percentage then 'current'
                    else 'ahead' end) order by p.phase)
            from rollout_phase_plan() p));
end $$;
comment on function public.rollout_phases(text) is
    'rollout.phases(): the progression and whether the next phase may begin (R2).';

create or replace function public.rollout_cautions(config rollout_configuration, target integer)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    -- Leaving 0 % is a start: there is nothing yet that the criteria could be measured on.
    select case when target <= config.rollout_percentage then '{}' else jsonb_build_object(
        'unmet', coalesce((
            select jsonb_agg(c)
            from jsonb_array_elements(rollout_list_criteria(config, rollout_window(config), 'phases')) c
            where config.rollout_percentage > 0 and c -> 'met' <> 'true'), '[]'),
        'skipped_phase', (
            select min(p.percentage) from rollout_phase_plan() p
            where p.percentage > config.rollout_percentage having min(p.percentage) < target)) end
$$;
comment on function public.rollout_cautions(rollout_configuration, integer) is
    'R2: what speaks against raising to a percentage: criteria that are not met, and the next phase if it is skipped.';
