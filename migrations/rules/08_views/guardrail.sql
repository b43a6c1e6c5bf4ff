-- R8: what a guardrail costs: how often it rolls back a healthy rollout, and how soon it acts on a failing one.
-- Simulated (rollout.simulated_costs, rollout.simulated_delays), since the rule looks back over more than can be
-- reckoned exactly.

create or replace function rollout.simulated_place(
    config rollout_configuration, jobs bigint, out scale numeric, out below integer, out above integer,
    out weight numeric
)
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    -- Evidence of rare errors goes by how many are expected at the threshold: half the threshold at twice the jobs is
    -- nearly the same.
    select f.scale, r.below, r.above,
           case when r.above > r.below then ln(t.jobs / r.below) / ln(r.above::numeric / r.below) else 0 end
    from (select config.max_error_rate / s.max_error_rate as scale from rollout.simulated_for() s) f
    cross join (select min(s.jobs_a_day) as fewest, max(s.jobs_a_day) as most from rollout.simulated_costs() s) b
    cross join lateral (select greatest(least(simulated_place.jobs * f.scale, b.most), b.fewest) as jobs) t
    cross join lateral (
        select max(s.jobs_a_day) filter (where s.jobs_a_day <= t.jobs) as below,
               min(s.jobs_a_day) filter (where s.jobs_a_day >= t.jobs) as above
        from rollout.simulated_costs() s
    ) r
$$;
comment on function rollout.simulated_place(rollout_configuration, bigint) is
    'R8: between which of the simulated numbers of jobs a day a rollout stands, on a scale of logarithms, and by what '
    'its threshold differs from the simulated one.';

create or replace function rollout.healthy_costs(config rollout_configuration, jobs bigint)
returns jsonb
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'error_rate', round(lo.error_rate * p.scale, 4),
        'day', round(r.lo_day + p.weight * (r.hi_day - r.lo_day), 2),
        'month', round(r.lo_month + p.weight * (r.hi_month - r.lo_month), 2),
        'day_with_checks', round(c.lo_day + p.weight * (c.hi_day - c.lo_day), 2),
        'month_with_checks', round(c.lo_month + p.weight * (c.hi_month - c.lo_month), 2)) order by lo.error_rate), '[]')
    from rollout.simulated_place(config, healthy_costs.jobs) p
    join rollout.simulated_costs() lo on lo.jobs_a_day = p.below
    join rollout.simulated_costs() hi on hi.jobs_a_day = p.above and hi.error_rate = lo.error_rate
    join rollout.guardrails() g on g.guardrail = config.guardrail
    cross join lateral (values
        ('evidence', lo.day_evidence, hi.day_evidence, lo.month_evidence, hi.month_evidence),
        ('rate', lo.day_rate, hi.day_rate, lo.month_rate, hi.month_rate)
    ) r (rule, lo_day, hi_day, lo_month, hi_month)
    cross join lateral (values
        (true, false, lo.day_check, hi.day_check, lo.month_check, hi.month_check),
        (true, true, lo.day_evidence, hi.day_evidence, lo.month_evidence, hi.month_evidence),
        (false, false, lo.day_rate, hi.day_rate, lo.month_rate, hi.month_rate)
    ) c (at_reports, at_checks, lo_day, hi_day, lo_month, hi_month)
    where config.max_error_rate > 0 and config.max_error_rate < 100
      and r.rule = case when g.at_reports then 'evidence' else 'rate' end
      and (c.at_reports, c.at_checks) = (g.at_reports, g.at_checks)
$$;
comment on function rollout.healthy_costs(rollout_configuration, bigint) is
    'R8: percent of rollouts up to the threshold that are rolled back on their first day and within 30 days, by '
    'reports and with health checks, at so many jobs a day.';

