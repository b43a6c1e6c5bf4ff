-- R7: what the jobs of a window cost, by the job and by the minute, and how much less than on the control's processor
-- (Inngest) alone.

create or replace function rollout.unit_cost(
    config rollout_configuration, processor text, seen rollout.job_counts[]
)
returns numeric
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if (config.metadata ?| '{cost_per_job,cost_per_minute}') is not true then
        return null;
    end if;
    -- A cost by the minute needs to know how long jobs take.
    return (
        select case when c.per_minute is null then c.per_job
                    else coalesce(c.per_job, 0) + c.per_minute * t.minutes end
        from (
            select (rollout.costs(config, 'cost_per_job') ->> processor)::numeric as per_job,
                   (rollout.costs(config, 'cost_per_minute') ->> processor)::numeric as per_minute
        ) c
        cross join (
            select sum(w.processing_seconds) / nullif(sum(w.timed_jobs), 0) / 60 as minutes
            from unnest(seen) w where w.processor_type = processor
        ) t);
end $$;
comment on function rollout.unit_cost(rollout_configuration, text, rollout.job_counts[]) is
    'What a job of a window cost on a processor on the average; null until that is known.';

create or replace function rollout.cost_reduction(
    config rollout_configuration, seen rollout.job_counts[]
)
returns numeric
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    -- null as soon as the cost of one processor with jobs is unknown
    return (
        with units as materialized (
            select p.*, rollout.unit_cost(config, p.processor, seen) as cost from rollout.processors(config) p
        )
        select case when bool_and(u.cost is not null)
            then 100 * (1 - sum(w.jobs * u.cost) / nullif(sum(w.jobs) * max(c.cost), 0)) end
        from unnest(seen) w
        left join units u on u.processor = w.processor_type
        cross join (
            select o.cost from units o where o.arm is distinct from 'treatment' order by o.position limit 1
        ) c);
end $$;
comment on function rollout.cost_reduction(rollout_configuration, rollout.job_counts[]) is
    'How much less the jobs of a window cost than on Inngest alone, in percent; null if a unit cost is not known.';

create or replace function rollout.cost_note(config rollout_configuration, seen rollout.job_counts[])
returns text
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select case
            when not bool_and(p.is_set) then 'unit costs not set; see rollout.configure()'
            when not bool_and(p.is_known) then 'a cost by the minute needs jobs whose time is known'
        end
        from (
            select rollout.costs(config, 'cost_per_job') ->> n.name is not null
                       or rollout.costs(config, 'cost_per_minute') ->> n.name is not null as is_set,
                   rollout.unit_cost(config, n.name, seen) is not null as is_known
            from jsonb_object_keys(rollout_host_processors()) n (name)
        ) p);
end $$;
comment on function rollout.cost_note(rollout_configuration, rollout.job_counts[]) is
    'Why there is no cost reduction; null if the costs of both processors are known.';
