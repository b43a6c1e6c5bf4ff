-- R8: what has run since a restart, summed, so that a report need not read every slot since then.
create table if not exists rollout.run_counts (
    rollout_config_id uuid not null references public.rollout_configuration on delete cascade,
    shard smallint not null,
    restarted_at timestamptz,
    jobs bigint not null,
    errors bigint not null,
    primary key (rollout_config_id, shard)
);
alter table rollout.run_counts enable row level security;
comment on table rollout.run_counts is
    'Derived, kept by a trigger on rollout.job_counts: the treatment''s jobs since the restart, by shard. A row of '
    'another restart counts for nothing.';

-- Reports fold on until they meet a lock of theirs: nobody folds between this sum and the trigger that keeps it.
select pg_advisory_xact_lock(hashtextextended('rollout.fold_deltas ' || f, 0)) from generate_series(1, 8) f;
insert into rollout.run_counts (rollout_config_id, shard, restarted_at, jobs, errors)
select k.rollout_config_id, k.shard, c.restarted_at, sum(k.jobs), sum(k.errors)
from rollout.job_counts k join public.rollout_configuration c on c.id = k.rollout_config_id
where k.treated and k.slot_start > '-infinity' and (k.slot_start < c.restarted_at) is not true
group by 1, 2, 3
on conflict do nothing;

alter table public.rollout_configuration
    drop constraint if exists rollout_configuration_guardrail,
    add constraint rollout_configuration_guardrail
        check (guardrail in ('manual', 'rate', 'evidence', 'compared')),
    add column if not exists minimum_repositories integer;
comment on column public.rollout_configuration.guardrail is
    'R8: where the breaker asks for evidence: manual (at reports), rate (nowhere), evidence (at health checks, too), '
    'compared (as evidence, and against the control).';
comment on column public.rollout_configuration.minimum_repositories is
    'R17: in how many repositories jobs must have run in the rollout before the next step.';

-- Their results have more columns now.
drop function if exists rollout.treatment(public.rollout_configuration);
drop function if exists rollout.stretches(public.rollout_configuration);
drop function if exists rollout.guardrails();
drop function if exists rollout.evidence_limits();
drop function if exists rollout.replay(public.rollout_configuration, timestamptz);
drop function if exists rollout.trip_bounds(public.rollout_configuration, integer, integer);
drop function if exists rollout.trip_chance(integer[], double precision);
