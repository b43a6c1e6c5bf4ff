create or replace function public.rollout_metrics_counted()
returns trigger
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    entry constant rollout_metrics := coalesce(new, old);
    config rollout_configuration;
    at timestamptz;
    d_jobs bigint := 0;
    d_errors bigint := 0;
    d_successes bigint := 0;
    d_timed bigint := 0;
    d_seconds numeric := 0;
    slot_jobs bigint;
begin
    select * into config from rollout_configuration c where c.id = entry.rollout_config_id;
    if not found then
        return null;
    end if;

    if tg_op <> 'DELETE' then
        select d_jobs + j.jobs, d_errors + j.errors, d_successes + j.successes, d_timed + j.timed, d_seconds + j.seconds
        into d_jobs, d_errors, d_successes, d_timed, d_seconds from rollout_metrics_tally(new) j;
    end if;
    if tg_op <> 'INSERT' then
        select d_jobs - j.jobs, d_errors - j.errors, d_successes - j.successes, d_timed - j.timed, d_seconds - j.seconds
        into d_jobs, d_errors, d_successes, d_timed, d_seconds from rollout_metrics_tally(old) j;
    end if;
    if (d_jobs, d_errors, d_successes, d_timed, d_seconds) = (0, 0, 0, 0, 0) then
        return null;
    end if;

    -- Jobs belong to the moment they are reported: to the end of their window if that has passed
    -- when the row is first written (an import), and before all time when a row is deleted, so
    -- that the sum over all slots stays the sum over all rows while no window sees the removal.
    at := case
        when tg_op = 'DELETE' then '-infinity'
        when tg_op = 'INSERT' and new.metrics_window_end < now() then new.metrics_window_end
        else greatest(clock_timestamp(), config.restarted_at)  -- a clock set back must not blind the breaker
    end;
    -- A slot never spans a restart.
    insert into rollout_job_counts as c (
        rollout_config_id, slot_start, processor_type, shard, jobs, errors, successes, timed_jobs, processing_seconds)
    values (
        config.id,
        case
            when at = '-infinity' then at
            else greatest(
                rollout_slot_start(config, at),
                case when at >= config.restarted_at then config.restarted_at end)
        end,
        entry.processor_type, pg_backend_pid() % 4, d_jobs, d_errors, d_successes, d_timed, d_seconds)
    on conflict (rollout_config_id, slot_start, processor_type, shard) do update set
        jobs = c.jobs + excluded.jobs,
        errors = c.errors + excluded.errors,
        successes = c.successes + excluded.successes,
        timed_jobs = c.timed_jobs + excluded.timed_jobs,
        processing_seconds = c.processing_seconds + excluded.processing_seconds
    returning c.jobs into slot_jobs;

    -- A failure can cross the threshold; a success only by completing the minimum sample, which
    -- it can't if its slot alone already holds more.
    if d_errors > 0 or (d_jobs > 0 and slot_jobs <= config.minimum_sample) then
        perform rollout_trip_breaker(config.id, jsonb_build_object('command', 'record_rollout_job'));
    end if;
    return null;
end $$;
comment on function public.rollout_metrics_counted() is
    'Trigger on rollout_metrics, R7 and R8: carries every report, ours or the application''s, into the window and trips the breaker.';

create or replace trigger rollout_metrics_counted after insert or update or delete on public.rollout_metrics
    for each row execute function public.rollout_metrics_counted();

create or replace function public.rollout_metrics_tally(
    entry rollout_metrics,
    out jobs bigint, out errors bigint, out successes bigint, out timed bigint, out seconds numeric
)
language sql immutable
as $$
    select
        greatest(coalesce(entry.total_jobs, 0), coalesce(entry.success_count, 0) + coalesce(entry.error_count, 0)),
        coalesce(entry.error_count, 0),
        coalesce(entry.success_count, 0),
        -- the application keeps an average over all jobs of its row instead of a sum
        coalesce(entry.timed_jobs, case when entry.average_processing_time is null then 0 else entry.total_jobs end, 0),
        coalesce(entry.processing_seconds,
            case when entry.timed_jobs is null then entry.average_processing_time * entry.total_jobs end, 0)
$$;
comment on function public.rollout_metrics_tally(rollout_metrics) is
    'What a row of rollout_metrics counts, whether record_rollout_job or the application wrote it.';

create or replace function public.record_rollout_job(
    repo_id uuid, processor text, success boolean,
    processing_seconds numeric default null, error_message text default null,
    feature_name text default 'hybrid_progressive_capture'
)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration := rollout_active(feature_name);
    window_start timestamptz;
    failed constant integer := case when success then 0 else 1 end;
