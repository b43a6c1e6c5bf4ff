-- The tables: the host's if they are missing, the rollout's four built or adopted with
-- their rows, and the counters derived from them.

-- Host tables exist in production and are never altered. An empty database gets the columns
-- that the web application has, behind row-level security like everything else here.
do $$
begin
    if to_regclass('public.repositories') is null then
        create table public.repositories (
            id uuid primary key default gen_random_uuid(),
            github_id bigint unique not null,
            full_name text unique not null,
            owner text not null,
            name text not null,
            description text,
            language text,
            stargazers_count integer default 0,
            forks_count integer default 0,
            open_issues_count integer default 0,
            is_private boolean default false,
            is_active boolean default true,
            first_tracked_at timestamptz not null default now(),
            last_updated_at timestamptz not null default now(),
            unique (owner, name)
        );
        alter table public.repositories enable row level security;
        create policy repositories_public_read on public.repositories for select using (true);

        -- Only with repositories that are new as well: a host that has its own has jobs in its own way, or none.
        create table if not exists public.progressive_capture_jobs (
            id uuid primary key default gen_random_uuid(),
            job_type varchar(50) not null,
            repository_id uuid references public.repositories on delete cascade,
            processor_type varchar(20) not null default 'github_actions',
            status varchar(20) default 'pending',
            time_range_days integer,
            workflow_run_id bigint,
            metadata jsonb default '{}',
            error text,
            created_at timestamptz default now(),
            started_at timestamptz,
            completed_at timestamptz
        );
        create index on public.progressive_capture_jobs (processor_type, status, created_at);
        create index on public.progressive_capture_jobs (repository_id, created_at);
        create index on public.progressive_capture_jobs (status, created_at);
        create index on public.progressive_capture_jobs (workflow_run_id);
        alter table public.progressive_capture_jobs enable row level security;
        if exists (select from pg_roles r where r.rolname = 'authenticated') then
            create policy progressive_capture_jobs_read on public.progressive_capture_jobs
                for select to authenticated using (true);
        end if;
    end if;

    if to_regclass('public.pull_requests') is null then
        create table public.pull_requests (
            id uuid primary key default gen_random_uuid(),
            github_id bigint unique not null,
            number integer not null,
            title text not null,
            state text not null,
            repository_id uuid not null references public.repositories on delete cascade,
            author_id uuid not null,
            head_branch text not null,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            merged_at timestamptz,
            unique (repository_id, number)
        );
        alter table public.pull_requests enable row level security;
        create policy pull_requests_public_read on public.pull_requests for select using (true);
    end if;
end $$;

-- The rollout's four. Their rights are given here, once, to a table that this step creates; whatever the host, or an
-- operator later on, has set is never touched again (R11).
do $$
declare
    rollout_tables constant text[] := '{rollout_configuration,repository_categories,rollout_metrics,rollout_history}';
    adopted constant text[] := array(
        select t from unnest(rollout_tables) t where to_regclass('public.' || t) is not null);
    created text;
    grantee text;
