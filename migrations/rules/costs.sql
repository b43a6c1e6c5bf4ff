-- What jobs cost, by the job and by the minute, and how much less than on Inngest alone.

create or replace function public.rollout_costs(config rollout_configuration, kind text)
returns jsonb
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    select jsonb_object_agg(p.name, case
        when jsonb_typeof(config.metadata -> kind -> p.name) = 'number' then config.metadata -> kind -> p.name end)
    from (values ('inngest'), ('github_actions')) p (name)
$$;
comment on function public.rollout_costs(rollout_configuration, text) is
    'The costs of a kind, cost_per_job or cost_per_minute, on each processor; null where it is not set.';

create or replace function public.rollout_unit_cost(
    config rollout_configuration, processor text, seen rollout_job_counts[]
)
returns numeric
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    -- A cost by the minute needs to know how long jobs take.
    select case when c.per_minute is null then c.per_job
                else coalesce(c.per_job, 0) + c.per_minute * t.minutes end
    from (
        select (rollout_costs(config, 'cost_per_job') ->> processor)::numeric as per_job,
               (rollout_costs(config, 'cost_per_minute') ->> processor)::numeric as per_minute
    ) c
    cross join (
        select sum(w.processing_seconds) / nullif(sum(w.timed_jobs), 0) / 60 as minutes
        from unnest(seen) w where w.processor_type = processor
    ) t
$$;
comment on function public.rollout_unit_cost(rollout_configuration, text, rollout_job_counts[]) is
    'What a job of a window cost on a processor on the average; null until that is known.';

create or replace function public.rollout_cost_reduction(
    config rollout_configuration, seen rollout_job_counts[]
)
returns numeric
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    -- null as soon as the cost of one processor with jobs is unknown
    select case when bool_and(rollout_unit_cost(config, w.processor_type, seen) is not null) then
        100 * (1 - sum(w.jobs * rollout_unit_cost(config, w.processor_type, seen))
                   / nullif(sum(w.jobs) * rollout_unit_cost(config, 'inngest', seen), 0)) end
    from unnest(seen) w
$$;
comment on function public.rollout_cost_reduction(rollout_configuration, rollout_job_counts[]) is
    'How much less the jobs of a window cost than on Inngest alone, in percent; null if a unit cost is not known.';

create or replace function public.rollout_cost_note(config rollout_configuration, seen rollout_job_counts[])
returns text
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    select case
        when not bool_and(p.is_set) then 'unit costs not set; see rollout.configure()'
        when not bool_and(p.is_known) then 'a cost by the minute needs jobs whose time is known'
    end
    from (
        select rollout_costs(config, 'cost_per_job') ->> n.name is not null
                   or rollout_costs(config, 'cost_per_minute') ->> n.name is not null as is_set,
               rollout_unit_cost(config, n.name, seen) is not null as is_known
        from (values ('inngest'), ('github_actions')) n (name)
    ) p
$$;
comment on function public.rollout_cost_note(rollout_configuration, rollout_job_counts[]) is
    'Why there is no cost reduction; null if the costs of both processors are known.';
