-- R7: folds what reports have added into slots of time and kinds of errors. Now and then a report does it, so that no
-- process has to run; sums are the same before and after.

create or replace function rollout.fold_deltas()
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    limits constant record := rollout.report_limits();
    folder smallint;
    alone boolean;
    item record;
begin
    -- A row that was folded since a snapshot that is kept can't be deleted.
    if rollout.snapshot_is_kept() then
        return;
    end if;
    -- Whoever folds has rows of slots and kinds to itself until its transaction ends, however long that takes.
    select f into folder from generate_series(1, limits.folders) f
    where pg_try_advisory_xact_lock(hashtextextended('rollout.fold_deltas ' || f, 0))
    limit 1;
    if folder is null then
        return;
    end if;
    with gone as (
        delete from rollout.job_deltas d
        where d.ctid = any (array(
            select o.ctid from rollout.job_deltas o limit limits.most_folded for update skip locked))
        returning d.*
    )
    insert into rollout.job_counts as c
    select g.rollout_config_id, g.slot_start, g.processor_type, folder, sum(g.jobs), sum(g.errors), sum(g.successes),
           sum(g.timed_jobs), sum(g.processing_seconds), g.treated, sum(g.leaks), max(g.last_leak_at), sum(g.recorded),
           (array_agg(g.clock_skew) filter (where g.clock_skew is not null))[1]
    from gone g group by 1, 2, 3, g.treated
    on conflict (rollout_config_id, slot_start, processor_type, treated, shard) do update set
        jobs = c.jobs + excluded.jobs,
        errors = c.errors + excluded.errors,
        successes = c.successes + excluded.successes,
        timed_jobs = c.timed_jobs + excluded.timed_jobs,
        processing_seconds = c.processing_seconds + excluded.processing_seconds,
        leaks = c.leaks + excluded.leaks,
        last_leak_at = greatest(excluded.last_leak_at, c.last_leak_at),
        recorded = c.recorded + excluded.recorded,
        clock_skew = coalesce(excluded.clock_skew, c.clock_skew);
    -- Whoever is alone with it adds new kinds, so that there is no room for the last one twice.
    alone := pg_try_advisory_xact_lock(hashtextextended('rollout.fold_deltas kinds', 0));
    for item in
        with gone as (
            delete from rollout.error_deltas d
            where d.ctid = any (array(
                select o.ctid from rollout.error_deltas o
                where alone or exists (
                    select from rollout.error_kinds k
                    where k.rollout_config_id = o.rollout_config_id and k.kind = o.kind)
                limit limits.most_folded for update skip locked))
            returning d.*
        )
        select c as config, array_agg(row(g.*)::rollout.error_deltas) as deltas
        from gone g join rollout_configuration c on c.id = g.rollout_config_id
        group by c
    loop
        perform rollout.fold_errors(item.config, item.deltas, folder);
    end loop;
end $$;
comment on function rollout.fold_deltas() is
    'R7: adds a bounded number of deltas to the rows of slots and kinds of one of those who may fold at a time.';

create or replace function rollout.fold_errors(
    config rollout_configuration, deltas rollout.error_deltas[], folder smallint
)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    most constant integer := (rollout.error_limits()).repositories;
    room integer := 0;
begin
    if exists (select from unnest(deltas) d where d.kind not in (
            select k.kind from rollout.error_kinds k where k.rollout_config_id = config.id)) then
        room := rollout.room_for_kinds(config);
    end if;
    with placed as (
        select d.*, d.is_new and room < dense_rank() over (
            partition by d.is_new order by d.of_kind desc, d.kind) as is_one_too_many
        from (
            select u.*, sum(u.errors) over (partition by u.kind) as of_kind,
                   u.kind not in (
                       select k.kind from rollout.error_kinds k where k.rollout_config_id = config.id) as is_new
            from unnest(deltas) u
        ) d
    ), counted as (  -- a flood of kinds is one kind before anything else is done with it
        select case when p.is_one_too_many then '' else p.kind end as kind, p.processor_type, p.treated, p.errors,
               p.failed_at, p.percentage, p.sample, p.repositories
        from placed p
    ), named as (
        select o.kind, o.processor_type, o.treated, (array_agg(distinct r))[:most] as repositories
        from counted o, unnest(o.repositories) r group by 1, 2, 3
    )
    insert into rollout.error_kinds as k
    select config.id, o.kind, o.processor_type, o.treated, folder, sum(o.errors),
           -- An error of a job that began before the restart counts for no health (R7).
           coalesce(sum(o.errors) filter (where (o.failed_at < config.restarted_at) is not true), 0),
           config.restarted_at, min(o.failed_at), (array_agg(o.percentage order by o.failed_at))[1],
           max(o.failed_at), (array_agg(o.sample order by o.failed_at))[1], coalesce(n.repositories, '{}')
    from counted o left join named n using (kind, processor_type, treated)
    group by o.kind, o.processor_type, o.treated, n.repositories
    on conflict (rollout_config_id, kind, processor_type, treated, shard) do update set
        errors = k.errors + excluded.errors,
        judged_errors = excluded.judged_errors
            + case when k.judged_since is not distinct from config.restarted_at then k.judged_errors else 0 end,
        judged_since = config.restarted_at,
        last_seen_at = greatest(k.last_seen_at, excluded.last_seen_at),
        repositories = case
            when cardinality(k.repositories) >= most then k.repositories
            else (k.repositories || array(
                select f from unnest(excluded.repositories) f where f <> all (k.repositories)))[:most]
        end;
end $$;
comment on function rollout.fold_errors(rollout_configuration, rollout.error_deltas[], smallint) is
    'R8: counts failed jobs into their kinds of errors. Of the new ones the most frequent are kept, as far as there is '
    'room, and the others as one.';
