-- R10, R19: the history row of a change to long lists holds what differs, not ten thousand entries twice. Its
-- metadata.differences names the fields of which that is so; older rows and those of short lists hold both whole.

create or replace function rollout.list_differences(was rollout_configuration, became rollout_configuration)
returns table (field text, before jsonb, after jsonb)
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select l.field, to_jsonb(array(select unnest(l.was) except select unnest(l.became))),
           to_jsonb(array(select unnest(l.became) except select unnest(l.was)))
    from (
        values ('target_repositories', was.target_repositories, became.target_repositories),
               ('excluded_repositories', was.excluded_repositories, became.excluded_repositories)
    ) l (field, was, became)
    where l.was is distinct from l.became
    union all
    select 'whitelist_until', coalesce(jsonb_object_agg(key, o.value) filter (where o.value is not null), '{}'),
           coalesce(jsonb_object_agg(key, n.value) filter (where n.value is not null), '{}')
    from jsonb_each(was.whitelist_until) o full join jsonb_each(became.whitelist_until) n using (key)
    where o.value is distinct from n.value
    having count(*) > 0
$$;
comment on function rollout.list_differences(rollout_configuration, rollout_configuration) is
    'R10: of each list that a change touches, the entries that it took away and those that it added.';

create or replace function rollout.whole_before(config rollout_configuration, entry rollout_history)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select (entry.metadata -> 'before') || coalesce(jsonb_object_agg(d.field, case jsonb_typeof(d.present)
        when 'object' then d.present - array(select jsonb_object_keys(d.after)) || d.before
        else coalesce((
            select jsonb_agg(p.value order by p.position)
            from jsonb_array_elements(d.present) with ordinality p (value, position)
            where not d.after @> p.value), '[]') || d.before end), '{}')
    from (
        select f.field, to_jsonb(config) -> f.field as present, entry.metadata -> 'before' -> f.field as before,
               entry.metadata -> 'after' -> f.field as after
        from jsonb_array_elements_text(entry.metadata -> 'differences') f (field)
    ) d
$$;
comment on function rollout.whole_before(rollout_configuration, rollout_history) is
    'R19: the fields of a change as they were before it, lists whole: without what it added, with what it took away.';

create or replace function rollout.whole_after(config rollout_configuration, entry rollout_history)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    -- A list is as the change left it if nothing has changed it since; else it is what no list can be.
    select (entry.metadata -> 'after') || coalesce(jsonb_object_agg(f.field, case when exists (
        select from rollout_history h
        where h.rollout_config_id = entry.rollout_config_id and h.created_at > entry.created_at
          and h.metadata -> 'after' ? f.field) then 'null' else to_jsonb(whole_after.config) -> f.field end), '{}')
    from jsonb_array_elements_text(entry.metadata -> 'differences') f (field)
$$;
comment on function rollout.whole_after(rollout_configuration, rollout_history) is
    'R19: the fields of a change as it left them, lists whole; null for a list that has been changed since.';
