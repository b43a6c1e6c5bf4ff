-- R3: what keeps categories up to date without anybody typing categorizeAll(): the monitor, or a line of pg_cron,
-- calls rollout_catch_up(), a bounded batch each time.

create or replace function rollout.next_to_categorize(after uuid, batch_size integer)
returns table (repository_id uuid, in_turn boolean)
language sql stable
set search_path = pg_catalog, public, pg_temp
set jit = off
as $$
    -- New ones first and those whose stars have changed, which costs no look at pull requests. Pull requests are looked
    -- at in turn: the rest of the batch goes on where the last one ended.
    with due as materialized (
        select h.id
        from rollout_host_repositories h
        left join repository_categories k on k.repository_id = h.id
        where k.repository_id is null or not k.pinned_as_test and k.star_count is distinct from h.star_count
        order by k.repository_id is not null, h.id
        limit next_to_categorize.batch_size
    )
    select d.id, false from due d
    union all
    (select h.id, true
     from rollout_host_repositories h
     where next_to_categorize.after is null or h.id > next_to_categorize.after
     order by h.id
     limit greatest(0, next_to_categorize.batch_size - (select count(*) from due)))
$$;
comment on function rollout.next_to_categorize(uuid, integer) is
    'R3: the repositories that a batch brings up to date: new and changed ones, then others in turn.';

create or replace function rollout.forget_gone(batch_size integer)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    if to_regclass('public.repositories') is null then  -- else its foreign key sees to it
        delete from repository_categories k
        where k.id = any (array(
            select c.id from repository_categories c
            where not exists (select from rollout_host_repositories h where h.id = c.repository_id)
            limit batch_size));
    end if;
end $$;
comment on function rollout.forget_gone(integer) is
    'R3: removes categories of what another host has deleted, at most so many.';

create or replace function public.rollout_catch_up(
    batch_size integer default 2000, feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout.active(feature_name);
    bound constant integer := rollout.within('batch_size', batch_size, 1, 100000, 'rollout-console monitor --once');
    operation constant uuid := (rollout.given(context, 'object', 'context') ->> 'operation_id')::uuid;
    place rollout.categorization_state;
    batch record;
    moves jsonb;
    answer jsonb;
begin
    insert into rollout.categorization_state default values on conflict do nothing;
    -- One at a time: whoever comes second goes on where the first ends.
    select * into place from rollout.categorization_state s for update;
    if place.last_operation = operation then
        return place.last_answer;  -- it was lost, and the caller retries
    end if;
    select coalesce(array_agg(distinct n.repository_id), '{}') as ids,
           (array_agg(n.repository_id order by n.repository_id desc) filter (where n.in_turn))[1] as last,
           count(*) as size
    into batch
    from rollout.next_to_categorize(place.position, bound) n;
    perform rollout.refuse_to_expose(feature_name, context, batch.ids);

    select coalesce(
        jsonb_object_agg(c.was || ' → ' || c.became, c.repositories) filter (where c.repositories > 0), '{}')
    into moves
    from rollout.categorize(batch.ids) c;
    if moves <> '{}' then
        perform rollout.write_history(
            config, coalesce(rollout.given(context, 'object', 'context'), '{}') || jsonb_build_object(
                'command', 'catchUp', 'reason', 'new and changed repositories categorized'),
            config.rollout_percentage, '{}', jsonb_build_object('transitions', moves));
    end if;
    perform rollout.forget_gone(bound);  -- last: it locks the counters, and nobody writes what is gone
    answer := jsonb_build_object(
        'processed', cardinality(batch.ids), 'transitions', moves, 'uncategorized', rollout.count_uncategorized());
    -- A batch that was not filled has come to the end: the next begins again.
    update rollout.categorization_state s
    set position = case when batch.size = bound then coalesce(batch.last, place.position) end,
        last_operation = operation, last_answer = answer
    where s.only_row;
    return answer;
end $$;
comment on function public.rollout_catch_up(integer, text, jsonb) is
    'R3: brings new and changed repositories up to date, at most batch_size; a history row if a category has changed.';
