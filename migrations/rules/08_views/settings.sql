-- R8, R16 and R17: every setting with what it does, its default and its last change.

create or replace function public.rollout_list_settings(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config constant rollout_configuration := rollout.active(feature_name);
begin
    return jsonb_build_object('settings', (
        select jsonb_agg(jsonb_build_object(
            'name', s.name, 'value', case
                when s.name in ('cost_per_job', 'cost_per_minute', 'criteria')
                    then nullif(jsonb_strip_nulls(rollout.parts_of_setting(config, s.name)), '{}')
                else to_jsonb(config) #> rollout.setting_path(s.name) end, 'default', s.default_value, 'unit', s.unit,
            'choices', s.choices, 'meaning', s.meaning, 'changed', rollout.history_entry(h)) order by s.position)
        from rollout.settings() s
        left join lateral (
            select * from rollout_history x
            where x.rollout_config_id = config.id and rollout.is_recorded(x.metadata)
              and (x.metadata ->> 'command' in ('configure', 'undo') or x.metadata ? 'outside_console')
              and (x.metadata -> 'before') #> rollout.setting_path(s.name)
                  is distinct from (x.metadata -> 'after') #> rollout.setting_path(s.name)
            order by x.created_at desc limit 1) h on true));
end $$;
comment on function public.rollout_list_settings(text) is
    'rollout.configure() without arguments: every setting, what it does, its default, and its last change.';
