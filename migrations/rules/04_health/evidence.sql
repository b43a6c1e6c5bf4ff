-- R8: how strongly the treatment's jobs speak against the rollout: since the restart, over stretches of the newest
-- slots up to now, and beside the control. Valid however often one looks.

create or replace function rollout.evidence(errors bigint, jobs bigint, max_error_rate numeric)
returns numeric
language plpgsql immutable strict parallel safe  -- asked for each stretch; in SQL, it would be planned each time
as $$
#variable_conflict use_variable
declare
    -- A one-sided mixture likelihood ratio: alternatives r times the odds of the tolerated rate p, for small and large
    -- regressions. With a = r p / (1 - p + r p), k ln(a/p) + (n-k) ln((1-a)/(1-p)) is k ln r - n ln(1 - p + r p).
    -- Kept within what a float8 holds: a million jobs would leave it at both ends.
    k constant float8 := greatest(least(errors, jobs), 0);
    n constant float8 := greatest(jobs, 0);
    p constant float8 := least(greatest(max_error_rate, 0), 100)::float8 / 100;
    r float8;
    total float8 := 0;
begin
    if p = 0 and k > 0 then
        return 1e300;
    end if;
    foreach r in array rollout.alternatives() loop
        total := total + exp(least(greatest(k * ln(r) - n * ln(1 - p + r * p), -690), 690));
    end loop;
    return (total / cardinality(rollout.alternatives()))::numeric;
end $$;
comment on function rollout.evidence(bigint, bigint, numeric) is
    'R8: evidence that the true error rate is above max_error_rate percent: from one beginning on, at least x ever for '
    'at most 1/x of the rollouts whose rate is not (Ville''s inequality). 1 without jobs; from 1e-300 to 1e300.';

create or replace function rollout.crossed(
    errors bigint, jobs bigint, max_error_rate numeric, minimum_sample integer
)
returns boolean
language sql immutable parallel safe
as $$ select jobs >= minimum_sample and errors * 100 > max_error_rate * jobs $$;
comment on function rollout.crossed(bigint, bigint, numeric, integer) is
    'R8: the threshold is crossed: strictly above max_error_rate with at least minimum_sample jobs.';

create or replace function rollout.newest_slots(config rollout_configuration)
returns table (slot_start timestamptz, jobs bigint, errors bigint, successes bigint, in_window boolean)
language plpgsql stable rows 288
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
declare
    window_start constant timestamptz := rollout.window_start(config);
    missing bigint;
begin
    return query
    select c.slot_start, sum(c.jobs)::bigint, sum(c.errors)::bigint, sum(c.successes)::bigint, true
    from rollout.counts c
    where c.rollout_config_id = config.id and c.treated and c.slot_start >= window_start
    group by c.slot_start;
    get diagnostics missing = row_count;
    missing := (rollout.evidence_limits()).stretches - missing;
    if missing <= 0 or window_start = config.restarted_at then
        return;
    end if;
    -- At low traffic a window holds few slots with jobs: as many older ones as are missing. What is folded is read in
    -- the order of its index, up to the last of them; beside it there is little.
    return query
    select o.slot_start, sum(o.jobs)::bigint, sum(o.errors)::bigint, sum(o.successes)::bigint, false
    from (
        (select c.slot_start, sum(c.jobs) as jobs, sum(c.errors) as errors, sum(c.successes) as successes
         from rollout.job_counts c
         where c.rollout_config_id = config.id and c.treated and c.slot_start > '-infinity'
           and c.slot_start >= coalesce(config.restarted_at, '-infinity') and c.slot_start < window_start
         group by c.slot_start
         order by c.slot_start desc
         limit missing)
        union all
        select d.slot_start, d.jobs, d.errors, d.successes
        from rollout.job_deltas d
        where d.rollout_config_id = config.id and d.treated and d.slot_start > '-infinity'
          and d.slot_start >= coalesce(config.restarted_at, '-infinity') and d.slot_start < window_start
    ) o
    group by o.slot_start
    order by o.slot_start desc
    limit missing;
end $$;
comment on function rollout.newest_slots(rollout_configuration) is
    'R8: the slots with jobs of the treatment since the restart: those of the window, and older ones up to 288.';

create or replace function rollout.since_restart(config rollout_configuration, out jobs bigint, out errors bigint)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    select greatest(coalesce(sum(s.jobs), 0), 0), greatest(coalesce(sum(s.errors), 0), 0) into jobs, errors
    from (
        select r.jobs, r.errors from rollout.run_counts r
        where r.rollout_config_id = config.id and r.restarted_at is not distinct from config.restarted_at
        union all
        select d.jobs, d.errors from rollout.job_deltas d
        where d.rollout_config_id = config.id and d.treated and d.slot_start > '-infinity'
          and (d.slot_start < config.restarted_at) is not true
    ) s;
end $$;
comment on function rollout.since_restart(rollout_configuration) is
    'R8: the treatment''s jobs since the restart, however long ago that was.';

