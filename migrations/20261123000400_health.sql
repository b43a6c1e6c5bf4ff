-- R7 and R8: what a window of jobs says, and the breaker that acts on it.

create or replace function public.rollout_wilson(events bigint, trials bigint, out low numeric, out high numeric)
language sql immutable parallel safe
as $$
    select
        case when trials > 0 then round((100 * greatest(0, (p + z2 / (2 * n) - spread) / (1 + z2 / n)))::numeric, 2) end,
        case when trials > 0 then round((100 * least(1, (p + z2 / (2 * n) + spread) / (1 + z2 / n)))::numeric, 2) end
    from (select events::float8 / nullif(trials, 0) as p, nullif(trials, 0)::float8 as n, 1.959964 ^ 2 as z2) s
    cross join lateral (select 1.959964 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) as spread) w
$$;
comment on function public.rollout_wilson(bigint, bigint) is
    'R7: the 95 % confidence interval (Wilson) of a rate, in percent; null without trials.';

create or replace function public.rollout_window_start(config rollout_configuration)
returns timestamptz
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select greatest(
        clock_timestamp() - make_interval(hours => config.monitoring_window_hours), config.restarted_at)
$$;
comment on function public.rollout_window_start(rollout_configuration) is
    'R7: the window reaches monitoring_window_hours back, but never past the last restart.';

create or replace function public.rollout_window(config rollout_configuration)
returns rollout_job_counts[]
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    -- as an array, so that a report sums the slots once and each of its parts reads the sums
    select array(
        select (config.id, min(c.slot_start), c.processor_type, 0, sum(c.jobs), sum(c.errors), sum(c.successes),
                sum(c.timed_jobs), sum(c.processing_seconds))::rollout_job_counts
        from rollout_job_counts c
        where c.rollout_config_id = config.id and c.slot_start >= rollout_window_start(config)
        group by c.processor_type
        order by c.processor_type)
$$;
comment on function public.rollout_window(rollout_configuration) is 'R7: the jobs inside the window, a row for each processor.';

create or replace function public.rollout_health(config rollout_configuration, seen rollout_job_counts[])
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    jobs bigint;
    errors bigint;
    successes bigint;
    breach boolean;
    window_start constant timestamptz := rollout_window_start(config);
    interval_95 record;
begin
    -- The web application's own writes can take back counts; a sum is never below nothing.
    select greatest(coalesce(sum(w.jobs), 0), 0), greatest(coalesce(sum(w.errors), 0), 0),
           greatest(coalesce(sum(w.successes), 0), 0)
    into jobs, errors, successes
    from unnest(seen) w;
    breach := jobs >= config.minimum_sample and errors * 100 > config.max_error_rate * jobs;
    interval_95 := rollout_wilson(least(errors, jobs), jobs);
    return jsonb_build_object(
        'window_hours', config.monitoring_window_hours,
        'window_start', window_start,
        'since_restart', coalesce(window_start = config.restarted_at, false),
        'jobs', jobs,
        'errors', errors,
        'successes', successes,
        'error_rate', round(errors * 100.0 / nullif(jobs, 0), 4),
        'error_rate_low', interval_95.low,
        'error_rate_high', interval_95.high,
        'success_rate', round(successes * 100.0 / nullif(jobs, 0), 4),
        'max_error_rate', config.max_error_rate,
        'minimum_sample', config.minimum_sample,
        'breach', breach,
        'verdict', case
            when jobs = 0 then 'no_data'
            when breach then 'breach'
            when jobs < config.minimum_sample then 'small_sample'
            else 'healthy'
        end);
end $$;
comment on function public.rollout_health(rollout_configuration, rollout_job_counts[]) is
    'R7: rates over the window, which the caller has from rollout_window, with their interval, and whether they are a breach: rate strictly above max_error_rate with at least minimum_sample jobs.';

create or replace function public.rollout_health(config rollout_configuration)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$ select rollout_health(config, rollout_window(config)) $$;
comment on function public.rollout_health(rollout_configuration) is 'R7: the health of a rollout now.';

create or replace function public.rollout_trip_breaker(config_id uuid, change jsonb)
returns boolean
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration;
    health jsonb;
begin
    -- The lock comes before the count: of jobs that fail at the same moment, the last one
    -- through sees all the others, so none of them can be the crossing one unnoticed.
    select * into config from rollout_configuration c where c.id = config_id for no key update;
    if not config.is_active or not config.auto_rollback_enabled
        or config.emergency_stop or config.rollout_percentage = 0 then
        return false;
    end if;
    health := rollout_health(config);
    if not (health ->> 'breach')::boolean then
        return false;
    end if;
    config.rollout_percentage := 0;
    perform rollout_store(config, change || jsonb_build_object(
        'action', 'rollback', 'triggered_by', 'auto_rollback', 'evidence', health,
        'reason', format('error rate %s %% (%s of %s jobs) above %s %%',
            round((health ->> 'error_rate')::numeric, 2), health ->> 'errors', health ->> 'jobs',
            config.max_error_rate)));
    return true;
end $$;
comment on function public.rollout_trip_breaker(uuid, jsonb) is
    'R8: sets 0 % with the evidence if the window is in breach, auto-rollback is on, and traffic is flowing; true if it did.';

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
    -- 288 slots to a window, whatever its length. A slot never spans a restart.
    insert into rollout_job_counts as c (
        rollout_config_id, slot_start, processor_type, shard, jobs, errors, successes, timed_jobs, processing_seconds)
    values (
        config.id,
        case
            when at = '-infinity' then at
            else greatest(
                date_bin(make_interval(secs => config.monitoring_window_hours * 12.5), at, 'epoch'),
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

create or replace trigger rollout_metrics_counted after insert or update or delete on public.rollout_metrics
    for each row execute function public.rollout_metrics_counted();

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
