-- The settings of a rollout: one list of what they are, one command to see and change them.

create or replace function public.rollout_settings()
returns table (
    "position" integer, name text, unit text, low numeric, high numeric, choices text[], default_value jsonb,
    meaning text
)
language sql immutable parallel safe
set search_path = pg_catalog, public, pg_temp
as $$
    values
        (1, 'guardrail', null, null::numeric, null::numeric,
            (select array_agg(g.guardrail) from rollout_guardrails() g), '"manual"'::jsonb,
            'rollout.guardrail() shows what each costs'),
        (2, 'max_error_rate', 'percent', 0, 100, null, '5', 'error rate above which the threshold is crossed'),
        (3, 'minimum_sample', 'jobs', 1, 1000000, null, '10', 'jobs in the window below which nothing is judged'),
        (4, 'monitoring_window_hours', 'hours', 1, 8760, null, '24', 'how far back health looks'),
        (5, 'judged_reports', null, null, null, array['all', 'outcomes'], '"all"',
            'whether successes that the application writes as it queues a job are judged'),
        (6, 'application_check', null, null, null, null, 'true',
            'whether the application''s own check may roll back; ours is auto-rollback'),
        (7, 'strategy', null, null, null, '{repository_size,percentage,whitelist}', '"repository_size"',
            'who comes first: rollout.categories() shows the sizes'),
        (8, 'cost_per_job', 'per job', 0, 1000, null, 'null', 'what a job costs on each processor'),
        (12, 'cost_per_minute', 'per minute', 0, 1000, null, 'null', 'what a minute of a job costs on each processor'),
        (9, 'follow_jobs', null, null, null, null, 'false',
            'record what becomes of each job, by a trigger on the host''s table of jobs'),
        (10, 'stuck_after_minutes', 'minutes', 1, 10080, null, '60',
            'how far beyond its target a job in processing is stuck: rollout.jobs("stuck")'),
        (11, 'act_on_warnings', null, null, null, null, 'false',
            'whether a health check rolls back on stuck, waiting or silent jobs, too'),
        (13, 'auto_advance', null, null, null, null, 'false',
            'whether the monitor goes up the plan by itself: rollout.plan()'),
        (14, 'on_breach', null, null, null, '{zero,step_back,hold}', '"zero"',
            'what a breach leads to: 0 %, the step before and a hold, or a hold'),
        (15, 'keep_days', 'days', 1, 36500, null, '90', 'how long reports and job ids are kept; history is for good')
$$;
comment on function public.rollout_settings() is
    'What rollout.configure() knows: parts of rollout_configuration with their ranges, defaults and meanings.';

create or replace function public.rollout_setting_path(name text)
returns text[]
language sql immutable parallel safe
set search_path = pg_catalog, public, pg_temp
as $$
    select case name when 'strategy' then '{rollout_strategy}' when 'cost_per_job' then '{metadata,cost_per_job}'
        when 'cost_per_minute' then '{metadata,cost_per_minute}'
        else array[name] end
$$;
comment on function public.rollout_setting_path(text) is
    'Where a setting stands in rollout_configuration as JSON: mostly in the column of its name.';

create or replace function public.rollout_default_settings(config rollout_configuration)
returns rollout_configuration
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    select jsonb_populate_record(config, coalesce((
        select jsonb_object_agg(s.name, s.default_value)
        from (select to_jsonb(rollout_without_lists(config)) as set offset 0) c  -- once, not for each setting
        cross join rollout_settings() s
        where c.set -> s.name = 'null'), '{}'))
$$;
comment on function public.rollout_default_settings(rollout_configuration) is
    'A configuration whose empty settings have their defaults.';

create or replace function public.rollout_check_setting(name text, value jsonb)
returns void
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    setting constant record := (select s from rollout_settings() s where s.name = rollout_check_setting.name);
    number numeric;
