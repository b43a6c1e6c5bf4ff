"""Existing deployments that a migration adopts, written from what is known of the real one."""

from __future__ import annotations

TABLES = """
create table repositories (
    id uuid primary key default gen_random_uuid(), github_id bigint unique not null, full_name text unique not null,
    owner text not null, name text not null, description text, language text, stargazers_count integer default 0,
    forks_count integer, open_issues_count integer, is_private boolean, is_active boolean default true,
    first_tracked_at timestamptz not null, last_updated_at timestamptz not null, pull_request_count integer,
    unique (owner, name));
create table pull_requests (
    id uuid primary key default gen_random_uuid(), github_id bigint unique not null, number integer not null,
    title text not null, state text not null, repository_id uuid not null references repositories on delete cascade,
    author_id uuid not null, head_branch text not null, created_at timestamptz not null, updated_at timestamptz not null,
    merged_at timestamptz, unique (repository_id, number));
create table rollout_configuration (
    id uuid primary key default gen_random_uuid(), feature_name varchar(100) not null,
    rollout_percentage integer default 0 check (rollout_percentage >= 0 and rollout_percentage <= 100),
    is_active boolean default false, target_repositories text[] default '{}', excluded_repositories text[] default '{}',
    rollout_strategy varchar(50) default 'percentage', max_error_rate decimal(5,2) default 5.0,
    monitoring_window_hours integer default 24, auto_rollback_enabled boolean default true,
    emergency_stop boolean default false, metadata jsonb default '{}',
    created_at timestamptz default now(), updated_at timestamptz default now());
create table repository_categories (
    id uuid primary key default gen_random_uuid(), repository_id uuid references repositories on delete cascade,
    category varchar(20) not null, priority_level integer default 0, is_test_repository boolean default false,
    star_count integer default 0, contributor_count integer default 0, pr_count integer default 0,
    monthly_activity_score integer default 0, last_categorized_at timestamptz default now(),
    created_at timestamptz default now(), updated_at timestamptz default now(), unique (repository_id));
create table rollout_metrics (
    id uuid primary key default gen_random_uuid(),
    rollout_config_id uuid references rollout_configuration on delete cascade,
    repository_id uuid references repositories on delete cascade, processor_type varchar(20) not null,
    success_count integer default 0, error_count integer default 0, total_jobs integer default 0,
    average_processing_time decimal(10,2), last_error_message text, last_error_at timestamptz,
    metrics_window_start timestamptz, metrics_window_end timestamptz,
    created_at timestamptz default now(), updated_at timestamptz default now());
create table rollout_history (
    id uuid primary key default gen_random_uuid(),
    rollout_config_id uuid references rollout_configuration on delete cascade, action varchar(50) not null,
    previous_percentage integer, new_percentage integer, reason text, triggered_by varchar(100),
    metadata jsonb default '{}', created_at timestamptz default now());
"""

# With awkward functions and rows: two active configurations, nulls, a mark made by hand, no row-level security on most.
EXISTING = (
    TABLES
    + """
alter table rollout_configuration enable row level security;
create policy rollout_config_public_read on rollout_configuration for select to public using (true);

create function categorize_repository(repo_id uuid) returns text language plpgsql as $$
begin perform contributors_count from repositories where id = repo_id; return 'test'; end $$;
create function is_repository_eligible_for_rollout(
    repo_id uuid, feature_name text default 'hybrid_progressive_capture') returns boolean language plpgsql as $$
begin return hashtext(repo_id::text) % 100 < 0; end $$;

insert into repositories (github_id, full_name, owner, name, stargazers_count, first_tracked_at, last_updated_at)
select n, 'acme/r' || n, 'acme', 'r' || n, case when n % 3 = 0 then null else n end, now(), now() from generate_series(1, 60) n;
insert into rollout_configuration (id, feature_name, rollout_percentage, is_active, updated_at) values
    ('00000000-0000-4000-8000-00000000000a', 'hybrid_progressive_capture', 50, true, now() - interval '9 days'),
    ('00000000-0000-4000-8000-00000000000b', 'hybrid_progressive_capture', 10, true, now() - interval '1 day'),
    ('00000000-0000-4000-8000-00000000000c', 'other_feature', null, true, null);
update rollout_configuration set emergency_stop = null, metadata = null, target_repositories = null,
    monitoring_window_hours = null, max_error_rate = null, rollout_strategy = null where feature_name = 'other_feature';
insert into repository_categories (repository_id, category, is_test_repository, star_count, priority_level)
select id, 'test', true, 9000, 100 from repositories where github_id = 1;
insert into repository_categories (repository_id, category, star_count)
select id, 'small', 20 from repositories where github_id between 2 and 40;
insert into rollout_metrics (rollout_config_id, repository_id, processor_type, success_count, error_count, total_jobs, average_processing_time)
select '00000000-0000-4000-8000-00000000000b', id, 'inngest', 9, 1, 10, 12.5 from repositories where github_id = 2;
insert into rollout_history (rollout_config_id, action, previous_percentage, new_percentage, triggered_by, metadata, created_at) values
    ('00000000-0000-4000-8000-00000000000b', 'updated', 0, 10, 'phase6_script', null, now() - interval '2 days'),
    (null, 'created', null, null, null, null, null);
"""
)

