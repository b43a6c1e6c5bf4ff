-- R10: what the console shows of the history.

create or replace function public.rollout_list_history(
    feature_name text default 'hybrid_progressive_capture', max_rows integer default 20, before timestamptz default null
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config constant rollout_configuration := rollout.active(feature_name);
    wanted constant integer := rollout.within('limit', max_rows, 1, 1000, 'rollout.history(20)');
begin
    return jsonb_build_object('entries', coalesce((
        -- jsonb_agg would take the square of the length of a list that a change has moved
        select to_jsonb(array_agg(rollout.full_history_entry(h) order by h.created_at desc))
        from (
            select * from rollout_history x
            where x.rollout_config_id = config.id and x.created_at < coalesce(before, 'infinity')
              and rollout.is_told(x)
            order by x.created_at desc
            limit wanted) h), '[]'));
end $$;
comment on function public.rollout_list_history(text, integer, timestamptz) is
    'rollout.history(): the newest changes first, at most 1,000.';
