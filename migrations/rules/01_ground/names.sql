-- R11: what is the rollout's, by its name. All else in `public` is the host's, whatever it is called: the host may
-- have a rollout_… of its own.

create or replace function rollout.is_our_table(relation oid)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select c.relnamespace = 'rollout'::regnamespace
        or c.relnamespace = 'public'::regnamespace and c.relname in (
            'rollout_configuration', 'rollout_metrics', 'rollout_history', 'repository_categories',
            'rollout_host_repositories', 'rollout_host_jobs')
    from pg_class c where c.oid = coalesce(pg_partition_root(relation), relation)
$$;
comment on function rollout.is_our_table(oid) is
    'R11: whether a table, a view or a sequence belongs to the rollout; a partition does if its table does.';

create or replace function rollout.is_our_function(namespace oid, name name)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select namespace = 'rollout'::regnamespace
        or namespace = 'public'::regnamespace and (
            name in ('is_repository_eligible_for_rollout', 'categorize_repository', 'record_rollout_job',
                     'record_rollout_jobs')
            or name like 'rollout\_%' and substr(name, 9) = any ('{
                add_to_blacklist, add_to_whitelist, advance, auto_advance, backtest, begin, blocked, catch_up,
                categories, categorize_batch, check_health, claim_alerts, configure, confirm_alerts, create,
                eligible_repositories, emergency_stop, error_trend, errors, explain, features, find_repositories,
                guardrail, hold, host_jobs, host_processors, jobs, list_history, list_settings, mark_as_test,
                monitor_beat, newest_change, newest_in_order, note, overview, phases, plan, preview, release,
                remove_from_blacklist, remove_from_whitelist, remove_old, resume, rollback, schema_version,
                seed_whitelist, set_auto_rollback, set_percentage, set_plan, setup_plan, show_metrics, show_whitelist,
                simulate, stats, status, test_repositories, timeline, undo, unmark_as_test, verify}'))
$$;
comment on function rollout.is_our_function(oid, name) is
    'R11: whether a function belongs to the rollout.';