# The host's functions. The hash goes negative, so that half are in at 0 %; by size everybody is in from 5 % on; and
# there is no column contributors_count, so that categorizing always fails.
FUNCTIONS = """
create function categorize_repository(repo_id uuid) returns text language plpgsql as $$
declare
    contributors integer;
begin
    select contributors_count into contributors from repositories where id = repo_id;
    insert into repository_categories (repository_id, category) values (repo_id, 'small');
    return 'small';
end $$;
create function is_repository_eligible_for_rollout(
    repo_id uuid, feature_name text default 'hybrid_progressive_capture') returns boolean language plpgsql as $$
declare
    config rollout_configuration;
    size text;
begin
    select * into config from rollout_configuration c
    where c.feature_name = is_repository_eligible_for_rollout.feature_name and c.is_active
    order by c.updated_at desc limit 1;
    if not found or config.emergency_stop or repo_id::text = any (config.excluded_repositories) then
        return false;
    elsif repo_id::text = any (config.target_repositories) then
        return true;
    elsif config.rollout_strategy = 'repository_size' then
        select k.category into size from repository_categories k where k.repository_id = repo_id;
        size := coalesce(size, categorize_repository(repo_id));
        return config.rollout_percentage >= 5;
    end if;
    return config.rollout_strategy = 'percentage' and hashtext(repo_id::text) % 100 < config.rollout_percentage;
end $$;
"""

GUARDED = "".join(
    f"alter table {table} enable row level security;"
    for table in ("rollout_configuration", "repository_categories", "rollout_metrics", "rollout_history")
)
READ_BY_ALL = GUARDED + "".join(
    f"create policy {table}_public_read on {table} for select using (true);"
    for table in ("rollout_configuration", "repository_categories", "rollout_metrics", "rollout_history")
)
SERVICE_ONLY = GUARDED + "".join(
    f"create policy service_only_all on {table} for all using (current_user = 'service_role');"
    for table in ("rollout_configuration", "repository_categories", "rollout_metrics", "rollout_history")
)
SECOND_CONFIGURATION = """
insert into rollout_configuration (feature_name, rollout_percentage, is_active, created_at, updated_at)
values ('hybrid_progressive_capture', 90, true, now() - interval '9 days', now() - interval '9 days');
"""
ROWS = """
insert into repositories (id, github_id, full_name, owner, name, stargazers_count, first_tracked_at, last_updated_at)
select md5(n::text)::uuid, n, 'acme/r' || n, 'acme', 'r' || n, n % 90, now(), now() from generate_series(1, 80) n;
insert into repository_categories (repository_id, category, star_count)
select id, case when stargazers_count = 0 then 'test' else 'small' end, stargazers_count
from repositories where github_id <= 60;
insert into rollout_configuration (feature_name, rollout_percentage, is_active, rollout_strategy, created_at, updated_at)
values ('hybrid_progressive_capture', 50, true, 'percentage', now() - interval '2 days', now() - interval '1 day'),
       ('at_zero', 0, true, 'percentage', now() - interval '2 days', now() - interval '1 day'),
       ('by_size', 5, true, 'repository_size', now() - interval '2 days', now() - interval '1 day');
update rollout_configuration set target_repositories = array[md5('7')::uuid::text]
where feature_name = 'hybrid_progressive_capture';
insert into rollout_metrics (
    rollout_config_id, repository_id, processor_type, success_count, error_count, total_jobs, average_processing_time,
    last_error_message, last_error_at)
select c.id, md5('3')::uuid, 'inngest', 9, 1, 10, 0, 'a secret of the host', now() - interval '30 hours'
from rollout_configuration c;
update rollout_metrics set created_at = now() - interval '30 hours', updated_at = now() - interval '30 hours';
insert into rollout_history (rollout_config_id, action, previous_percentage, new_percentage, triggered_by, created_at)
select id, 'updated', 0, rollout_percentage, 'phase6_script', now() - interval '1 day' from rollout_configuration;
"""