begin
    create table if not exists public.rollout_configuration (
        id uuid primary key default gen_random_uuid(),
        feature_name varchar(100) not null,
        rollout_percentage integer default 0 check (rollout_percentage between 0 and 100),
        is_active boolean default false,
        target_repositories text[] default '{}',
        excluded_repositories text[] default '{}',
        rollout_strategy varchar(50) default 'repository_size',
        max_error_rate decimal(5, 2) default 5.0,
        monitoring_window_hours integer default 24,
        auto_rollback_enabled boolean default true,
        emergency_stop boolean default false,
        metadata jsonb default '{}',
        created_at timestamptz default now(),
        updated_at timestamptz default now()
    );

    create table if not exists public.repository_categories (
        id uuid primary key default gen_random_uuid(),
        repository_id uuid unique references public.repositories on delete cascade,
        category varchar(20) not null,
        priority_level integer default 0,
        is_test_repository boolean default false,
        star_count integer default 0,
        contributor_count integer default 0,
        pr_count integer default 0,
        monthly_activity_score integer default 0,
        last_categorized_at timestamptz default now(),
        created_at timestamptz default now(),
        updated_at timestamptz default now()
    );

    create table if not exists public.rollout_metrics (
        id uuid primary key default gen_random_uuid(),
        rollout_config_id uuid references public.rollout_configuration on delete cascade,
        repository_id uuid references public.repositories on delete cascade,
        processor_type varchar(20) not null,
        success_count integer default 0,
        error_count integer default 0,
        total_jobs integer default 0,
        average_processing_time decimal(10, 2),
        last_error_message text,
        last_error_at timestamptz,
        metrics_window_start timestamptz,
        metrics_window_end timestamptz,
        created_at timestamptz default now(),
        updated_at timestamptz default now()
    );

    create table if not exists public.rollout_history (
        id uuid primary key default gen_random_uuid(),
        rollout_config_id uuid references public.rollout_configuration on delete cascade,
        action varchar(50) not null,
        previous_percentage integer,
        new_percentage integer,
        reason text,
        triggered_by varchar(100),
        metadata jsonb default '{}',
        created_at timestamptz default now()
    );

    for created in select t from unnest(rollout_tables) t where t <> all (adopted) loop
        execute format('alter table public.%I enable row level security', created);
        execute format('create policy rollout_public_read on public.%I for select using (true)', created);
        for grantee in select r.rolname from pg_roles r where r.rolname in ('anon', 'authenticated') loop
            execute format('revoke all on public.%I from %I', created, grantee);
            execute format('grant select on public.%I to %I', created, grantee);
        end loop;
        if exists (select from pg_roles r where r.rolname = 'service_role') then
            execute format('grant select, insert, update, delete on public.%I to service_role', created);
        end if;
    end loop;
end $$;

-- What the existing deployment lacks.
alter table public.rollout_configuration
    add column if not exists minimum_sample integer,
    add column if not exists emergency_stop_reason text,
    add column if not exists emergency_stopped_at timestamptz,
    add column if not exists percentage_since timestamptz,
    add column if not exists restarted_at timestamptz,
    add column if not exists narrowed_at timestamptz,
    add column if not exists whitelist_until jsonb not null default '{}',
    add column if not exists breaker_enabled boolean,
    add column if not exists application_check boolean,
    add column if not exists stuck_after_minutes integer,
    add column if not exists act_on_warnings boolean,
    add column if not exists judged_reports text
        constraint rollout_configuration_judged_reports check (judged_reports in ('all', 'outcomes')),
    add column if not exists guardrail text
        constraint rollout_configuration_guardrail check (guardrail in ('manual', 'rate', 'evidence')),
    add column if not exists follow_jobs boolean,
    add column if not exists plan jsonb,
    add column if not exists held_reason text,
    add column if not exists held_by text,
    add column if not exists held_at timestamptz,
    add column if not exists accepted_signals text[],
    add column if not exists auto_advance boolean,
    add column if not exists on_breach text
        constraint rollout_configuration_on_breach check (on_breach in ('zero', 'step_back', 'hold')),
    add column if not exists long_lists boolean not null default false,
    add column if not exists keep_days integer;
alter table public.repository_categories
    add column if not exists pinned_as_test boolean not null default false;
alter table public.rollout_metrics
    add column if not exists timed_jobs integer,
    add column if not exists processing_seconds numeric,
    add column if not exists treated boolean,
    add column if not exists recorded_window timestamptz,
    add column if not exists last_started_at timestamptz,
    add column if not exists queued boolean;

comment on table public.rollout_configuration is 'One active row per feature: what the operator has set.';
comment on column public.rollout_configuration.minimum_sample is
    'R7: jobs in the window below which an error rate is not a breach.';
comment on column public.rollout_configuration.emergency_stop_reason is
    'R5: why traffic was halted; empty when it is not.';
comment on column public.rollout_configuration.emergency_stopped_at is
    'R5: when traffic was halted; empty when it is not.';
comment on column public.rollout_configuration.percentage_since is 'R2: since when rollout_percentage has its value.';
comment on column public.rollout_configuration.restarted_at is
    'R7: last time traffic left 0 % or an emergency stop; health never looks further back.';
comment on column public.rollout_configuration.narrowed_at is
    'R18: when traffic was halted or lowered; empty once it has been raised again.';
comment on column public.rollout_configuration.whitelist_until is
    'R9: until when entries of target_repositories decide, by entry; those that are not here decide until removed.';
comment on column public.rollout_configuration.breaker_enabled is
    'R8: whether auto-rollback is on. The web application''s own check obeys auto_rollback_enabled, which follows this '
    'column unless that check is silenced.';
