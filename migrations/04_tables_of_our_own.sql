-- The counters that triggers derive, so that no report has to read all rows (R1, R7).
create table if not exists rollout.category_counts (
    feature_name text not null,
    category text not null,
    repositories bigint not null default 0,
    cutoff integer not null default 0,
    eligible bigint not null default 0,
    stars bigint not null default 0,
    contributors bigint not null default 0,
    pull_requests bigint not null default 0,
    activity bigint not null default 0,
    pinned bigint not null default 0,
    listed bigint not null default 0,
    primary key (feature_name, category)
);
alter table rollout.category_counts enable row level security;
comment on table rollout.category_counts is
    'Derived, kept by triggers: repositories per category and their totals, the bucket below which they are eligible '
    'at the percentage that is set, and how many that are (R1).';

comment on column rollout.category_counts.listed is
    'R1: by how many more the lists make eligible, entries without an end only.';

create table if not exists rollout.buckets (
    feature_name text not null,
    category text not null,
    width integer not null check (width in (1, 100)),
    bucket integer not null,
    repositories integer not null,
    primary key (feature_name, category, width, bucket)
) with (fillfactor = 50);  -- room beside each row, so that counting rewrites no index
alter table rollout.buckets enable row level security;
comment on table rollout.buckets is
    'Derived, kept by triggers: repositories per category and hash bucket, and per hundred buckets, so that any '
    'percentage is counted from at most 200 rows (R1).';
comment on column rollout.buckets.width is 'How many buckets the row counts, from bucket on: 1 or 100.';

create table if not exists rollout.list_entries (
    rollout_config_id uuid not null references public.rollout_configuration on delete cascade,
    repository_id uuid not null,
    blacklisted boolean not null,
    whitelisted boolean not null,
    until timestamptz,
    category text,
    bucket integer not null,
    primary key (rollout_config_id, repository_id)
);
alter table rollout.list_entries enable row level security;
comment on table rollout.list_entries is
    'Derived, kept by triggers: the ids on whitelist and blacklist, so that lists of any length cost a decision one '
    'look-up (R9). The lists themselves are columns of rollout_configuration.';
comment on column rollout.list_entries.until is
    'R9: when the entry of the whitelist stops deciding; empty if it never does.';
comment on column rollout.list_entries.category is
    'R1: the repository''s category, so that a status need not look it up; empty if it has none.';

create table if not exists rollout.job_counts (
    rollout_config_id uuid not null references public.rollout_configuration on delete cascade,
    slot_start timestamptz not null,
    processor_type text not null,
    shard smallint not null,
    jobs bigint not null,
    errors bigint not null,
    successes bigint not null,
    timed_jobs bigint not null,
    processing_seconds numeric not null,
    treated boolean not null,
    leaks bigint not null default 0,
    last_leak_at timestamptz,
    recorded bigint not null default 0,
    clock_skew double precision,
    primary key (rollout_config_id, slot_start, processor_type, treated, shard)
);
alter table rollout.job_counts enable row level security;
comment on table rollout.job_counts is
    'Derived, kept by a trigger on rollout_metrics: jobs per slot of time and arm, so that a window is summed from a '
    'bounded number of rows (R7). Shards keep parallel reporters off one row.';
comment on column rollout.job_counts.leaks is
    'R18: jobs that began in the rollout although a stop or a lowering had taken their repository out.';
comment on column rollout.job_counts.recorded is
    'How many of the jobs record_rollout_job reported; the web application wrote the others itself.';
comment on column rollout.job_counts.clock_skew is
    'Seconds by which the web application''s clock was last seen behind this server''s; negative if ahead.';

do $$
begin
    if to_regtype('rollout.report') is null then
        create type rollout.report as (
            repo_id uuid,
            processor text,
            success boolean,
            processing_seconds numeric,
            error_message text,
            started_at timestamptz,
            job_id text,
            treated boolean,
            -- what the database adds
            number integer,
            counted_at timestamptz,
            leaked boolean
        );
    end if;
end $$;
comment on type rollout.report is
    'R7: a finished job by the arguments of record_rollout_job, its place in the batch, the moment for which it '
    'counts, and whether it began in the rollout although its repository was out.';

do $$
begin
    if to_regtype('rollout.look') is null then
        create type rollout.look as (jobs rollout.job_counts[], health jsonb, warnings jsonb, jobs_unread boolean);
    end if;
end $$;
comment on type rollout.look is
    'R7 and R16: what one look at a rollout has found, passed on to all that judge or show it: the jobs of the window, '
    'health, what is wrong with the host''s jobs, and whether these could not be read.';

