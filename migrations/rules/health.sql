-- R7: what a window of jobs says.

create or replace function public.rollout_wilson(events bigint, trials bigint, out low numeric, out high numeric)
language sql immutable parallel safe
as $$
    select
        case when trials > 0 then round((100 * greatest(0, centre - spread))::numeric, 2) end,
        case when trials > 0 then round((100 * least(1, centre + spread))::numeric, 2) end
    from (select events::float8 / nullif(trials, 0) as p, nullif(trials, 0)::float8 as n, 1.959964 ^ 2 as z2) s
    cross join lateral (
        select (p + z2 / (2 * n)) / (1 + z2 / n) as centre,
               1.959964 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n) as spread
    ) w
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

create or replace function public.rollout_slot_start(config rollout_configuration, at timestamptz)
returns timestamptz
language sql immutable
as $$
    -- 288 slots to a window, five minutes each in a window of a day: a job leaves the window that exactly, and a
    -- window is never more than 288 rows for each processor and shard. A slot never spans a restart.
    select case
        when at = '-infinity' then at
        else greatest(
            date_bin(make_interval(hours => config.monitoring_window_hours) / 288, at, 'epoch'),
            case when at >= config.restarted_at then config.restarted_at end)
    end
$$;
comment on function public.rollout_slot_start(rollout_configuration, timestamptz) is
    'R7: the beginning of the slot of time in which a job is counted.';

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
comment on function public.rollout_window(rollout_configuration) is
    'R7: the jobs inside the window, a row for each processor.';

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
    -- The web application's own writes can lower counts; a sum is never below zero.
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
    'R7: rates over a window from rollout_window, with their interval, and whether they are a breach: rate strictly '
    'above max_error_rate with at least minimum_sample jobs.';

create or replace function public.rollout_health(config rollout_configuration)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$ select rollout_health(config, rollout_window(config)) $$;
comment on function public.rollout_health(rollout_configuration) is 'R7: the health of a rollout now.';
