-- R8, R16 and R17: what each setting of a rollout may be, and where it stands in the configuration.

create or replace function rollout.setting_path(name text)
returns text[]
language sql immutable parallel safe
set search_path = pg_catalog, public, pg_temp
as $$
    select case name when 'strategy' then '{rollout_strategy}' when 'cost_per_job' then '{metadata,cost_per_job}'
        when 'cost_per_minute' then '{metadata,cost_per_minute}' when 'criteria' then '{metadata,criteria}'
        else array[name] end
$$;
comment on function rollout.setting_path(text) is
    'Where a setting stands in rollout_configuration as JSON: mostly in the column of its name.';

create or replace function rollout.default_settings(config rollout_configuration)
returns rollout_configuration
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    select jsonb_populate_record(config, coalesce((
        select jsonb_object_agg(s.name, s.default_value)
        from (select to_jsonb(rollout.without_lists(config)) as set offset 0) c  -- once, not for each setting
        cross join rollout.settings() s
        where c.set -> s.name = 'null'), '{}'))
$$;
comment on function rollout.default_settings(rollout_configuration) is
    'A configuration whose empty settings have their defaults.';

create or replace function rollout.unusable_settings(config rollout_configuration)
returns table (name text, value text, low numeric, high numeric, default_value jsonb)
language sql stable  -- inlined
as $$
    -- "is not true": null and NaN are found with the rest
    select s.name, coalesce(c.set ->> s.name, 'null'), s.low, s.high, s.default_value
    from (select to_jsonb(rollout.without_lists(config)) as set offset 0) c  -- once, not for each setting
    join rollout.settings() s on s.low is not null and s.unit not like 'per %'  -- of costs, each part is looked at
    where (rollout.number_in(c.set, s.name) between s.low and s.high) is not true
$$;
comment on function rollout.unusable_settings(rollout_configuration) is
    'R7: settings that somebody gave a value that no rollout can be judged by, and what they are judged by instead.';

create or replace function rollout.range_of(setting text)
returns numrange
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$ select numrange(s.low, s.high, '[]') from rollout.settings() s where s.name = setting $$;
comment on function rollout.range_of(text) is
    'What a setting may be. Of a constant, so that a plan that is kept looks it up once.';

create or replace function rollout.usable(config rollout_configuration)
returns rollout_configuration
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    -- A restart or a stop that lies ahead would leave no window, and so no breaker. A clock that was set back by less
    -- than a day is no reason to forget one.
    latest constant timestamptz := clock_timestamp() + (rollout.clock_limits()).tolerated;
begin
    if (config.max_error_rate <@ rollout.range_of('max_error_rate')
        and config.minimum_sample::numeric <@ rollout.range_of('minimum_sample')
        and config.monitoring_window_hours::numeric <@ rollout.range_of('monitoring_window_hours')
        and config.stuck_after_minutes::numeric <@ rollout.range_of('stuck_after_minutes')
        and config.keep_days::numeric <@ rollout.range_of('keep_days')
        and config.most_jobs_of_a_row::numeric <@ rollout.range_of('most_jobs_of_a_row')
        and config.minimum_repositories::numeric <@ rollout.range_of('minimum_repositories')) is not true then
        config := jsonb_populate_record(config, (
            select jsonb_object_agg(u.name, u.default_value) from rollout.unusable_settings(config) u));
    end if;
    -- R8, R17: what has ended is over for all who read it, whether or not somebody has written that down.
    if config.held_until <= clock_timestamp() then
        config.held_reason := null;
        config.held_by := null;
        config.held_at := null;
        config.held_until := null;
    end if;
    if config.breaker_off_until <= clock_timestamp() then
        config.breaker_enabled := true;
        config.breaker_off_until := null;
    end if;
    if greatest(config.restarted_at, config.narrowed_at, config.percentage_since) >= latest
        or rollout.known(least(config.restarted_at, config.narrowed_at, config.percentage_since,
            config.emergency_stopped_at, config.held_at, config.created_at, config.updated_at)) is null
        or rollout.known(greatest(config.emergency_stopped_at, config.held_at, config.held_until,
            config.breaker_off_until, config.created_at, config.updated_at)) is null then
        config.restarted_at := case when config.restarted_at < latest then rollout.known(config.restarted_at) end;
        config.narrowed_at := case when config.narrowed_at < latest then rollout.known(config.narrowed_at) end;
        config.percentage_since :=
            case when config.percentage_since < latest then rollout.known(config.percentage_since) end;
        config.emergency_stopped_at := rollout.known(config.emergency_stopped_at);
        config.held_at := rollout.known(config.held_at);
        config.held_until := rollout.known(config.held_until);
        config.breaker_off_until := rollout.known(config.breaker_off_until);
        config.created_at := rollout.known(config.created_at);
        config.updated_at := rollout.known(config.updated_at);
    end if;
    return config;
