-- R2 and R17: what plan() and phases() show: the plan, its gates, and when each step may come.

create or replace function rollout.describe_plan(config rollout_configuration, look rollout.look)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
set plan_cache_mode = force_generic_plan  -- to plan takes longer than to read, each time
as $$
declare
    place constant record := rollout.step_in_plan(config);
    gates constant jsonb := rollout.list_gates(config, look);
begin
    return jsonb_build_object(
        'rollout_percentage', config.rollout_percentage,
        'emergency_stop', config.emergency_stop,
        'phase', rollout.phase(config),
        'state', rollout.state(config),
        'decided_by', rollout.decided_by(),
        'since', rollout.flowing_since(config),
        'next_percentage', place.next,
        'ready', place.next is not null and not jsonb_path_exists(gates, '$[*] ? (!(@.open == true))'),
        'gates', gates,
        'steps', (
            select jsonb_agg(jsonb_build_object(
                'number', p.number, 'percentage', p.percentage, 'hours', p.hours,
                'audience', case config.rollout_strategy
                    when 'repository_size' then p.audience
                    when 'percentage' then 'any size, by hash'
                    else 'the whitelist alone' end,
                'state', case
                    when p.percentage < config.rollout_percentage then 'passed'
                    when p.percentage = config.rollout_percentage then 'current'
                    else 'ahead' end,
                'earliest', c.earliest) order by p.number)
            from rollout.plan_steps(config) p left join rollout.coming_steps(config) c using (number)),
        'change_window', config.plan ->> 'change_window',
        'held_reason', config.held_reason, 'held_by', config.held_by, 'held_at', config.held_at,
        'held_until', config.held_until,
        'frozen_until', config.held_until,  -- its name for consoles of 0.1.0
        'auto_advance', config.auto_advance, 'on_breach', config.on_breach,
        'server_time', clock_timestamp());
end $$;
comment on function rollout.describe_plan(rollout_configuration, rollout.look) is
    'R17: the plan with where the rollout stands, the gates before the next step, and when each step may come.';

create or replace function public.rollout_plan(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout.active(feature_name);
begin
    return rollout.describe_plan(config, rollout.look_at(config));
end $$;
comment on function public.rollout_plan(text) is 'rollout.plan(), R17.';

create or replace function public.rollout_phases(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout.active(feature_name);
    look constant rollout.look := rollout.look_at(config);
begin
    return rollout.describe_plan(config, look)
        || jsonb_build_object('criteria', rollout.list_criteria(config, look.jobs, look.health, 'phases'));
end $$;
comment on function public.rollout_phases(text) is
    'rollout.phases(): the progression and whether the next phase may begin (R2).';
