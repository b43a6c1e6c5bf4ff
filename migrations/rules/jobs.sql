-- Reports of jobs: recorded, counted into slots of time, and judged (R7, R8).

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
        raise exception 'processor must be inngest or github_actions, not %',
            coalesce(quote_literal(left(processor, 50)), 'null') using errcode = 'RC001';
    elsif success is null then
        raise exception 'success must be true or false, not null' using errcode = 'RC001';
    elsif not coalesce(processing_seconds between 0 and 1e8, processing_seconds is null) then
        raise exception 'processing_seconds must be a number of seconds from 0 to 100,000,000, or null'
            using errcode = 'RC001';
    end if;
    window_start := date_bin(make_interval(hours => config.monitoring_window_hours), now(), 'epoch');
    insert into rollout_metrics as m (
        rollout_config_id, repository_id, processor_type, success_count, error_count, total_jobs,
        average_processing_time, last_error_message, last_error_at, metrics_window_start, metrics_window_end,
        timed_jobs, processing_seconds)
    values (
        config.id, repo_id, processor, 1 - failed, failed, 1,
        processing_seconds,
        case when not success then left(error_message, 2000) end, case when not success then now() end,
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
        coalesce(
            entry.timed_jobs, case when entry.average_processing_time is null then 0 else entry.total_jobs end, 0),
        coalesce(entry.processing_seconds,
            case when entry.timed_jobs is null then entry.average_processing_time * entry.total_jobs end, 0)
$$;
comment on function public.rollout_metrics_tally(rollout_metrics) is
    'What a row of rollout_metrics counts, whoever wrote it; zeros for no row.';

create or replace function public.rollout_metrics_counted()
returns trigger
language plpgsql security definer  -- whoever may write the table
set search_path = pg_catalog, public, pg_temp
as $$
declare
    entry constant rollout_metrics := coalesce(new, old);
    config rollout_configuration;
    at timestamptz;
    added record;
    slot_jobs bigint;
begin
    select * into config from rollout_configuration c where c.id = entry.rollout_config_id;
    if not found then
        return null;
    end if;
    select n.jobs - o.jobs as jobs, n.errors - o.errors as errors, n.successes - o.successes as successes,
           n.timed - o.timed as timed, n.seconds - o.seconds as seconds
    into added
    from rollout_metrics_tally(new) n, rollout_metrics_tally(old) o;
    if added = row(0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::numeric) then
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
    insert into rollout_job_counts as c (
        rollout_config_id, slot_start, processor_type, shard, jobs, errors, successes, timed_jobs, processing_seconds)
    values (
        config.id, rollout_slot_start(config, at), entry.processor_type, pg_backend_pid() % 4,
        added.jobs, added.errors, added.successes, added.timed, added.seconds)
    on conflict (rollout_config_id, slot_start, processor_type, shard) do update set
        jobs = c.jobs + excluded.jobs,
        errors = c.errors + excluded.errors,
        successes = c.successes + excluded.successes,
        timed_jobs = c.timed_jobs + excluded.timed_jobs,
        processing_seconds = c.processing_seconds + excluded.processing_seconds
    returning c.jobs into slot_jobs;

    -- A failure can cross the threshold; a success only by completing the minimum sample, which
    -- it can't if its slot alone already holds more.
    if added.errors > 0 or (added.jobs > 0 and slot_jobs <= config.minimum_sample) then
        perform rollout_judge_report(config.id);
    end if;
    return null;
end $$;
comment on function public.rollout_metrics_counted() is
    'Trigger on rollout_metrics, R7 and R8: counts every report, ours or the application''s, and has it judged.';

create or replace trigger rollout_metrics_counted after insert or update or delete on public.rollout_metrics
    for each row execute function public.rollout_metrics_counted();
