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
        (5, 'follow_jobs', null, null, null, null, 'false',
            'record what becomes of each job, by a trigger on the host''s table of jobs')
$$;
comment on function public.rollout_settings() is
    'What rollout.configure() knows: columns of rollout_configuration with their ranges, defaults and meanings.';

create or replace function public.rollout_default_settings(config rollout_configuration)
returns rollout_configuration
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    select jsonb_populate_record(config, coalesce((
        select jsonb_object_agg(s.name, s.default_value)
        from rollout_settings() s where to_jsonb(config) -> s.name = 'null'), '{}'))
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

create or replace function public.rollout_with_settings(config rollout_configuration, settings jsonb)
returns rollout_configuration
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    perform rollout_check_setting(s.key, s.value) from jsonb_each(settings) s;
    return jsonb_populate_record(config, settings);
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
begin
    for config in select * from rollout_lock(feature_name, 'configure', reason, context) loop
        perform rollout_store(rollout_with_settings(config, settings));
    end loop;
    return rollout_answer(feature_name);
end $$;
comment on function public.rollout_configure(jsonb, text, text, jsonb) is
    'rollout.configure(), R8 and R10: changes all of these settings or none, in one change.';

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
            'name', s.name, 'value', to_jsonb(config) -> s.name, 'default', s.default_value, 'unit', s.unit,
            'choices', s.choices, 'meaning', s.meaning, 'changed', rollout_history_entry(h)) order by s.position)
        from rollout_settings() s
        left join lateral (
            select * from rollout_history x
            where x.rollout_config_id = config.id
              and (x.metadata ->> 'command' = 'configure' or x.metadata ? 'outside_console')
              and x.metadata -> 'before' ? s.name
            order by x.created_at desc limit 1) h on true));
end $$;
comment on function public.rollout_list_settings(text) is
    'rollout.configure() without arguments: every setting, what it does, its default, and its last change.';