create or replace function rollout.stretches(config rollout_configuration)
returns table (slot_start timestamptz, jobs bigint, errors bigint)
language sql stable rows 288
as $$
    select s.slot_start, (sum(s.jobs) over up_to_now)::bigint, (sum(s.errors) over up_to_now)::bigint
    from rollout.newest_slots(config) s
    window up_to_now as (order by s.slot_start desc)
    union all
    select config.restarted_at, r.jobs, r.errors from rollout.since_restart(config) r
$$;
comment on function rollout.stretches(rollout_configuration) is
    'R8: all that evidence is taken over: the treatment''s jobs from the beginning of each of the newest slots up to '
    'now, and since the restart.';

create or replace function rollout.weigh_stretches(
    config rollout_configuration, slots timestamptz[], slot_jobs bigint[], slot_errors bigint[],
    out total numeric, out since timestamptz, out jobs bigint, out errors bigint
)
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    stretch_jobs bigint := 0;
    stretch_errors bigint := 0;
    evidence numeric;
    strongest numeric := 0;
begin
    total := 0;
    for slot in reverse coalesce(cardinality(slots), 0)..1 loop  -- null without jobs
        stretch_jobs := stretch_jobs + slot_jobs[slot];
        stretch_errors := stretch_errors + slot_errors[slot];
        -- Only stretches in which the threshold is crossed: the others' evidence is at most 1 each.
        continue when not rollout.crossed(
            stretch_errors, stretch_jobs, config.max_error_rate, config.minimum_sample);
        evidence := rollout.evidence(stretch_errors, stretch_jobs, config.max_error_rate);
        total := total + evidence;
        if evidence >= strongest then
            strongest := evidence;
            since := slots[slot];
            jobs := stretch_jobs;
            errors := stretch_errors;
        end if;
    end loop;
end $$;
comment on function rollout.weigh_stretches(rollout_configuration, timestamptz[], bigint[], bigint[]) is
    'R8: the sum of the evidence over all stretches that begin at one of these slots, the oldest of which comes first, '
    'and reach to the end of the last, a Shiryaev-Roberts statistic; and the strongest of them. Live and replayed jobs '
    'are weighed by this alone.';

create or replace function rollout.run_trips(
    config rollout_configuration, window_jobs bigint, window_errors bigint, run_jobs bigint, run_errors bigint
)
returns boolean
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if not (select g.at_reports from rollout.guardrails() g where g.guardrail = config.guardrail) then
        return rollout.crossed(window_errors, window_jobs, config.max_error_rate, config.minimum_sample);
    end if;
    -- What has long passed does not trip in a window that is below the threshold.
    return rollout.crossed(run_errors, run_jobs, config.max_error_rate, config.minimum_sample)
       and rollout.crossed(window_errors, window_jobs, config.max_error_rate, 1)
       and rollout.evidence(run_errors, run_jobs, config.max_error_rate) >= (rollout.evidence_limits()).window_limit;
end $$;
comment on function rollout.run_trips(rollout_configuration, bigint, bigint, bigint, bigint) is
    'R8: whether a report trips the breaker for all jobs since the restart: on evidence, and a window above the '
    'threshold; under the guardrail rate for a window in which the threshold is crossed.';

create or replace function rollout.stretches_trip(
    config rollout_configuration, total numeric, strongest_since timestamptz, window_begins timestamptz,
    window_jobs bigint, window_errors bigint
)
returns boolean
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return total >= (rollout.evidence_limits()).recent_limit
       -- What has long passed does not trip in a window that is below the threshold, or empty.
       and (strongest_since >= window_begins
            or rollout.crossed(window_errors, window_jobs, config.max_error_rate, 1));
end $$;
comment on function rollout.stretches_trip(rollout_configuration, numeric, timestamptz, timestamptz, bigint, bigint) is
    'R8: whether the sum over the stretches trips the breaker: the strongest of them is of the window, or the window '
    'is above the threshold as well.';

create or replace function rollout.comparison(
    config rollout_configuration, since timestamptz, until timestamptz, out jobs bigint, out errors bigint,
    out control_jobs bigint, out control_errors bigint, out evidence numeric
)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    select greatest(coalesce(sum(c.jobs) filter (where c.treated), 0), 0),
           greatest(coalesce(sum(c.errors) filter (where c.treated), 0), 0),
           greatest(coalesce(sum(c.jobs) filter (where not c.treated), 0), 0),
           greatest(coalesce(sum(c.errors) filter (where not c.treated), 0), 0)
    into jobs, errors, control_jobs, control_errors
    from rollout.counts c
    where c.rollout_config_id = config.id and c.slot_start between comparison.since and comparison.until;
    -- Given an error, its arm is a coin with the treatment's share of the jobs.
    evidence := case when least(jobs, control_jobs) > 0
        then rollout.evidence(errors, errors + control_errors, 100.0 * jobs / (jobs + control_jobs)) else 1 end;
end $$;
comment on function rollout.comparison(rollout_configuration, timestamptz, timestamptz) is
    'R8: both arms between two moments, and the evidence that jobs fail more often in the rollout than outside it; '
    '1 if one of them has no jobs.';