comment on column public.rollout_configuration.application_check is
    'Whether the web application''s own check may roll back; if not, it reads that auto-rollback is off.';
comment on column public.rollout_configuration.judged_reports is
    'R7: all, or outcomes: then successes that the web application writes as it queues a job are kept and not judged.';
comment on column public.rollout_configuration.stuck_after_minutes is
    'R16: how far beyond its target a job in processing is stuck.';
comment on column public.rollout_configuration.act_on_warnings is
    'R16: whether a health check rolls back on what became of the jobs, too.';
comment on column public.rollout_configuration.guardrail is
    'R8: where the breaker asks for evidence: manual (at reports), rate (nowhere), evidence (at health checks, too).';
comment on column public.rollout_configuration.follow_jobs is
    'R16: whether a trigger on the host''s table of jobs records each outcome.';
comment on column public.rollout_configuration.plan is
    'R17: steps (percentage, hours), change_window, frozen_until; what is missing is the manual''s, or any time.';
comment on column public.rollout_configuration.held_reason is 'R17: why the ramp is held; empty when it is not.';
comment on column public.rollout_configuration.held_by is 'R17: who holds the ramp, or what.';
comment on column public.rollout_configuration.held_at is 'R17: since when the ramp is held.';
comment on column public.rollout_configuration.accepted_signals is
    'R17: weak signals that a release has accepted, until they end; none unless auto_advance is on.';
comment on column public.rollout_configuration.auto_advance is
    'R17: whether the monitor goes up the plan, one step at a time.';
comment on column public.rollout_configuration.on_breach is
    'R17: what the breaker does: zero, step_back (to the step before, and holds) or hold.';
comment on column public.rollout_configuration.keep_days is
    'How many days reports and job ids are kept; history is kept for good.';
comment on column public.rollout_configuration.long_lists is
    'R9: whether a decision reads rollout_list_entries instead of the two lists; derived, kept by a trigger.';
comment on table public.repository_categories is
    'Size category of each repository (R3); one row per categorized repository.';
comment on column public.repository_categories.pinned_as_test is
    'R3: set by markAsTest; categorization leaves the row alone while it is true.';
comment on table public.rollout_metrics is
    'Job counters per repository, processor, arm and window, written by record_rollout_job, and by the web application '
    'a row for each job.';
comment on column public.rollout_metrics.timed_jobs is
    'Jobs behind processing_seconds; null in rows that the web application writes itself.';
comment on column public.rollout_metrics.processing_seconds is
    'Sum of processing times, in seconds, of timed_jobs jobs.';
comment on column public.rollout_metrics.treated is
    'R7: whether the jobs belong to the treatment or the control; empty in rows that are older than this column.';
comment on column public.rollout_metrics.recorded_window is
    'Beginning of the window in which record_rollout_job added the jobs up; empty in rows that others write. It stands '
    'here and metrics_window_start stays empty, so that the web application does not find the row and overwrite it.';
comment on column public.rollout_metrics.last_started_at is 'When the job that was reported last began, if known.';
comment on column public.rollout_metrics.queued is
    'R7: the successes of this row mean that jobs were queued, so they are not judged.';
comment on table public.rollout_history is 'Append-only record of every change (R10).';

create table if not exists public.rollout_category_counts (
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
    primary key (feature_name, category)
);
comment on table public.rollout_category_counts is
    'Derived, kept by triggers: repositories per category and their totals, the bucket below which they are eligible '
    'at the percentage that is set, and how many that are (R1).';

alter table public.rollout_category_counts add column if not exists listed bigint not null default 0;
comment on column public.rollout_category_counts.listed is
    'R1: by how many more the lists make eligible, entries without an end only.';

create table if not exists public.rollout_buckets (
    feature_name text not null,
    category text not null,
    width integer not null check (width in (1, 100)),
    bucket integer not null,
    repositories integer not null,
    primary key (feature_name, category, width, bucket)
) with (fillfactor = 50);  -- room beside each row, so that counting rewrites no index
comment on table public.rollout_buckets is
    'Derived, kept by triggers: repositories per category and hash bucket, and per hundred buckets, so that any '
    'percentage is counted from at most 200 rows (R1).';
comment on column public.rollout_buckets.width is 'How many buckets the row counts, from bucket on: 1 or 100.';