create or replace function rollout.failing_delays(config rollout_configuration, jobs bigint)
returns jsonb
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'error_rate', round(lo.error_rate * p.scale, 4),
        'median_job', d.median, 'slow_job', d.slow, 'median_hours', round(d.median * 24.0 / failing_delays.jobs, 1),
        'median_after', d.median_after, 'slow_after', d.slow_after,
        'hours_after', round(d.median_after * 24.0 / failing_delays.jobs, 1)) order by lo.error_rate), '[]')
    from rollout.simulated_place(config, failing_delays.jobs) p
    join rollout.simulated_delays() lo on lo.jobs_a_day = p.below
    join rollout.simulated_delays() hi
        on hi.jobs_a_day = p.above and hi.error_rate = lo.error_rate and hi.rule = lo.rule
    join rollout.guardrails() g on g.guardrail = config.guardrail
    cross join lateral (
        select jsonb_object_agg(v.name, greatest(config.minimum_sample, ceil(
                   (v.lo + p.weight * (v.hi - v.lo)) / p.scale))) filter (where v.lo + v.hi is not null) as found
        from (values ('median', lo.median, hi.median), ('slow', lo.slow, hi.slow),
                     ('median_after', lo.median_after, hi.median_after), ('slow_after', lo.slow_after, hi.slow_after)
        ) v (name, lo, hi)
    ) f
    cross join lateral jsonb_to_record(f.found) as d (
        median bigint, slow bigint, median_after bigint, slow_after bigint)
    where config.max_error_rate > 0 and lo.error_rate * p.scale < 100
      and lo.rule = case when g.at_reports then 'evidence' else 'rate' end
$$;
comment on function rollout.failing_delays(rollout_configuration, bigint) is
    'R8: the job, and the hour, by which half and 95 of 100 failing rollouts are rolled back by a report, from the '
    'start and after good days.';

create or replace function rollout.simulated_basis(config rollout_configuration, jobs bigint)
returns text
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    select 'simulated at ' || case when p.below = p.above then to_char(p.below, 'FM99,999')
        else format('%s and %s', to_char(p.below, 'FM99,999'), to_char(p.above, 'FM99,999')) end
        || format(' jobs a day, a threshold of %s %% and at least %s jobs', s.max_error_rate, s.minimum_sample)
        || case when p.below < p.above then ', interpolated' else '' end
        || case when p.scale <> 1 then ', scaled to this threshold' else '' end
        || case when config.minimum_sample > s.minimum_sample
            then '; a larger sample acts later, and less often' else '' end
    from rollout.simulated_place(config, simulated_basis.jobs) p cross join rollout.simulated_for() s
$$;
comment on function rollout.simulated_basis(rollout_configuration, bigint) is
    'R8: what the costs of a guardrail were simulated for, and what was reckoned from there.';

create or replace function public.rollout_guardrail(
    settings jsonb default '{}', feature_name text default 'hybrid_progressive_capture'
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout.with_settings(
        rollout.active(feature_name), coalesce(rollout.given(settings, 'object', 'settings'), '{}'), 'guardrail');
    limits constant record := rollout.evidence_limits();
    simulated constant record := rollout.simulated_for();
    today constant bigint := (
        select greatest(coalesce(sum(c.jobs), 0), 0) from rollout.counts c
        where c.rollout_config_id = config.id and c.treated
          and c.slot_start >= now() - interval '24 hours');
    jobs constant bigint := case today when 0 then simulated.jobs_a_day else today end;
begin
    return jsonb_build_object(
        'guardrail', config.guardrail,
        'meaning', (select g.meaning from rollout.guardrails() g where g.guardrail = config.guardrail),
        'max_error_rate', config.max_error_rate, 'minimum_sample', config.minimum_sample,
        'evidence_limit', limits.window_limit, 'recent_limit', limits.recent_limit,
        'jobs_today', today, 'jobs', jobs, 'check_minutes', simulated.check_minutes,
        'basis', rollout.simulated_basis(config, jobs),
        'healthy', rollout.healthy_costs(config, jobs), 'failing', rollout.failing_delays(config, jobs));
end $$;
comment on function public.rollout_guardrail(jsonb, text) is
    'rollout.guardrail(), R8: the rule, how often it rolls back a healthy rollout in a day and in 30 days, by reports '
    'alone and with a health check every 15 minutes, and how soon a report rolls a failing one back.';