create or replace function rollout.treatment(
    config rollout_configuration,
    out jobs bigint, out errors bigint, out successes bigint, out crossed boolean,
    out run_jobs bigint, out run_errors bigint, out evidence numeric,
    out recent_since timestamptz, out recent_jobs bigint, out recent_errors bigint, out recent_evidence numeric,
    out whole_breach boolean, out recent_breach boolean, out shared boolean
)
language plpgsql stable  -- asked at each report of a failure
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    limits constant record := rollout.evidence_limits();
    slots record;
    against record;
begin
    select array_agg(s.slot_start) as starts, array_agg(s.jobs) as jobs, array_agg(s.errors) as errors,
           sum(s.jobs) filter (where s.in_window) as all_jobs, sum(s.errors) filter (where s.in_window) as all_errors,
           sum(s.successes) filter (where s.in_window) as all_successes
    into slots from (select * from rollout.newest_slots(config) n order by n.slot_start) s;
    -- The web application's own writes can lower counts; a sum is never below zero.
    jobs := greatest(coalesce(slots.all_jobs, 0), 0);
    errors := greatest(coalesce(slots.all_errors, 0), 0);
    successes := greatest(coalesce(slots.all_successes, 0), 0);
    run_jobs := jobs;
    run_errors := errors;
    if (rollout.window_start(config) = config.restarted_at) is not true then
        select r.jobs, r.errors into run_jobs, run_errors from rollout.since_restart(config) r;
    end if;
    evidence := rollout.evidence(run_errors, run_jobs, config.max_error_rate);
    crossed := rollout.crossed(errors, jobs, config.max_error_rate, config.minimum_sample);
    select w.total, w.since, w.jobs, w.errors into recent_evidence, recent_since, recent_jobs, recent_errors
    from rollout.weigh_stretches(config, slots.starts, slots.jobs, slots.errors) w;
    whole_breach := rollout.run_trips(config, jobs, errors, run_jobs, run_errors);
    recent_breach := not whole_breach and rollout.stretches_trip(
        config, recent_evidence, recent_since, rollout.window_start(config), jobs, errors);
    shared := false;
    if (whole_breach or recent_breach) and exists (
        select from rollout.guardrails() g where g.guardrail = config.guardrail and g.compared) then
        against := rollout.comparison(config, coalesce(recent_since, config.restarted_at, '-infinity'), 'infinity');
        shared := against.control_jobs > 0 and against.evidence < limits.compared_limit;
    end if;
end $$;
comment on function rollout.treatment(rollout_configuration) is
    'R7 and R8: the treatment''s jobs in the window and since the restart, the evidence of the latter, the sum of the '
    'evidence over the stretches up to now with the strongest of them, whether either is a breach that a report trips '
    'the breaker for, and whether the control fails as well in that stretch, where the guardrail asks.';

create or replace function rollout.counts_changed()
returns trigger
language plpgsql security definer  -- whoever folds
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if tg_op <> 'DELETE' then
        insert into rollout.run_counts as r (rollout_config_id, shard, restarted_at, jobs, errors)
        select c.id, n.shard, c.restarted_at, sum(n.jobs), sum(n.errors)
        from new_rows n join rollout_configuration c on c.id = n.rollout_config_id
        where n.treated and n.slot_start > '-infinity' and (n.slot_start < c.restarted_at) is not true
        group by c.id, n.shard
        on conflict (rollout_config_id, shard) do update set
            restarted_at = excluded.restarted_at,
            jobs = excluded.jobs
                + case when r.restarted_at is not distinct from excluded.restarted_at then r.jobs else 0 end,
            errors = excluded.errors
                + case when r.restarted_at is not distinct from excluded.restarted_at then r.errors else 0 end;
    end if;
    if tg_op <> 'INSERT' then
        update rollout.run_counts r
        set jobs = r.jobs - o.jobs, errors = r.errors - o.errors
        from (
            select g.rollout_config_id, g.shard, sum(g.jobs) as jobs, sum(g.errors) as errors
            from old_rows g join rollout_configuration c on c.id = g.rollout_config_id
            where g.treated and g.slot_start > '-infinity' and (g.slot_start < c.restarted_at) is not true
            group by 1, 2
        ) o
        where r.rollout_config_id = o.rollout_config_id and r.shard = o.shard
          and r.restarted_at is not distinct from (
              select c.restarted_at from rollout_configuration c where c.id = o.rollout_config_id);
    end if;
    return null;
end $$;
comment on function rollout.counts_changed() is
    'Trigger on rollout.job_counts, R8: keeps the sums since the restart, whoever changes the slots.';
create or replace trigger counts_inserted after insert on rollout.job_counts
    referencing new table as new_rows for each statement execute function rollout.counts_changed();
create or replace trigger counts_updated after update on rollout.job_counts
    referencing old table as old_rows new table as new_rows
    for each statement execute function rollout.counts_changed();
create or replace trigger counts_deleted after delete on rollout.job_counts
    referencing old table as old_rows for each statement execute function rollout.counts_changed();