begin
    if processor is null or processor not in ('inngest', 'github_actions') then
        raise exception 'processor must be inngest or github_actions, not %', coalesce(quote_literal(left(processor, 50)), 'null')
            using errcode = '22023';
    elsif success is null then
        raise exception 'success must be true or false, not null' using errcode = '22023';
    elsif not coalesce(processing_seconds between 0 and 1e8, processing_seconds is null) then
        raise exception 'processing_seconds must be a number of seconds from 0 to 100,000,000, or null' using errcode = '22023';
    end if;
    window_start := date_bin(make_interval(hours => config.monitoring_window_hours), now(), 'epoch');
    insert into rollout_metrics as m (
        rollout_config_id, repository_id, processor_type, success_count, error_count, total_jobs,
        average_processing_time, last_error_message, last_error_at, metrics_window_start, metrics_window_end,
        timed_jobs, processing_seconds)
    values (
        config.id, repo_id, processor, 1 - failed, failed, 1,
        processing_seconds, case when not success then left(error_message, 2000) end, case when not success then now() end,
        window_start, window_start + make_interval(hours => config.monitoring_window_hours),
        case when processing_seconds is null then 0 else 1 end, coalesce(processing_seconds, 0))
    on conflict (rollout_config_id, repository_id, processor_type, metrics_window_start) where timed_jobs is not null
    do update set
        success_count = m.success_count + excluded.success_count,
        error_count = m.error_count + excluded.error_count,
        total_jobs = m.total_jobs + 1,
        average_processing_time = (m.processing_seconds + excluded.processing_seconds)
            / nullif(m.timed_jobs + excluded.timed_jobs, 0),
        last_error_message = coalesce(excluded.last_error_message, m.last_error_message),
        last_error_at = coalesce(excluded.last_error_at, m.last_error_at),
        timed_jobs = m.timed_jobs + excluded.timed_jobs,
        processing_seconds = m.processing_seconds + excluded.processing_seconds,
        updated_at = now();
end $$;
comment on function public.record_rollout_job(uuid, text, boolean, numeric, text, text) is
    'R8: reports one finished job. The job that crosses the threshold trips the breaker in its own transaction.';

-- Practice traffic for the fire drill, on sample data only.

create or replace function public.rollout_simulate(
    jobs integer default 200, error_rate double precision default 2,
    feature_name text default 'hybrid_progressive_capture', context jsonb default '{}'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration := rollout_active(feature_name);
    eligible uuid[];
    sent integer := 0;
    failed integer := 0;
    success boolean;
    rolled_back boolean := false;
begin
    if config.metadata -> 'sample' is distinct from 'true' then
        raise exception 'simulate works on the sample data of the local practice database only; nothing was done; try it there: rollout.simulate() without SUPABASE_URL and ROLLOUT_DATABASE_URL'
            using errcode = '55000';
    elsif (jobs between 1 and 10000) is not true or (error_rate between 0 and 100) is not true then
        raise exception 'simulate takes 1 to 10,000 jobs and an error rate of 0 to 100 %%; type for example rollout.simulate(200, 20)'
            using errcode = '22023';
    end if;
    eligible := array(
        select k.repository_id from repository_categories k
        where is_repository_eligible_for_rollout(k.repository_id, config.feature_name)
        order by random() limit 500);
    if cardinality(eligible) = 0 then
        raise exception 'no repository is in, so there is no traffic; to let some in, type rollout.setRollout(10) or rollout.resume()'
            using errcode = '55000';
    end if;
    -- Errors spread evenly, so that a rate below the threshold stays below it on the way.
    while sent < jobs and not rolled_back loop
        sent := sent + 1;
        success := floor(sent * error_rate / 100) = floor((sent - 1) * error_rate / 100);
        failed := failed + case when success then 0 else 1 end;
        perform record_rollout_job(
            eligible[1 + floor(random() * cardinality(eligible))::integer],
            case when sent % 3 = 0 then 'inngest' else 'github_actions' end, success,
            case when sent % 3 = 0 then 20 + random() * 60 else 800 + random() * 3000 end::numeric,
            case when not success then 'simulated: GitHub API rate limit exceeded' end, config.feature_name);
        rolled_back := config.rollout_percentage > 0 and not success and exists (
            select from rollout_configuration c where c.id = config.id and c.rollout_percentage = 0);
    end loop;
    return jsonb_build_object(
        'jobs', sent, 'errors', failed, 'rolled_back', rolled_back, 'status', rollout_status(config.feature_name));
end $$;
comment on function public.rollout_simulate(integer, double precision, text, jsonb) is
    'rollout.simulate(): practice jobs from eligible repositories until the breaker trips; refused on anything but the sample data.';
