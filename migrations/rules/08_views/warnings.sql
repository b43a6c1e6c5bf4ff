-- R7, R16 and R17: what an operator should look at although no rule acts on it; shown wherever the status is.

create or replace function rollout.report_warnings(config rollout_configuration)
returns table (name text, message text, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with reports as (
        select coalesce(sum(c.recorded), 0) as recorded, coalesce(sum(c.jobs - c.recorded), 0) as written,
               (array_agg(c.clock_skew order by abs(c.clock_skew) desc nulls last))[1] as clock_skew
        from rollout.counts c
        where c.rollout_config_id = config.id and c.slot_start >= (select rollout.window_start(config))
    )
    select 'counted_twice',
           format('%s jobs were reported by record_rollout_job, %s written by the application as it queued them: '
                  'a job in both counts twice', r.recorded, r.written),
           'rollout.configure(judged_reports="outcomes")'
    from reports r
    where config.judged_reports = 'all' and not rollout.follows_jobs(config) and r.recorded > 0 and r.written > 0
    union all
    select 'clock',
           format('the application''s clock is %s s %s the database''s; its rows are counted by the database''s clock',
                  round(abs(r.clock_skew)), case when r.clock_skew > 0 then 'behind' else 'ahead of' end),
           'chronyc tracking, on the application''s machine'
    from reports r
    where abs(r.clock_skew) between (rollout.clock_limits()).least_skew and (rollout.clock_limits()).most_skew;
end $$;
comment on function rollout.report_warnings(rollout_configuration) is
    'R7: jobs that may count twice, and a clock of the application that differs.';

create or replace function rollout.judging_warnings(config rollout_configuration)
returns table (name text, message text, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select 'reports_waited',
           format('%s waited for %s, and passed without it', case count(*) when 1 then '1 report'
                  else count(*) || ' reports' end, left(u.waited_for, 300)),
           coalesce(u.remedy || ', at an SQL prompt', 'rollout.checkHealth()')
    from rollout.unjudged u
    where u.rollout_config_id = config.id and u.waited_for is not null
    group by u.waited_for, u.remedy
    union all
    select 'odd_counts',
           format('the role %s wrote counts that no job can have into rollout_metrics, last on %s: they are kept and '
                  'not judged', o.role_name, max(o.day)),
           'select m.* from rollout_metrics m join rollout_configuration c on c.id = m.rollout_config_id where '
           'rollout.is_odd(c, m), at an SQL prompt'
    from rollout.odd_counts o
    where o.rollout_config_id = config.id and o.day >= (rollout.window_start(config) at time zone 'UTC')::date
    group by o.role_name;
end $$;
comment on function rollout.judging_warnings(rollout_configuration) is
    'R7, R8: who was in the way of reports until the next is judged, and who writes what is not judged.';

create or replace function rollout.traffic_warnings(config rollout_configuration, health jsonb)
returns table (name text, message text, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    arms record;
begin
    select * into arms from jsonb_to_record(health -> 'compared') as c (
        since timestamptz, jobs bigint, control_jobs bigint);
    if arms.jobs > 0 or arms.control_jobs < config.minimum_sample or rollout.decided_by() = 'host' then
        return;  -- nor is the host's own function asked for every repository at each look
    end if;
    return query
    select 'none_ran', format(
        '%s of %s repositories are in, and none has run in the rollout since %s; %s jobs ran outside of it',
        r.eligible, r.repositories, to_char(arms.since at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"'),
        arms.control_jobs), 'rollout.categories()'
    from (
        select sum(c.eligible) as eligible, sum(c.repositories) as repositories from rollout.eligible_counts(config) c
    ) r
    -- as many as are judged would have run there, had these repositories as many jobs as the others
    where arms.control_jobs * r.eligible >= config.minimum_sample * (r.repositories - r.eligible) and r.eligible > 0;
end $$;
comment on function rollout.traffic_warnings(rollout_configuration, jsonb) is
    'R7: that no job ran in the rollout, although by what ran outside of it the minimum sample was to be expected.';

create or replace function rollout.application_warnings(config rollout_configuration)
returns table (name text, message text, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select 'application_check',
           format('the application''s own check rolled back from %s %% on %s; it counts errors from before a restart, '
                  'too', h.previous_percentage, to_char(h.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"')),
           'rollout.configure(application_check=False)'
    from (
        select * from rollout_history x
        where x.rollout_config_id = config.id and not x.metadata ? 'before'
          and x.previous_percentage is distinct from x.new_percentage
        order by x.created_at desc limit 1
    ) h
    where config.application_check and h.triggered_by = 'auto_rollback'
      and ((rollout.trigger_row_of(h)).id is not null or not h.metadata ? 'database_role')  -- there was such a change
      and h.created_at > clock_timestamp() - make_interval(hours => config.monitoring_window_hours)
    union all
    select 'whitelist_overwritten',
           format('a change outside the console on %s dropped %s from the whitelist, probably unseen',
                  to_char(o.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"'), string_agg(o.shown, ', ')),
           format('rollout.addToWhitelist([%s])', string_agg('"' || o.shown || '"', ', '))
    from (
        select h.created_at as at, coalesce(r.full_name, e.id) as shown
        from (
            select * from rollout_history x
            where x.rollout_config_id = config.id and x.metadata ? 'before' and rollout.is_recorded(x.metadata)
              and (x.metadata ? 'overwritten'
                   or x.metadata ->> 'command' in ('addToWhitelist', 'removeFromWhitelist', 'note'))
            order by x.created_at desc limit 1
        ) h
        cross join lateral jsonb_array_elements_text(rollout.array_in(h.metadata, 'overwritten')) e (id)
        left join rollout_host_repositories r on r.id = rollout.uuid_in(e.id)
        where e.id <> all ((select c.target_repositories from rollout_configuration c where c.id = config.id)::text[])
    ) o
    group by o.at;
end $$;
comment on function rollout.application_warnings(rollout_configuration) is
    'What the web application or its browser console did that an operator may want undone. An overwritten list is '
    'named until the list is changed here, or a note is written.';

create or replace function rollout.has_clean_up()
returns boolean
language plpgsql stable security definer  -- which jobs there are is shown to their owner
set search_path = pg_catalog, public, pg_temp
as $$
declare
    found_it boolean;
begin
    if to_regclass('cron.job') is null then
        return false;
    end if;
    execute 'select exists (select from cron.job j where j.active and j.jobname = ''cleanup-stuck-jobs'')'
        into found_it;
    return found_it;
exception when others then
    return false;
end $$;
comment on function rollout.has_clean_up() is
    'R16: whether pg_cron has the web application''s job that fails whatever has been processing for ten minutes.';

create or replace function rollout.clean_up_warnings(config rollout_configuration)
returns table (name text, message text, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select 'clean_up',
           format('the host''s job cleanup-stuck-jobs fails what has been processing for %s, and a job may '
                  'take %s on %s: each counts as a failure of the rollout',
                  rollout.time_in_words(rollout.clean_up_after()),
                  rollout.time_in_words(p.longest * interval '1 second'), p.title),
           format('rollout.configure(ignored_errors=%s)', to_jsonb(config.ignored_errors || k.kind))
    from rollout.error_kind(rollout.clean_up_error()) k (kind)
    cross join lateral (
        select * from rollout.processors(config) o where o.longest > extract(epoch from rollout.clean_up_after())
        order by o.longest desc limit 1
    ) p
    where rollout.follows_jobs(config) and not k.kind = any (config.ignored_errors) and rollout.has_clean_up();
end $$;
comment on function rollout.clean_up_warnings(rollout_configuration) is
    'R16: a clean-up of the host whose failures are none of the rollout, while outcomes are followed.';

create or replace function rollout.setting_warnings(config rollout_configuration)
returns table (name text, message text, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select 'unusable_setting',
           format('%s is %s, which is no number from %s to %s: the default, %s, is judged by',
                  u.name, u.value, u.low, to_char(u.high, 'FM999,999,999'), u.default_value),
           format('rollout.configure(%s=%s)', u.name, u.default_value)
    from rollout_configuration c cross join lateral rollout.unusable_settings(c) u
    where c.id = config.id;
end $$;
comment on function rollout.setting_warnings(rollout_configuration) is
    'R7: settings that others gave a value that can''t be used.';

create or replace function rollout.history_warnings()
returns table (name text, message text, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select 'no_history', 'changes leave no history: the trigger that records them is disabled or gone',
           'rollout-console migrate, in a shell'
    where not exists (
        select from pg_trigger t
        where t.tgrelid = 'public.rollout_configuration'::regclass and t.tgname = 'rollout_configuration_changed'
          and t.tgenabled in ('O', 'A'));
end $$;
comment on function rollout.history_warnings() is 'R10: a trigger that was disabled, dropped or renamed.';

create or replace function rollout.decision_warnings(config rollout_configuration)
returns table (name text, message text, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select 'decision_replaced',
           'the host has deployed is_repository_eligible_for_rollout again, over ours: it decides, and neither a '
           'stop nor a rollback to 0 % overrules what it answers', 'rollout-console migrate, in a shell'
    from pg_proc p
    where p.oid = to_regprocedure('public.is_repository_eligible_for_rollout(uuid, text)')
      and p.prosrc !~ 'rollout[.](decide|host_is_halted)\('
    union all
    select 'decision_missing', 'the function is_repository_eligible_for_rollout is gone: every job gets an error',
           'rollout-console migrate, in a shell'
    where rollout.decided_by() is null
    union all
    select 'auto_advance_waits', 'the ramp does not go up by itself while the host''s own function decides: whom the '
           'next step lets in is to be seen first', 'rollout.advance()'
    where rollout.is_to_rise(config) and rollout.decided_by() = 'host';
end $$;
comment on function rollout.decision_warnings(rollout_configuration) is
    'R8, R11: a function that decides and is not as migrate left it, and a ramp that waits for an operator.';

create or replace function rollout.replication_warnings()
returns table (name text, message text, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select 'replica', format('read from a replica, %s behind: what was changed a moment ago may be missing, and '
               'nothing can be changed here', coalesce(
               trim_scale(round(extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()), 0)) || ' s at '
               'most', 'nobody knows how far')), 'rollout.use()'
    where pg_is_in_recovery()
    union all
    select 'subscriber', format('this database gets %s from another one, by the subscription %s: the next change there '
               'takes back what is changed here', string_agg(distinct r.srrelid::regclass::text, ', '), s.subname),
           'rollout.use()'
    from pg_subscription_rel r join pg_subscription s on s.oid = r.srsubid
    where r.srrelid in ('public.rollout_configuration'::regclass, 'public.rollout_history'::regclass) and s.subenabled
    group by s.subname;
end $$;
comment on function rollout.replication_warnings() is
    'R5: a database in which a change or a state does not last: a standby, or the subscriber of a publication.';

create or replace function rollout.warnings(config rollout_configuration, look rollout.look)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'name', w.name, 'message', w.message, 'command', w.command) order by w.position), '[]')
        from (
            select 1 as position, * from rollout.report_warnings(config)
            union all
            select 1, * from rollout.traffic_warnings(config, look.health)
            union all
            select 2, * from rollout.application_warnings(config)
            union all
            select 3, w.* from jsonb_to_recordset(look.warnings) w (name text, message text, command text)
            union all
            select 3, * from rollout.clean_up_warnings(config)
            union all
            select 4, * from rollout.signs(config, look)
            union all
            select 4, * from rollout.hold_warnings(config)
            union all
            select 5, * from rollout.history_warnings()
            union all
            select 6, * from rollout.setting_warnings(config)
            union all
            select 7, * from rollout.judging_warnings(config)
            union all
            select 8, * from rollout.decision_warnings(config)
            union all
            select 9, * from rollout.replication_warnings()
            union all
            select 10, * from rollout.watch_warnings(config)
        ) w);
end $$;
comment on function rollout.warnings(rollout_configuration, rollout.look) is
    'R7, R16, R17: warnings, each with its name, what is wrong, and what to type.';