# The state of 2026-07-14: what came with the sync in two phases (2025-10-01), the clean-up of stuck jobs (2025-10-01),
# the service role alone on jobs (2025-12-16), pinned search_paths (2026-04-28) and private repositories (2026-07-12).
OF_2026 = (
    SERVICE_ONLY
    + """
alter table pull_requests alter repository_id drop not null, alter author_id drop not null,
    add author_github_id bigint, add repository_github_id bigint, add _dlt_id text not null, add _dlt_load_id text not null;
create index on pull_requests (repository_github_id);
alter table repositories enable row level security;
create policy repositories_read on repositories for select using (is_private is not true);
alter table pull_requests enable row level security;
create policy pull_requests_read on pull_requests for select using (
    exists (select from repositories r where r.id = repository_id));
update repositories set is_private = github_id % 9 = 0, pull_request_count = 0;
create table progressive_capture_jobs (
    id uuid primary key default gen_random_uuid(), job_type varchar(50) not null,
    repository_id uuid references repositories deferrable initially deferred,
    processor_type varchar(20) not null default 'github_actions', status varchar(20) default 'pending',
    time_range_days integer, workflow_run_id bigint, metadata jsonb default '{}', error text,
    created_at timestamptz default now(), started_at timestamptz, completed_at timestamptz);
create index on progressive_capture_jobs (processor_type, status, created_at);
alter table progressive_capture_jobs enable row level security;
create policy service_only_all on progressive_capture_jobs for all using (current_user = 'service_role');
create view stuck_jobs_monitor with (security_invoker = true) as
    select id, job_type, started_at from progressive_capture_jobs
    where status = 'processing' and started_at < now() - interval '10 minutes';
create schema cron;
create table cron.job (jobid bigserial primary key, jobname text, schedule text, command text, active boolean default true);
insert into cron.job (jobname, schedule, command) values ('cleanup-stuck-jobs', '*/15 * * * *', 'update …');
alter function is_repository_eligible_for_rollout(uuid, text) set search_path = public, pg_catalog, pg_temp;
alter function categorize_repository(uuid) set search_path = public, pg_catalog, pg_temp;
"""
)

# What an application of 2025 had beside its four tables from the day on which it queued jobs.
JOBS_OF_2025 = """
create table progressive_capture_jobs (
    id uuid primary key default gen_random_uuid(), job_type varchar(50) not null,
    repository_id uuid references repositories on delete cascade,
    processor_type varchar(20) not null default 'github_actions', status varchar(20) default 'pending',
    time_range_days integer, workflow_run_id bigint, metadata jsonb default '{}', error text,
    created_at timestamptz default now(), started_at timestamptz, completed_at timestamptz);
create index on progressive_capture_jobs (processor_type, status, created_at);
alter table progressive_capture_jobs enable row level security;
create policy jobs_are_read on progressive_capture_jobs for select to authenticated using (true);
"""

SHAPES = {
    "open policies": READ_BY_ALL,
    "service-only policies": SERVICE_ONLY,
    "an insert policy for anon": READ_BY_ALL
    + "create policy rollout_metrics_public_insert on rollout_metrics for insert to anon with check (true);",
    "two active configurations": READ_BY_ALL + SECOND_CONFIGURATION,
    "the state of July 2026": OF_2026,
}


def deployment(shape: str, *, rows: bool = True) -> str:
    """Return the script that builds a deployment of one of the shapes."""
    return TABLES + FUNCTIONS + (ROWS if rows else "") + SHAPES[shape]
