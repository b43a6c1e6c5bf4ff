-- Indexes on the tables of the steps before.
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
