-- A schema of our own: what nobody calls from outside leaves `public`, which the API serves.
create schema if not exists rollout;
do $$
declare
    item record;
begin
    for item in
        select t.name, to_regclass('public.rollout_' || t.name) as present
        from unnest('{category_counts,buckets,list_entries,job_counts,error_kinds,reported_jobs,follow_errors,
            categorization_runs,categorization_state,monitors,alerts,rules}'::text[]) t (name)
    loop
        if item.present is not null then
            execute format('alter table %s set schema rollout', item.present);
            execute format('alter table rollout.%I rename to %I', 'rollout_' || item.name, item.name);
        end if;
    end loop;
    if to_regtype('public.rollout_report') is not null then
        alter type public.rollout_report set schema rollout;
        alter type rollout.rollout_report rename to report;
    end if;
    for item in
        select p.oid::regprocedure as signature, p.proname as name, p.prorettype = 'trigger'::regtype as is_trigger,
               pg_get_function_identity_arguments(p.oid) as arguments
        from pg_proc p
        where p.pronamespace = 'public'::regnamespace and p.proname like 'rollout\_%'
          and p.proname <> all ('{
              rollout_add_to_blacklist,rollout_add_to_whitelist,rollout_advance,rollout_auto_advance,
              rollout_backtest,rollout_begin,rollout_blocked,rollout_catch_up,
              rollout_categories,rollout_categorize_batch,rollout_check_health,
              rollout_claim_alerts,rollout_configure,rollout_confirm_alerts,rollout_create,
              rollout_eligible_repositories,rollout_emergency_stop,rollout_error_trend,
              rollout_errors,rollout_explain,rollout_features,rollout_find_repositories,
              rollout_guardrail,rollout_hold,rollout_host_jobs,rollout_host_repositories,
              rollout_jobs,rollout_list_history,rollout_list_settings,rollout_mark_as_test,
              rollout_monitor_beat,rollout_newest_change,rollout_note,rollout_overview,
              rollout_phases,rollout_plan,rollout_preview,rollout_release,
              rollout_remove_from_blacklist,rollout_remove_from_whitelist,rollout_remove_old,
              rollout_resume,rollout_rollback,rollout_schema_version,rollout_seed_whitelist,
              rollout_set_auto_rollback,rollout_set_percentage,rollout_set_plan,
              rollout_setup_plan,rollout_show_metrics,rollout_show_whitelist,rollout_simulate,
              rollout_stats,rollout_status,rollout_test_repositories,rollout_timeline,
              rollout_undo,rollout_unmark_as_test,rollout_verify}')
    loop
        if item.is_trigger then
            execute format('alter function %s set schema rollout', item.signature);
            execute format('alter function rollout.%I(%s) rename to %I',
                           item.name, item.arguments, substr(item.name, 9));
        else
            execute format('drop function %s', item.signature);
        end if;
    end loop;
end $$;