create table if not exists public.rollout_list_entries (
    rollout_config_id uuid not null references public.rollout_configuration on delete cascade,
    repository_id uuid not null,
    blacklisted boolean not null,
    whitelisted boolean not null,
    until timestamptz,
    category text,
    bucket integer not null,
    primary key (rollout_config_id, repository_id)
);
comment on table public.rollout_list_entries is
    'Derived, kept by triggers: the ids on whitelist and blacklist, so that lists of any length cost a decision one '
    'look-up (R9). The lists themselves are columns of rollout_configuration.';
comment on column public.rollout_list_entries.until is
    'R9: when the entry of the whitelist stops deciding; empty if it never does.';
comment on column public.rollout_list_entries.category is
    'R1: the repository''s category, so that a status need not look it up; empty if it has none.';

create table if not exists public.rollout_job_counts (
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
comment on table public.rollout_job_counts is
    'Derived, kept by a trigger on rollout_metrics: jobs per slot of time and arm, so that a window is summed from a '
    'bounded number of rows (R7). Shards keep parallel reporters off one row.';
comment on column public.rollout_job_counts.leaks is
    'R18: jobs that began in the rollout although a stop or a lowering had taken their repository out.';
comment on column public.rollout_job_counts.recorded is
    'How many of the jobs record_rollout_job reported; the web application wrote the others itself.';
comment on column public.rollout_job_counts.clock_skew is
    'Seconds by which the web application''s clock was last seen behind this server''s; negative if ahead.';

do $$
begin
    if to_regtype('public.rollout_report') is null then
        create type public.rollout_report as (
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
comment on type public.rollout_report is
    'R7: a finished job by the arguments of record_rollout_job, its place in the batch, the moment for which it '
    'counts, and whether it began in the rollout although its repository was out.';

create table if not exists public.rollout_error_kinds (
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
comment on table public.rollout_error_kinds is
    'Kept by a trigger on rollout_metrics: errors by kind, a bounded number of kinds, of repositories and of '
    'characters. Shards keep parallel reporters off one row.';
comment on column public.rollout_error_kinds.kind is
    'The message without numbers, ids and names; empty for all kinds that came when there were too many.';
comment on column public.rollout_error_kinds.judged_errors is
    'R7: those since the restart in judged_since, of jobs that began after it.';
comment on column public.rollout_error_kinds.first_percentage is
    'The percentage in effect when the kind was first seen.';

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

create index if not exists rollout_metrics_recent_errors
    on public.rollout_metrics (rollout_config_id, last_error_at desc) where last_error_at is not null;
-- Rows lie in the order of their creation: these cost a report next to nothing, and removing old rows reads only those.
create index if not exists rollout_metrics_by_age on public.rollout_metrics using brin (created_at);
create index if not exists rollout_reported_jobs_by_age on public.rollout_reported_jobs using brin (reported_at);
create index if not exists rollout_history_by_time
    on public.rollout_history (rollout_config_id, created_at desc);
create index if not exists rollout_history_of_settings
    on public.rollout_history (rollout_config_id, created_at desc)
    where metadata ->> 'command' in ('configure', 'undo') or metadata ? 'outside_console';
create index if not exists rollout_history_recorded
    on public.rollout_history (rollout_config_id, created_at desc) where metadata ? 'before';
create index if not exists rollout_history_of_the_application
    on public.rollout_history (rollout_config_id, created_at desc)
    where not metadata ? 'before' and previous_percentage is distinct from new_percentage;
create index if not exists rollout_history_of_lists
    on public.rollout_history (rollout_config_id, created_at desc)
    where metadata ? 'before' and (metadata ? 'overwritten'
        or metadata ->> 'command' in ('addToWhitelist', 'removeFromWhitelist', 'note'));
create index if not exists rollout_configuration_by_feature
    on public.rollout_configuration (feature_name, is_active);
create index if not exists rollout_list_entries_with_an_end
    on public.rollout_list_entries (rollout_config_id) where until is not null;
create index if not exists rollout_list_entries_by_repository
    on public.rollout_list_entries (repository_id);
create index if not exists repository_categories_by_category
    on public.repository_categories (category, repository_id);
-- Rows of record_rollout_job only.
create unique index if not exists rollout_metrics_recorded_window
    on public.rollout_metrics (rollout_config_id, repository_id, processor_type, treated, recorded_window)
    where recorded_window is not null;
create unique index if not exists rollout_categorization_runs_one_open
    on public.rollout_categorization_runs ((finished_at is null)) where finished_at is null;