end $$;
comment on function rollout.usable(rollout_configuration) is
    'R7: a configuration as it is judged and shown: defaults for values that can''t be used, nothing for moments that '
    'are none, no hold that has ended, and auto-rollback on where the time that it was off for is over (R8, R17).';

create or replace function rollout.check_setting(name text, value jsonb, command text)
returns void
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    setting record;
    number numeric;
begin
    select * into setting from rollout.settings() s where s.name = check_setting.name;
    if setting is null then
        raise exception 'there is no setting %; to see all, type rollout.configure()', quote_literal(left(name, 60))
            using errcode = 'RC001';
    elsif setting.choices is not null then
        if (value #>> '{}' = any (setting.choices)) is not true then
            raise exception '% is one of %, not %; type for example rollout.%(%="%")', name,
                array_to_string(setting.choices, ', '), left(value::text, 60), command, name, setting.choices[1]
                using errcode = 'RC001';
        end if;
        return;
    elsif name in ('cost_per_job', 'cost_per_minute') then
        perform rollout.check_costs(name, setting.low, setting.high, value);
        return;
    elsif name = 'criteria' then
        perform rollout.check_criteria(value);
        return;
    elsif jsonb_typeof(setting.default_value) = 'array' then
        if jsonb_typeof(value) <> 'array' or jsonb_array_length(value) > 50
            or exists (select from jsonb_array_elements(value) e
                       where jsonb_typeof(e) <> 'string' or length(e #>> '{}') not between 1 and 160) then
            raise exception '% is a list of at most 50 texts of 1 to 160 characters, not %; type for example '
                'rollout.%(%=["…"])', name, left(value::text, 60), command, name using errcode = 'RC001';
        end if;
        return;
    elsif jsonb_typeof(setting.default_value) = 'boolean' then
        if jsonb_typeof(value) <> 'boolean' then
            raise exception '% is True or False, not %; type for example rollout.%(%=True)', name,
                left(value::text, 60), command, name using errcode = 'RC001';
        end if;
        return;
    end if;
    number := case jsonb_typeof(value) when 'number' then (value #>> '{}')::numeric end;
    if (number between setting.low and setting.high
        and number = round(number, case setting.unit when 'percent' then 2 else 0 end)) is not true then
        raise exception '% is a % from % to % (%), not %; type for example rollout.%(%=%)', name,
            case setting.unit when 'percent' then 'number with at most two decimals' else 'whole number' end,
            setting.low, to_char(setting.high, 'FM999,999,999'), setting.unit, left(value::text, 60), command,
            name, setting.default_value using errcode = 'RC001';
    end if;
end $$;
comment on function rollout.check_setting(text, jsonb, text) is
    'Raises RC001 with what to type unless this is a setting and a value that it can have: for a setting of one part '
    'a call of the same command, since who looks must not be told to change.';

create or replace function rollout.check_costs(name text, low numeric, high numeric, costs jsonb)
returns void
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    names constant text[] := array(
        select p.key from jsonb_each(rollout_host_processors()) p order by rollout.number_in(p.value, 'position'), 1);
    wrong text := case when jsonb_typeof(costs) <> 'object' or costs = '{}' then costs::text end;
begin
    if wrong is null then
        select format('%s: %s', c.key, c.value) into wrong
        from jsonb_each(costs) c
        where not rollout_host_processors() ? c.key or case jsonb_typeof(c.value)
            when 'number' then not (c.value #>> '{}')::numeric between low and high
            else c.value <> 'null' end;
    end if;
    if wrong is not null then
        raise exception '% has a number from % to % for one or more of %, not %; type for example '
            'rollout.configure(%={"%": 0.012})', name, low, to_char(high, 'FM999,999'), array_to_string(names, ', '),
            left(wrong, 60), name, names[1] using errcode = 'RC001';
    end if;
end $$;
comment on function rollout.check_costs(text, numeric, numeric, jsonb) is
    'Raises RC001 unless these are costs of processors, null for one that is to be unknown again.';

create or replace function rollout.check_criteria(criteria jsonb)
returns void
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    wrong text := case when jsonb_typeof(criteria) <> 'object' or criteria = '{}' then criteria::text end;
begin
    if wrong is null then
        select case when r.name is null then c.key
               else format('%s: %s (from %s to %s)', c.key, c.value, r.low, to_char(r.high, 'FM999,999,999')) end
        into wrong
        from jsonb_each(criteria) c
        left join rollout.criterion_ranges() r on r.name = c.key
        where r.name is null or case jsonb_typeof(c.value)
            when 'number' then not (c.value #>> '{}')::numeric between r.low and r.high
            else c.value <> 'null' end;
    end if;
    if wrong is not null then
        raise exception 'criteria has numbers for one or more of %, and None for what is to be the manual''s again, '
            'not %; type for example rollout.configure(criteria={"success_rate": 85})',
            (select string_agg(r.name, ', ') from rollout.criterion_ranges() r), left(wrong, 90)
            using errcode = 'RC001';
    end if;
end $$;
comment on function rollout.check_criteria(jsonb) is
    'R2: raises RC001 unless these are criteria, null for one that is to be the manual''s again.';

create or replace function rollout.costs(config rollout_configuration, kind text)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select jsonb_object_agg(p.name, case
            when rollout.number_in(config.metadata -> kind, p.name) between s.low and s.high
                then config.metadata -> kind -> p.name end)
        from jsonb_object_keys(rollout_host_processors()) p (name)
        join rollout.settings() s on s.name = kind);
end $$;
comment on function rollout.costs(rollout_configuration, text) is
    'The costs of a kind, cost_per_job or cost_per_minute, on each processor; null where it is not set.';

create or replace function rollout.own_criteria(config rollout_configuration)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select jsonb_object_agg(r.name, rollout.number_in(config.metadata -> 'criteria', r.name))
    from rollout.criterion_ranges() r
$$;
comment on function rollout.own_criteria(rollout_configuration) is
    'R2: the criteria of a rollout that are not the manual''s, null for those that are.';

create or replace function rollout.parts_of_setting(config rollout_configuration, name text)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select case
        when name in ('cost_per_job', 'cost_per_minute') then rollout.costs(config, name)
        when name = 'criteria' then rollout.own_criteria(config) end
$$;
comment on function rollout.parts_of_setting(rollout_configuration, text) is
    'What a setting of several parts is now, null for parts that are not set; null for a setting of one part.';

create or replace function rollout.with_settings(config rollout_configuration, settings jsonb, command text)
returns rollout_configuration
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    changed jsonb := to_jsonb(config);
    setting record;
    path text[];
begin
    for setting in select * from jsonb_each(settings) loop
        perform rollout.check_setting(setting.key, setting.value, command);
        path := rollout.setting_path(setting.key);
        changed := jsonb_set(changed, path, case
            -- of what is not named the parts stay
            when setting.key in ('cost_per_job', 'cost_per_minute', 'criteria')
                then jsonb_strip_nulls(rollout.parts_of_setting(config, setting.key) || setting.value)
            else setting.value end);
    end loop;
    return jsonb_populate_record(config, changed);
end $$;
comment on function rollout.with_settings(rollout_configuration, jsonb, text) is
    'A configuration with some settings changed, all of them checked before, for a command.';
