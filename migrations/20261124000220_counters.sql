-- The counters that triggers derive, so that no report has to read all rows (R1, R7).
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
