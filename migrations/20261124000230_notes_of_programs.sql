-- What the programs note: reported jobs, runs, monitors at work, alerts, and which rules are in force.
create table if not exists public.rollout_reported_jobs (
    rollout_config_id uuid not null,
    job_id text not null,
    reported_at timestamptz not null default now(),
    primary key (rollout_config_id, job_id)
);
comment on table public.rollout_reported_jobs is
    'R7: ids of jobs that were reported, so that a report that is sent twice counts once.';

create table if not exists public.rollout_follow_errors (
    only_row boolean primary key default true check (only_row),
    failures bigint not null,
    failed_at timestamptz not null,
    message text
);
comment on table public.rollout_follow_errors is
    'R16: how often the trigger on the host''s table of jobs could not record an outcome, and why not the last time.';

create table if not exists public.rollout_categorization_runs (
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
comment on table public.rollout_categorization_runs is
    'Where each categorizeAll stands; the unfinished one, if any, is continued by the next batch (R3).';
comment on column public.rollout_categorization_runs.last_operation is
    'Operation id of the last batch: sent again because its answer was lost, it must not begin another run.';

create table if not exists public.rollout_categorization_state (
    only_row boolean primary key default true check (only_row),
    position uuid,
    uncategorized bigint,
    counted_at timestamptz,
    last_operation uuid,
    last_answer jsonb
);
comment on table public.rollout_categorization_state is
    'One row: where rollout_catch_up() goes on, and how many repositories it last found without a category (R3).';

create table if not exists public.rollout_monitors (
    id uuid primary key,
    feature_name text not null,
    operator text,
    host text,
    every_seconds integer not null,
    started_at timestamptz not null default clock_timestamp(),
    seen_at timestamptz not null default clock_timestamp()
);
comment on table public.rollout_monitors is
    'Heartbeats of running monitors, so that each knows of the others. No rollout changes: they leave no history.';

create table if not exists public.rollout_alerts (
    feature_name text not null,
    event text not null,
    raised_at timestamptz not null default clock_timestamp(),
    raised_by uuid not null,
    cleared_at timestamptz,
    cleared_by uuid,
    constraint rollout_alerts_once primary key (feature_name, event)
);
alter table public.rollout_alerts
    add column if not exists kind text,
    add column if not exists claimed_by uuid,
    add column if not exists claimed_until timestamptz,
    add column if not exists sent_at timestamptz;
comment on table public.rollout_alerts is
    'Events to alert for, so that each is told once: a history row by its id, or a state until it is cleared. '
    'A monitor claims one for a while, sends the alert, and says so.';

create table if not exists public.rollout_rules (
    applied_at timestamptz primary key default clock_timestamp(),
    checksum text not null
);
comment on table public.rollout_rules is
    'Which rules (the files in migrations/rules) were applied when; the newest row is the one in force.';
