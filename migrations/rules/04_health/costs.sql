-- R7: what the jobs of a window cost, by the job and by the minute, and how much less than on the control's processor
-- (Inngest) alone.

create or replace function rollout.unit_cost(
    config rollout_configuration, processor text, seen rollout.job_counts[]
)
returns numeric
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    -- A cost by the minute needs to know how long jobs take.
    select case when c.per_minute is null then c.per_job
                else coalesce(c.per_job, 0) + c.per_minute * t.minutes end
    from (
        select (rollout.costs(config, 'cost_per_job') ->> processor)::numeric as per_job,
               (rollout.costs(config, 'cost_per_minute') ->> processor)::numeric as per_minute
    ) c
    cross join (
        select sum(w.processing_seconds) / nullif(sum(w.timed_jobs), 0) / 60 as minutes
        from unnest(seen) w where w.processor_type = processor
    ) t
$$;
comment on function rollout.unit_cost(rollout_configuration, text, rollout.job_counts[]) is
    'What a job of a window cost on a processor on the average; null until that is known.';

create or replace function rollout.cost_reduction(
    config rollout_configuration, seen rollout.job_counts[]
)
returns numeric
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    -- null as soon as the cost of one processor with jobs is unknown
    select case when bool_and(rollout.unit_cost(config, w.processor_type, seen) is not null) then
        100 * (1 - sum(w.jobs * rollout.unit_cost(config, w.processor_type, seen))
                   / nullif(sum(w.jobs) * max(rollout.unit_cost(config, c.processor, seen)), 0)) end
    from unnest(seen) w
    cross join (
        select p.processor from rollout.processors(config) p
        where p.arm is distinct from 'treatment' order by p.position limit 1
    ) c
$$;
comment on function rollout.cost_reduction(rollout_configuration, rollout.job_counts[]) is
    'How much less the jobs of a window cost than on Inngest alone, in percent; null if a unit cost is not known.';

create or replace function rollout.cost_note(config rollout_configuration, seen rollout.job_counts[])
returns text
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    select case
        when not bool_and(p.is_set) then 'unit costs not set; see rollout.configure()'
        when not bool_and(p.is_known) then 'a cost by the minute needs jobs whose time is known'
    end
    from (
        select rollout.costs(config, 'cost_per_job') ->> n.name is not null
                   or rollout.costs(config, 'cost_per_minute') ->> n.name is not null as is_set,
               rollout.unit_cost(config, n.name, seen) is not null as is_known
        from jsonb_object_keys(rollout_host_processors()) n (name)
    ) p
$$;
comment on function rollout.cost_note(rollout_configuration, rollout.job_counts[]) is
    'Why there is no cost reduction; null if the costs of both processors are known.';
