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

create or replace function rollout.outcome_id(job uuid, metadata jsonb, status text, completed_at timestamptz)
returns text
language sql immutable
set search_path = pg_catalog, public, pg_temp
set timezone = 'UTC'  -- one outcome has one id, whichever session asks
set datestyle = 'ISO'
as $$ select concat_ws(':', job, left(metadata ->> 'retry_count', 20), status, completed_at) $$;
comment on function rollout.outcome_id(uuid, jsonb, text, timestamptz) is
    'R16: one id for each outcome: a job that is retried has several, and a lost retry_count leaves their times.';

create or replace function rollout.job_followed()
returns trigger
language plpgsql security definer  -- whoever may write the host's table
set search_path = pg_catalog, public, pg_temp
set lock_timeout = '100ms'
as $$
#variable_conflict use_variable
declare
    began timestamptz;
    seconds numeric;
    outcome rollout.report;
    replaced rollout.reported_jobs;
    config rollout_configuration;
begin
    -- Of the rows of one statement those that follow a lock do not wait for it once more.
    if current_setting('rollout.follow_gave_up', true) = statement_timestamp()::text then
        raise lock_not_available using message = 'another row of the statement met a lock';
    end if;
    -- Not in the declarations, whose errors are none of this block.
    began := coalesce(new.started_at, new.created_at);
    seconds := case
        when new.completed_at >= new.started_at then extract(epoch from new.completed_at - new.started_at) end;
    if not rollout_host_processors() ? new.processor_type then
        return null;  -- it is shown by rollout.jobs(), and of no arm
    end if;
    for config in
        select * from rollout_configuration c
        where c.is_active and c.follow_jobs and (new.job_type = any (c.ignored_job_types)) is not true
    loop
        config := rollout.usable(config);
        outcome := row(
            new.repository_id, new.processor_type, new.status = 'completed', seconds, new.error, began,
            rollout.outcome_id(new.id, new.metadata, new.status, new.completed_at),
            rollout.flag_in(new.metadata, 'rollout_applied'),
            1,
            -- One that began before the window, and is cleaned away now, says nothing of the present.
            case when began < rollout.window_start(config) then began end, null, null)::rollout.report;
        if rollout.report_fault(outcome.processor, true, seconds, outcome.job_id) is not null then
            raise exception '%', rollout.report_fault(outcome.processor, true, seconds, outcome.job_id);
        end if;
        if old.status in ('completed', 'failed') then  -- straight from one outcome to another: no retry
            delete from rollout.reported_jobs j
            where j.rollout_config_id = config.id
              and j.job_id = rollout.outcome_id(old.id, old.metadata, old.status, old.completed_at)
            returning * into replaced;
            if replaced.counted_at is not null then
                perform set_config('rollout.reporting', 'on', true);
                perform rollout.add_report(config, row(
                    old.repository_id, old.processor_type, old.status = 'completed', case
                        when old.completed_at >= old.started_at
                            then extract(epoch from old.completed_at - old.started_at) end,
                    old.error, coalesce(old.started_at, old.created_at), null, null, 1, replaced.counted_at, null,
                    replaced.arm)::rollout.report, -1);
            end if;
        end if;
        perform rollout.count_report(config, outcome, 'follow_jobs', false);
    end loop;
    return null;
exception when others then  -- the host's job ends whatever happens here
    if sqlstate = '55P03' then
        perform set_config('rollout.follow_gave_up', statement_timestamp()::text, true);
    end if;
    perform rollout.note_follow_error(left(sqlerrm, 500));
    return null;
end $$;
comment on function rollout.job_followed() is
    'Trigger on the host''s table of jobs, R16: records the outcome of a job, with its real duration and its arm, in '
    'the place of an outcome that it replaces. Waits for nobody.';

create or replace function rollout.note_follow_error(why text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    update rollout.follow_errors e
    set failures = e.failures + 1, failed_at = clock_timestamp(), message = why
    where e.ctid = (select o.ctid from rollout.follow_errors o limit 1 for update skip locked);
    if not found then
        insert into rollout.follow_errors (failures, failed_at, message) values (1, clock_timestamp(), why)
        on conflict do nothing;
    end if;
exception when others then
    null;
end $$;
comment on function rollout.note_follow_error(text) is
    'R16: counts an outcome that could not be recorded, unless another session is doing so at this moment.';
