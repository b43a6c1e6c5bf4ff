-- R7, R8: reports are counted by adding rows, so that no report waits for another.
create table if not exists rollout.job_deltas (
    rollout_config_id uuid not null,
    slot_start timestamptz not null,
    processor_type text not null,
    treated boolean not null,
    jobs bigint not null,
    errors bigint not null,
    successes bigint not null,
    timed_jobs bigint not null,
    processing_seconds numeric not null,
    leaks bigint not null,
    last_leak_at timestamptz,
    recorded bigint not null,
    clock_skew double precision
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
alter table rollout.job_deltas enable row level security;
comment on table rollout.job_deltas is
    'What reports have added since the last fold: rows are inserted here, and by and by a report folds those that it '
    'sees into rollout.job_counts. No key: nothing here waits for anything.';

create table if not exists rollout.error_deltas (
    rollout_config_id uuid not null,
    kind text not null,
    processor_type text not null,
    treated boolean not null,
    errors bigint not null,
    failed_at timestamptz not null,
    percentage integer not null,
    sample text not null,
    repositories uuid[] not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
alter table rollout.error_deltas enable row level security;
comment on table rollout.error_deltas is
    'The same for errors, which are folded into rollout.error_kinds; a table of its own, because not all who may read '
    'counts may read messages.';
comment on column rollout.error_deltas.percentage is 'The percentage in effect when the jobs failed.';

create or replace view rollout.counts with (security_invoker = true) as
    select c.rollout_config_id, c.slot_start, c.processor_type, c.shard, c.jobs, c.errors, c.successes, c.timed_jobs,
           c.processing_seconds, c.treated, c.leaks, c.last_leak_at, c.recorded, c.clock_skew
    from rollout.job_counts c
    union all
    select d.rollout_config_id, d.slot_start, d.processor_type, 0::smallint, d.jobs, d.errors, d.successes,
           d.timed_jobs, d.processing_seconds, d.treated, d.leaks, d.last_leak_at, d.recorded, d.clock_skew
    from rollout.job_deltas d;
comment on view rollout.counts is
    'R7: jobs per slot of time and arm, folded or not: all that is read of rollout.job_counts is read here.';

create or replace view rollout.counted_errors with (security_invoker = true) as
    select k.rollout_config_id, k.kind, k.processor_type, k.treated, k.errors, k.judged_errors, k.judged_since,
           k.first_seen_at, k.first_percentage, k.last_seen_at, k.sample, k.repositories
    from rollout.error_kinds k
    union all
    select d.rollout_config_id, d.kind, d.processor_type, d.treated, d.errors,
           case when d.failed_at < c.restarted_at then 0 else d.errors end, c.restarted_at, d.failed_at, d.percentage,
           d.failed_at, d.sample, d.repositories
    from rollout.error_deltas d join public.rollout_configuration c on c.id = d.rollout_config_id;
comment on view rollout.counted_errors is 'R8: errors in kinds, folded or not.';

create table if not exists rollout.unjudged (
    rollout_config_id uuid not null,
    reported_at timestamptz not null default clock_timestamp(),
    waited_for text,
    remedy text
);
alter table rollout.unjudged enable row level security;
comment on table rollout.unjudged is
    'R8: reports that were judged on what was visible, past the line of those that are judged: whoever judges next '
    'judges them, too, and removes them.';
comment on column rollout.unjudged.waited_for is 'Who was in the way; empty if it was the isolation of the report.';
comment on column rollout.unjudged.remedy is 'The statement that ends what was in the way.';

create table if not exists rollout.odd_counts (
    rollout_config_id uuid not null,
    role_name name not null,
    day date not null default current_date,
    primary key (rollout_config_id, role_name, day)
);
alter table rollout.odd_counts enable row level security;
comment on table rollout.odd_counts is
    'R7: who wrote counts into rollout_metrics that no job can have, and on which day: they are kept and not judged.';

alter table rollout.reported_jobs
    add column if not exists counted_at timestamptz,
    add column if not exists arm boolean;
comment on column rollout.reported_jobs.counted_at is
    'R16: the moment for which the job counted, so that another outcome of it can take its place.';
comment on column rollout.reported_jobs.arm is 'R7: the arm in which it counted.';

alter table public.rollout_configuration
    add column if not exists most_jobs_of_a_row integer,
    add column if not exists ignored_errors text[],
    add column if not exists ignored_job_types text[];
comment on column public.rollout_configuration.most_jobs_of_a_row is
    'R7: a row of rollout_metrics that claims more jobs is kept and not judged.';
comment on column public.rollout_configuration.ignored_errors is
    'R7: kinds of errors that are counted and shown, and not judged.';
comment on column public.rollout_configuration.ignored_job_types is
    'R16: types of jobs that are not the feature''s: they are shown apart, and neither judged nor a gate.';

do $$
begin
    if not exists (
        select from pg_attribute a
        where a.attrelid = 'rollout.report'::regclass and a.attname = 'arm') then
        alter type rollout.report add attribute arm boolean;
    end if;
end $$;
comment on type rollout.report is
    'R7: a finished job by the arguments of record_rollout_job, its place in the batch, the moment for which it '
    'counts, whether it began in the rollout although its repository was out, and its arm.';

-- A row of record_rollout_job that another transaction has locked is left alone and another is begun: one of a key is
-- the rule, several are none that is broken.
drop index if exists public.rollout_metrics_recorded_window;
create index if not exists rollout_metrics_recorded
    on public.rollout_metrics (rollout_config_id, repository_id, processor_type, treated, recorded_window)
    where recorded_window is not null;

-- What spared the line a lock was judged as a transaction commits.
drop trigger if exists rollout_metrics_judged on public.rollout_metrics;
drop function if exists rollout.metrics_judged();
