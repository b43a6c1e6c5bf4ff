-- R7 and R8: what a window of jobs says.

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
    -- window is never more than 288 rows for each processor, arm and shard. A slot never spans a restart, a stop or a
    -- lowering.
    select case
        when at = '-infinity' then at
        else greatest(
            date_bin(make_interval(hours => config.monitoring_window_hours) / 288, at, 'epoch'),
            case when at >= config.restarted_at then config.restarted_at end,
            case when at >= config.narrowed_at then config.narrowed_at end)
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
                sum(c.timed_jobs), sum(c.processing_seconds), c.treated, sum(c.leaks), max(c.last_leak_at),
                sum(c.recorded), max(c.clock_skew))::rollout_job_counts
        from rollout_job_counts c
        where c.rollout_config_id = config.id and c.slot_start >= rollout_window_start(config)
        group by c.processor_type, c.treated
        order by c.processor_type, c.treated desc)
$$;
comment on function public.rollout_window(rollout_configuration) is
    'R7: the jobs inside the window, a row for each processor and arm.';

create or replace function public.rollout_rate(jobs bigint, errors bigint)
returns jsonb
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    select jsonb_build_object(
        'jobs', jobs, 'errors', errors, 'error_rate', round(errors * 100.0 / nullif(jobs, 0), 4),
        'error_rate_low', i.low, 'error_rate_high', i.high)
    from rollout_wilson(least(errors, jobs), jobs) i
$$;
comment on function public.rollout_rate(bigint, bigint) is 'R7: an error rate in percent with its 95 % interval.';

create or replace function public.rollout_control(config rollout_configuration, seen rollout_job_counts[])
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select rollout_rate(w.jobs, w.errors) || jsonb_build_object(
        'failing', rollout_crossed(w.errors, w.jobs, config.max_error_rate, config.minimum_sample))
    from (
        select greatest(coalesce(sum(s.jobs), 0), 0)::bigint as jobs,
               greatest(coalesce(sum(s.errors), 0), 0)::bigint as errors
        from unnest(seen) s where not s.treated
    ) w
$$;
comment on function public.rollout_control(rollout_configuration, rollout_job_counts[]) is
    'R7: the jobs outside the rollout; if they fail as well, the rollout is probably not the cause.';

create or replace function public.rollout_health(config rollout_configuration, seen rollout_job_counts[])
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    t constant record := rollout_treatment(config);
    rule constant record := (select g from rollout_guardrails() g where g.guardrail = config.guardrail);
    limits constant record := rollout_evidence_limits();
    window_start constant timestamptz := rollout_window_start(config);
    breach constant boolean := t.whole_breach or t.recent_breach;
begin
    return rollout_rate(t.jobs, t.errors) || jsonb_build_object(
        'window_hours', config.monitoring_window_hours,
        'window_start', window_start,
        'since_restart', coalesce(window_start = config.restarted_at, false),
        'successes', t.successes,
        'success_rate', round(t.successes * 100.0 / nullif(t.jobs, 0), 4),
        'max_error_rate', config.max_error_rate,
        'minimum_sample', config.minimum_sample,
        'guardrail', config.guardrail,
        'evidence', round(least(t.evidence, 1e9), 4),
        'evidence_limit', limits.window_limit,
        'recent', case when t.recent_breach then rollout_rate(t.recent_jobs, t.recent_errors) || jsonb_build_object(
            'since', t.recent_since, 'evidence', round(least(t.recent_evidence, 1e9), 4),
            'evidence_limit', limits.recent_limit) end,
        'control', rollout_control(config, seen),
        'breach', breach,
        'check_rolls_back', breach or (t.crossed and not rule.at_checks),
        'verdict', case
            when t.jobs = 0 then 'no_data'
            when breach then 'breach'
            when t.jobs < config.minimum_sample then 'small_sample'
            when t.crossed then 'above_threshold'
            else 'healthy'
        end);
end $$;
comment on function public.rollout_health(rollout_configuration, rollout_job_counts[]) is
    'R7 and R8: the treatment''s rate over the window with its interval and evidence, the control beside it, and the '
    'verdict: breach if a report trips the breaker, above_threshold if the threshold is crossed on weak evidence.';

create or replace function public.rollout_health(config rollout_configuration)
returns jsonb
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$ select rollout_health(config, rollout_window(config)) $$;
comment on function public.rollout_health(rollout_configuration) is 'R7: the health of a rollout now.';
