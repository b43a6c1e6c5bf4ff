-- R17: decides which gates are shut before the next step. plan(), phases(), advance(), the automatic advance and the
-- cautions of setRollout() and resume() all ask these.

create or replace function rollout.gates(config rollout_configuration, look rollout.look)
returns table (name text, open boolean, message text, opens_at timestamptz, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return query
    select 'stop', not config.emergency_stop, case
            when config.emergency_stop then 'an emergency stop halts all traffic' else 'no emergency stop' end,
        null::timestamptz, 'rollout.resume()'
    union all
    select 'hold', config.held_reason is null, case
            when config.held_reason is null then 'not held' else rollout.hold_phrase(config) end,
        config.held_until, 'rollout.release()';
    if config.rollout_percentage > 0 then  -- leaving 0 % is a start: there is nothing yet that could be measured
        return query
        select * from rollout.criteria_gates(config, look)
        union all
        select * from rollout.job_gates(config, look)
        union all
        select * from rollout.repository_gates(config);
    end if;
    return query
    select * from rollout.calendar_gates(config);
end $$;
comment on function rollout.gates(rollout_configuration, rollout.look) is
    'R17: each gate before the next step: whether it is open, what was found, when it opens if that is known, and what '
    'to type if it is shut.';

create or replace function rollout.criteria_gates(config rollout_configuration, look rollout.look)
returns table (name text, open boolean, message text, opens_at timestamptz, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select c ->> 'name', c -> 'met' = 'true',
           format('%s %s, wanted %s %s', c ->> 'name',
               coalesce(trim_scale(round((c ->> 'actual')::numeric, 2)) || u.unit, 'unknown'), c ->> 'operator',
               (c ->> 'target') || u.unit),
           case c ->> 'unit' when 'hours' then
               rollout.flowing_since(config) + make_interval(hours => (c ->> 'target')::integer) end,
           case c ->> 'unit' when 'percent' then 'rollout.showMetrics()' else 'rollout.plan()' end
    from jsonb_array_elements(rollout.list_criteria(config, look.jobs, look.health, 'phases')) c
    cross join lateral (
        select case c ->> 'unit' when 'hours' then ' h' when 'percent' then ' %' else '' end as unit
    ) u;
end $$;
comment on function rollout.criteria_gates(rollout_configuration, rollout.look) is
    'R2: the criteria of a phase as gates.';

create or replace function rollout.job_gates(config rollout_configuration, look rollout.look)
returns table (name text, open boolean, message text, opens_at timestamptz, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    verdict constant text := look.health ->> 'verdict';
begin
    return query
    select 'verdict', verdict = 'healthy',
        'health: ' || case verdict when 'no_data' then 'no jobs yet' when 'small_sample' then 'can''t judge yet'
            when 'above_threshold' then 'above the threshold' else verdict end,
        null::timestamptz, 'rollout.status()'
    union all
    select w ->> 'name', coalesce(w ->> 'name' = any (config.accepted_signals), false), w ->> 'message', null,
        w ->> 'command'
    from jsonb_array_elements(look.warnings) w
    union all
    select s.name, coalesce(s.name = any (config.accepted_signals), false), s.message, null, s.command
    from rollout.signs(config, look) s
    union all
    select 'sight', false, 'the host''s table of jobs is locked: what became of the jobs is not known', null,
        'rollout.jobs()'
    where look.jobs_unread;
end $$;
comment on function rollout.job_gates(rollout_configuration, rollout.look) is
    'R8 and R16: the verdict, and a gate for each thing that is wrong with the jobs and each sign, open if a release '
    'has accepted it; and a shut one while they can''t be read.';

create or replace function rollout.list_gates(config rollout_configuration, look rollout.look)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select coalesce(jsonb_agg(g), '[]') from rollout.gates(config, look) g);
end $$;
comment on function rollout.list_gates(rollout_configuration, rollout.look) is
    'R17: the gates, in order, as they are shown.';

create or replace function rollout.shut_gates(config rollout_configuration)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return jsonb_path_query_array(rollout.list_gates(config, rollout.look_at(config)), '$[*] ? (!(@.open == true))');
end $$;
comment on function rollout.shut_gates(rollout_configuration) is 'R17: the gates that are shut.';

create or replace function rollout.cautions(config rollout_configuration, target integer)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return case when target <= config.rollout_percentage then '{}' else jsonb_build_object(
        'shut', jsonb_path_query_array(rollout.shut_gates(config), '$[*] ? (@.name != "stop")'),
        'skipped_phase', (select p.next from rollout.step_in_plan(config) p where p.next < target)) end;
end $$;
comment on function rollout.cautions(rollout_configuration, integer) is
    'R17: what speaks against raising to a percentage: gates that are shut, but for a stop, of which the answer says '
    'itself that it goes on or has ended, and the next step if it is skipped.';
