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
        repository_id uuid unique,
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
        repository_id uuid,
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
        if created in ('repository_categories', 'rollout_metrics') and exists (  -- another host has none
            select from pg_attribute a
            where a.attrelid = to_regclass('public.repositories') and a.attname = 'id' and a.atttypid = 'uuid'::regtype)
        then
            execute format('alter table public.%I add foreign key (repository_id) references public.repositories'
                           ' on delete cascade', created);
        end if;
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

create index if not exists rollout_metrics_recent_errors
    on public.rollout_metrics (rollout_config_id, last_error_at desc) where last_error_at is not null;
-- Rows lie in the order of their creation: these cost a report next to nothing, and removing old rows reads only those.
create index if not exists rollout_metrics_by_age on public.rollout_metrics using brin (created_at);
create index if not exists rollout_metrics_by_repository on public.rollout_metrics (repository_id);  -- its foreign key
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
create index if not exists repository_categories_by_category
    on public.repository_categories (category, repository_id);
-- Rows of record_rollout_job only.
create unique index if not exists rollout_metrics_recorded_window
    on public.rollout_metrics (rollout_config_id, repository_id, processor_type, treated, recorded_window)
    where recorded_window is not null;

-- The existing deployment allows two active configurations of one feature; the newest stays active. On first
-- adoption no trigger is there yet that would record it, so the history rows are written here.
with superseded as (
    update public.rollout_configuration c
    set is_active = false
    where c.is_active and exists (
        select from public.rollout_configuration newer
        where newer.is_active and newer.feature_name = c.feature_name
          -- of two of the same moment the one that lets fewer in
          and (coalesce(newer.updated_at, newer.created_at, '-infinity'),
               case when newer.emergency_stop then 0 else -newer.rollout_percentage end, newer.id)
            > (coalesce(c.updated_at, c.created_at, '-infinity'),
               case when c.emergency_stop then 0 else -c.rollout_percentage end, c.id))
    returning c.id, c.rollout_percentage
)
insert into public.rollout_history (
    rollout_config_id, action, previous_percentage, new_percentage, reason, triggered_by, metadata)
select s.id, 'updated', s.rollout_percentage, s.rollout_percentage,
       'another active configuration of the same feature is newer, or as new and lets fewer in', 'migration',
       '{"command": "migrate", "before": {"is_active": true}, "after": {"is_active": false}, "details": {}}'
from superseded s;

create unique index if not exists rollout_configuration_one_active
    on public.rollout_configuration (feature_name) where is_active;
