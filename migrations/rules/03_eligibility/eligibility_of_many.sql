-- R1 for many repositories in one call: rollout.decide over a set. tests/rules/test_eligible_repositories.py proves
-- that the two agree, for every rule; a change of one is a change of the other.

create or replace function rollout.eligible_of(ids uuid[], feature text)
returns uuid[]
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config record;
begin
    select c.id, c.rollout_percentage as percentage, c.rollout_strategy as strategy, c.emergency_stop
    into config
    from rollout_configuration c where c.feature_name = feature and c.is_active;
    if config.percentage is null or config.emergency_stop then
        return '{}';
    end if;
    return array(
        select i.id
        from unnest(ids) with ordinality i (id, position)
        left join rollout.list_entries e on e.rollout_config_id = config.id and e.repository_id = i.id
        left join repository_categories k on k.repository_id = i.id
        left join rollout.category_counts a on a.feature_name = feature and a.category = k.category
        where i.id is not null and case
            when e.blacklisted then false
            when e.whitelisted and (e.until > now()) is not false then true
            when config.strategy = 'whitelist' or config.percentage = 0 then false
            when config.percentage = 100 then true
            else rollout.bucket(feature, i.id) < case config.strategy when 'percentage' then config.percentage * 100
                                                      else a.cutoff end
        end
        order by i.position);
end $$;
comment on function rollout.eligible_of(uuid[], text) is
    'R1: those of these repositories that rollout.decide finds eligible.';

create or replace function public.rollout_eligible_repositories(
    ids uuid[], feature_name text default 'hybrid_progressive_capture'
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    asked constant uuid[] := coalesce(ids, '{}');
    eligible uuid[] := '{}';
    id uuid;
begin
    perform rollout.within('ids', cardinality(asked), 0, 100000, 'client.eligible_repositories(ids)');
    if rollout.decided_by() <> 'host' then
        return to_jsonb(rollout.eligible_of(asked, feature_name));
    end if;
    foreach id in array asked loop
        if rollout.is_let_in(id, feature_name) then
            eligible := eligible || id;
        end if;
    end loop;
    return to_jsonb(eligible);
end $$;
comment on function public.rollout_eligible_repositories(uuid[], text) is
    'R1, R11: those of up to 100,000 repositories that is_repository_eligible_for_rollout lets in, in their order; of '
    'the host''s own decision, which is asked one by one, too.';