begin
    if setting is null then
        raise exception 'there is no setting %; to see all, type rollout.configure()', quote_literal(left(name, 60))
            using errcode = 'RC001';
    elsif setting.choices is not null then
        if (value #>> '{}' = any (setting.choices)) is not true then
            raise exception '% is one of %, not %; type for example rollout.configure(%="%")', name,
                array_to_string(setting.choices, ', '), left(value::text, 60), name, setting.choices[1]
                using errcode = 'RC001';
        end if;
        return;
    elsif name in ('cost_per_job', 'cost_per_minute') then
        perform rollout_check_costs(name, setting.low, setting.high, value);
        return;
    elsif jsonb_typeof(setting.default_value) = 'boolean' then
        if jsonb_typeof(value) <> 'boolean' then
            raise exception '% is True or False, not %; type for example rollout.configure(%=True)', name,
                left(value::text, 60), name using errcode = 'RC001';
        end if;
        return;
    end if;
    number := case jsonb_typeof(value) when 'number' then (value #>> '{}')::numeric end;
    if (number between setting.low and setting.high
        and number = round(number, case setting.unit when 'percent' then 2 else 0 end)) is not true then
        raise exception '% is a % from % to % (%), not %; type for example rollout.configure(%=%)', name,
            case setting.unit when 'percent' then 'number with at most two decimals' else 'whole number' end,
            setting.low, to_char(setting.high, 'FM999,999,999'), setting.unit, left(value::text, 60), name,
            setting.default_value using errcode = 'RC001';
    end if;
end $$;
comment on function public.rollout_check_setting(text, jsonb) is
    'Raises RC001 with what to type unless this is a setting and a value that it can have.';

create or replace function public.rollout_check_costs(name text, low numeric, high numeric, costs jsonb)
returns void
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    wrong text := case when jsonb_typeof(costs) <> 'object' or costs = '{}' then costs::text end;
begin
    if wrong is null then
        select format('%s: %s', c.key, c.value) into wrong
        from jsonb_each(costs) c
        where c.key not in ('inngest', 'github_actions') or case jsonb_typeof(c.value)
            when 'number' then not (c.value #>> '{}')::numeric between low and high
            else c.value <> 'null' end;
    end if;
    if wrong is not null then
        raise exception '% has a number from % to % for inngest or github_actions, or both, not %; type for '
            'example rollout.configure(%={"inngest": 0.012, "github_actions": 0.0015})', name, low, to_char(high,
            'FM999,999'), left(wrong, 60), name using errcode = 'RC001';
    end if;
end $$;
comment on function public.rollout_check_costs(text, numeric, numeric, jsonb) is
    'Raises RC001 unless these are costs of processors, null for one that is to be unknown again.';

create or replace function public.rollout_with_settings(config rollout_configuration, settings jsonb)
returns rollout_configuration
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    changed jsonb := to_jsonb(config);
    setting record;
    path text[];
begin
    for setting in select * from jsonb_each(settings) loop
        perform rollout_check_setting(setting.key, setting.value);
        path := rollout_setting_path(setting.key);
        changed := jsonb_set(changed, path, case
            -- of the processors that are not named the costs stay
            when setting.key in ('cost_per_job', 'cost_per_minute')
                then jsonb_strip_nulls(rollout_costs(config, setting.key) || setting.value)
            else setting.value end);
    end loop;
    return jsonb_populate_record(config, changed);
end $$;
comment on function public.rollout_with_settings(rollout_configuration, jsonb) is
    'A configuration with some settings changed, all of them checked before.';

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
    for config in select * from rollout_lock(feature_name, 'configure', reason, context) loop
        became := rollout_with_settings(config, settings);
        if became.rollout_strategy <> config.rollout_strategy then
            details := jsonb_build_object('moves', (
                select jsonb_build_object('entering', sum(m.entering), 'leaving', sum(m.leaving))
                from rollout_moves(config, became.rollout_strategy, config.rollout_percentage) m) || (
                select jsonb_build_object('eligible_before', sum(a.eligible)) from rollout_eligible_counts(config) a));
        end if;
        perform rollout_store(became, details);
    end loop;
    return rollout_answer(feature_name, details);
end $$;
comment on function public.rollout_configure(jsonb, text, text, jsonb) is
    'rollout.configure(), R1, R8 and R10: changes all of these settings or none, in one change.';

create or replace function public.rollout_list_settings(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout_active(feature_name);
begin
    return jsonb_build_object('settings', (
        select jsonb_agg(jsonb_build_object(
            'name', s.name, 'value', case
                when s.name in ('cost_per_job', 'cost_per_minute')
                    then nullif(jsonb_strip_nulls(rollout_costs(config, s.name)), '{}')
                else to_jsonb(config) #> rollout_setting_path(s.name) end, 'default', s.default_value, 'unit', s.unit,
            'choices', s.choices, 'meaning', s.meaning, 'changed', rollout_history_entry(h)) order by s.position)
        from rollout_settings() s
        left join lateral (
            select * from rollout_history x
            where x.rollout_config_id = config.id
              and (x.metadata ->> 'command' in ('configure', 'undo') or x.metadata ? 'outside_console')
              and (x.metadata -> 'before') #> rollout_setting_path(s.name)
                  is distinct from (x.metadata -> 'after') #> rollout_setting_path(s.name)
            order by x.created_at desc limit 1) h on true));
end $$;
comment on function public.rollout_list_settings(text) is
    'rollout.configure() without arguments: every setting, what it does, its default, and its last change.';
