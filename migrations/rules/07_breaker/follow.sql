-- R16: following the host's table of jobs. While follow_jobs is on, a trigger on it records each outcome as it happens.

create or replace function rollout.follow_as_configured()
returns trigger
language plpgsql security definer  -- a trigger on the host's table is its owner's to create
set search_path = pg_catalog, public, pg_temp
set lock_timeout = '4s'
as $$
#variable_conflict use_variable
begin
    if rollout.followed_table() is null then
        if new.is_active and new.follow_jobs then
            raise exception 'there is no table progressive_capture_jobs to follow; nothing was changed; to see what is '
                'known of the jobs, type rollout.jobs()' using errcode = 'RC002';
        end if;
    elsif exists (select from rollout_configuration c where c.is_active and c.follow_jobs) then
        create or replace trigger rollout_follow_jobs after update on public.progressive_capture_jobs
            for each row when (new.status is distinct from old.status and new.status in ('completed', 'failed'))
            execute function rollout.job_followed();
    else
        drop trigger if exists rollout_follow_jobs on public.progressive_capture_jobs;
    end if;
    return null;
end $$;
comment on function rollout.follow_as_configured() is
    'Trigger, R16: puts the trigger on the host''s table, or takes it off, as follow_jobs says.';
create or replace trigger rollout_follow_as_configured after update on public.rollout_configuration
    for each row when ((new.follow_jobs, new.is_active) is distinct from (old.follow_jobs, old.is_active)
                       and (new.follow_jobs or old.follow_jobs))
    execute function rollout.follow_as_configured();

create or replace function rollout.job_followed()
returns trigger
language plpgsql security definer  -- whoever may write the host's table
set search_path = pg_catalog, public, pg_temp
set lock_timeout = '2s'
as $$
#variable_conflict use_variable
begin
    -- One id for each outcome: a job that is retried has several, and a lost retry_count leaves their times.
    perform record_rollout_job(
        new.repository_id, new.processor_type, new.status = 'completed',
        case when new.completed_at >= new.started_at then extract(epoch from new.completed_at - new.started_at) end,
        new.error, c.feature_name, coalesce(new.started_at, new.created_at),
        concat_ws(':', new.id, left(new.metadata ->> 'retry_count', 20), new.status, new.completed_at),
        case when jsonb_typeof(new.metadata -> 'rollout_applied') = 'boolean'
            then (new.metadata ->> 'rollout_applied')::boolean end)
    from rollout_configuration c
    where c.is_active and c.follow_jobs;
    return null;
exception when others then  -- the host's job ends whatever happens here
    begin
        insert into rollout.follow_errors as e (failures, failed_at, message)
        values (1, clock_timestamp(), left(sqlerrm, 500))
        on conflict (only_row) do update
        set failures = e.failures + 1, failed_at = excluded.failed_at, message = excluded.message;
    exception when others then
        null;
    end;
    return null;
end $$;
comment on function rollout.job_followed() is
    'Trigger on the host''s table of jobs, R16: records the outcome of a job, with its real duration and its arm.';
