-- A database of the development versions before this layout: their migrations leave the ledger, their functions
-- are dropped, since names, arguments and results have changed, and the rules create the present ones.
do $$
declare
    signature regprocedure;
begin
    if to_regclass('supabase_migrations.schema_migrations') is null then
        return;
    end if;
    delete from supabase_migrations.schema_migrations
    where version in (
        '20261123000100', '20261123000200', '20261123000250', '20261123000300', '20261123000400', '20261123000500',
        '20261123000600', '20261123000650', '20261123000700', '20261123000800', '20261123000850', '20261123000860',
        '20261123000870', '20261123000900');
    if not found then
        return;
    end if;
    for signature in
        select p.oid::regprocedure from pg_proc p
        where p.pronamespace = 'public'::regnamespace and p.proname like 'rollout\_%'
          and p.prorettype <> 'trigger'::regtype  -- those are in use by triggers, and replaced in place
    loop
        execute format('drop function %s', signature);
    end loop;
    alter table if exists public.rollout_admission rename to rollout_category_counts;
    alter table if exists public.rollout_category_counts rename column admitted to eligible;
    alter index if exists public.rollout_admission_pkey rename to rollout_category_counts_pkey;
    drop function if exists public.record_rollout_job(uuid, text, boolean, numeric, text, text);

    alter table public.rollout_configuration alter column minimum_sample drop default;

    -- Jobs were counted without their arm: of the jobs on Inngest nobody knows it any more.
    drop index if exists public.rollout_metrics_recorded_window;
    alter table public.rollout_job_counts
        add column treated boolean not null default false,
        add column leaks bigint not null default 0,
        add column last_leak_at timestamptz,
        add column recorded bigint not null default 0,
        add column clock_skew double precision,
        drop constraint rollout_job_counts_pkey;
    update public.rollout_job_counts set treated = true where processor_type = 'github_actions';
    alter table public.rollout_job_counts
        alter column treated drop default,
        add primary key (rollout_config_id, slot_start, processor_type, treated, shard);
    -- And the application's average of 0 seconds was counted as a time that is known.
    update public.rollout_job_counts set timed_jobs = 0 where processing_seconds = 0;
    insert into public.rollout_job_counts (
        rollout_config_id, slot_start, processor_type, treated, shard, jobs, errors, successes, timed_jobs,
        processing_seconds)
    select m.id, '-infinity', m.processor_type, m.processor_type = 'github_actions', -1, 0, 0, 0,
           m.known - coalesce(sum(c.timed_jobs), 0), 0
    from (
        select rollout_config_id as id, processor_type,
               sum(coalesce(timed_jobs, case when average_processing_time > 0 then total_jobs else 0 end)) as known
        from public.rollout_metrics
        group by 1, 2
    ) m
    join public.rollout_configuration config on config.id = m.id
    left join public.rollout_job_counts c on c.rollout_config_id = m.id and c.processor_type = m.processor_type
    group by m.id, m.processor_type, m.known;  -- in the shard of adopted rows: these are counted
end $$;
