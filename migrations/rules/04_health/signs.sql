-- R8 and R16: what the reports say against the rollout long before the breaker acts. These warn, shut a gate and hold
-- the automatic advance; nothing rolls back on them.

create or replace function rollout.early_sign(health jsonb)
returns table (name text, message text, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select 'early', format(
        'an early sign: %s of %s jobs failed in the rollout, %s of %s outside it, since %s', c.errors, c.jobs,
        c.control_errors, c.control_jobs, to_char(c.since at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"')),
        'rollout.errors()'
    from jsonb_to_record(health -> 'compared') as c (
        since timestamptz, jobs bigint, errors bigint, control_jobs bigint, control_errors bigint, early boolean)
    where c.early;
end $$;
comment on function rollout.early_sign(jsonb) is
    'R8: that jobs fail more often in the rollout than outside it, at odds of 100 to 1; no row without an early sign.';

create or replace function rollout.slow_processors(config rollout_configuration, seen rollout.job_counts[])
returns table (name text, message text, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select 'slow_' || t.processor, format(
        'jobs in the rollout take %s s on %s on the average, more than the target of %s s: %s were timed',
        to_char(s.seconds, 'FM999,999,990'), t.title, to_char(t.longest, 'FM999,990'), s.timed),
        'rollout.showMetrics()'
    from (
        select w.processor_type, sum(w.timed_jobs) as timed,
               (sum(w.processing_seconds) / nullif(sum(w.timed_jobs), 0))::float8 as seconds
        from unnest(seen) w where w.treated
        group by w.processor_type
    ) s
    join rollout.processors(config) t on t.processor = s.processor_type
    where s.timed >= config.minimum_sample and s.seconds > t.longest;
end $$;
comment on function rollout.slow_processors(rollout_configuration, rollout.job_counts[]) is
    'R16: the processors on which the treatment''s jobs take longer than their target on the average, of at least '
    'the minimum sample; unknown times are no sign.';

create or replace function rollout.signs(config rollout_configuration, look rollout.look)
returns table (name text, message text, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select * from rollout.early_sign(look.health)
    union all
    select * from rollout.slow_processors(config, look.jobs);
end $$;
comment on function rollout.signs(rollout_configuration, rollout.look) is
    'R8 and R16: what the reports say against going on, and calls for no rollback.';