create table if not exists rollout.error_kinds (
    rollout_config_id uuid not null references public.rollout_configuration on delete cascade,
    kind text not null,
    processor_type text not null,
    treated boolean not null,
    shard smallint not null,
    errors bigint not null,
    judged_errors bigint not null,
    judged_since timestamptz,
    first_seen_at timestamptz not null,
    first_percentage integer not null,
    last_seen_at timestamptz not null,
    sample text not null,
    repositories uuid[] not null,
    primary key (rollout_config_id, kind, processor_type, treated, shard)
) with (fillfactor = 70);  -- room beside each row, so that counting rewrites no index
alter table rollout.error_kinds enable row level security;
comment on table rollout.error_kinds is
    'Kept by a trigger on rollout_metrics: errors by kind, a bounded number of kinds, of repositories and of '
    'characters. Shards keep parallel reporters off one row.';
comment on column rollout.error_kinds.kind is
    'The message without numbers, ids and names; empty for all kinds that came when there were too many.';
comment on column rollout.error_kinds.judged_errors is
    'R7: those since the restart in judged_since, of jobs that began after it.';
comment on column rollout.error_kinds.first_percentage is
    'The percentage in effect when the kind was first seen.';

create table if not exists rollout.reported_jobs (
    rollout_config_id uuid not null,
    job_id text not null,
    reported_at timestamptz not null default now(),
    primary key (rollout_config_id, job_id)
);
alter table rollout.reported_jobs enable row level security;
comment on table rollout.reported_jobs is
    'R7: ids of jobs that were reported, so that a report that is sent twice counts once.';

create table if not exists rollout.follow_errors (
    only_row boolean primary key default true check (only_row),
    failures bigint not null,
    failed_at timestamptz not null,
    message text
);
alter table rollout.follow_errors enable row level security;
comment on table rollout.follow_errors is
    'R16: how often the trigger on the host''s table of jobs could not record an outcome, and why not the last time.';

create table if not exists rollout.categorization_runs (
    id bigint generated always as identity primary key,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    position uuid,
    total bigint not null,
    processed bigint not null default 0,
    changed bigint not null default 0,
    transitions jsonb not null default '{}',
    last_operation uuid
);
alter table rollout.categorization_runs enable row level security;
comment on table rollout.categorization_runs is
    'Where each categorizeAll stands; the unfinished one, if any, is continued by the next batch (R3).';
comment on column rollout.categorization_runs.last_operation is
    'Operation id of the last batch: sent again because its answer was lost, it must not begin another run.';

create table if not exists rollout.categorization_state (
    only_row boolean primary key default true check (only_row),
    position uuid,
    uncategorized bigint,
    counted_at timestamptz,
    last_operation uuid,
    last_answer jsonb
);
alter table rollout.categorization_state enable row level security;
comment on table rollout.categorization_state is
    'One row: where rollout_catch_up() goes on, and how many repositories it last found without a category (R3).';

create table if not exists rollout.monitors (
    id uuid primary key,
    feature_name text not null,
    operator text,
    host text,
    every_seconds integer not null,
    started_at timestamptz not null default clock_timestamp(),
    seen_at timestamptz not null default clock_timestamp()
);
alter table rollout.monitors enable row level security;
comment on table rollout.monitors is
    'Heartbeats of running monitors, so that each knows of the others. No rollout changes: they leave no history.';

create table if not exists rollout.alerts (
    feature_name text not null,
    event text not null,
    raised_at timestamptz not null default clock_timestamp(),
    raised_by uuid not null,
    cleared_at timestamptz,
    cleared_by uuid,
    kind text,
    claimed_by uuid,
    claimed_until timestamptz,
    sent_at timestamptz,
    constraint alerts_once primary key (feature_name, event)
);
alter table rollout.alerts enable row level security;
comment on table rollout.alerts is
    'Events to alert for, so that each is told once: a history row by its id, or a state until it is cleared. '
    'A monitor claims one for a while, sends the alert, and says so.';

create table if not exists rollout.rules (
    applied_at timestamptz primary key default clock_timestamp(),
    checksum text not null,
    catalogue jsonb
);
alter table rollout.rules enable row level security;
comment on table rollout.rules is
    'Which rules (the files in migrations/rules) were applied when; the newest row is the one in force.';

create index if not exists reported_jobs_by_age on rollout.reported_jobs using brin (reported_at);
create index if not exists list_entries_with_an_end
    on rollout.list_entries (rollout_config_id) where until is not null;
create index if not exists list_entries_by_repository
    on rollout.list_entries (repository_id);
create unique index if not exists categorization_runs_one_open
    on rollout.categorization_runs ((finished_at is null)) where finished_at is null;
