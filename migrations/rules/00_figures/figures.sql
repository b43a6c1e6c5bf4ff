-- R1 to R19: every figure that an operator may ask about, each once: categories, plan, evidence, targets, limits, and
-- the settings with their ranges. Only the waits of a stop (R18) stand where it is, in 02_stop/: it depends on nothing.
-- What the arguments of a call may be stands in the function that takes them.

create or replace function public.rollout_schema_version()
returns integer
language sql immutable parallel safe
as $$ select 2 $$;
comment on function public.rollout_schema_version() is
    'The version of these functions; a console refuses to work with one that it does not know.';

create or replace function rollout.category_rules()
returns table (
    category text, rollout_order integer, priority_level integer,
    max_stars integer, max_contributors integer, max_pull_requests integer
)
language sql immutable parallel safe
as $$
    values
        ('test', 1, 100, 0, 2, 10),
        ('small', 2, 80, 50, 10, 100),
        ('medium', 3, 60, 500, 50, 1000),
        ('large', 4, 40, 5000, 200, 10000),
        ('enterprise', 5, 20, null, null, null)
$$;
comment on function rollout.category_rules() is
    'R3, the manual''s table of categories: limits are inclusive, null is no limit, the first row that fits wins.';

create or replace function rollout.manual_plan()
returns table (number integer, percentage integer, hours integer, audience text)
language sql immutable parallel safe
as $$
    values (6, 10, 24, 'test and small'), (7, 25, 24, 'test, small, some medium'), (8, 50, 24, 'test, small, medium'),
           (9, 75, 24, 'test, small, medium, large'), (10, 100, 24, 'all, enterprise included')
$$;
comment on function rollout.manual_plan() is
    'R2, the manual''s progression: its phases, and the plan of a rollout that has none of its own.';

create or replace function rollout.guardrails()
returns table (guardrail text, at_reports boolean, at_checks boolean, compared boolean, meaning text)
language sql immutable parallel safe
as $$
    values ('manual', true, false, false, 'a report needs evidence, a health check only a rate above the threshold'),
           ('rate', false, false, false, 'a rate above the threshold is enough, at every report'),
           ('evidence', true, true, false, 'reports and health checks need evidence'),
           ('compared', true, true, true, 'as evidence; where the control fails as well, held and not rolled back')
$$;
comment on function rollout.guardrails() is
    'R8: where each guardrail asks for evidence, and whether the control is asked.';

create or replace function rollout.longest_average()
returns numeric
language sql immutable parallel safe
as $$ select 99999999.99 $$;
comment on function rollout.longest_average() is 'R7: the longest average time of jobs that rollout_metrics can hold.';

create or replace function rollout.slots_of_a_window()
returns integer
language sql immutable parallel safe
as $$ select 288 $$;
comment on function rollout.slots_of_a_window() is
    'R7: in how many slots of time the jobs of a window are counted, five minutes each in a window of a day.';

create or replace function rollout.clock_limits(
    out tolerated interval, out least_skew integer, out most_skew integer, out late_row interval, out echo interval,
    out application_stop interval
)
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    tolerated := interval '1 day';
    least_skew := 5;
    most_skew := 3600;
    late_row := interval '1 hour';
    echo := interval '10 seconds';
    application_stop := interval '1 minute';
end $$;
comment on function rollout.clock_limits() is
    'R7, R10: how far ahead a moment may lie that is believed; from how many seconds up to how many the application''s '
    'clock is said to differ; how old the window of a row that is written late; and how soon the application writes '
    'its own row of history beside a change, and of a stop.';

create or replace function rollout.evidence_limits(
    out window_limit integer, out recent_limit integer, out stretches integer, out compared_limit integer,
    out early_limit integer
)
language plpgsql immutable  -- asked at every failure; in SQL, it would be planned each time
set search_path = pg_catalog, public, pg_temp
as $$
begin
    window_limit := 20;
    stretches := rollout.slots_of_a_window();
    -- Every slot of a window begins a stretch of its own: the sum of their evidence needs a limit as many times higher.
    recent_limit := stretches * window_limit;
    compared_limit := 3;
    early_limit := 100;
end $$;
comment on function rollout.evidence_limits() is
    'R8: the evidence that trips the breaker, since the restart and summed over the stretches up to now; how many '
    'stretches there are; what a breach must have against the control under the guardrail compared; and what is an '
    'early sign.';

create or replace function rollout.alternatives()
returns double precision[]
language sql immutable parallel safe
as $$ select '{1.7, 2.6, 4.7, 10, 28}'::double precision[] $$;
comment on function rollout.alternatives() is
    'R8: how many times the tolerated odds a failing rollout may have: evidence is the mean over these.';

create or replace function rollout.simulated_for(
    out max_error_rate numeric, out minimum_sample integer, out jobs_a_day integer, out check_minutes integer
)
language sql immutable parallel safe
as $$ select 5, 10, 1000, 15 $$;
comment on function rollout.simulated_for() is
    'R8: the threshold, the minimum sample and the minutes between two health checks that were simulated, and how many '
    'jobs a day are assumed where none are known.';

create or replace function rollout.error_limits(
    out kinds integer, out repositories integer, out sample integer, out kept interval, out full_for interval
)
language plpgsql immutable  -- asked at every failure; in SQL, it would be planned each time
set search_path = pg_catalog, public, pg_temp
as $$
begin
    kinds := 200;
    repositories := 10;
    sample := 500;
    kept := interval '7 days';
    full_for := interval '1 minute';
end $$;
comment on function rollout.error_limits() is
    'How many kinds of errors a feature has at most once they are folded, how many repositories and how many '
    'characters of a message are kept of each; for how long a kind is kept that is seen no more (a window, if that is '
    'longer), and for how long there is no room for another once there was none.';

create or replace function rollout.report_limits(
    out most_folded integer, out folders integer, out line_wait text, out trip_wait text, out in_vain interval
)
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    most_folded := 10000;
    folders := 8;
    line_wait := '800ms';
    trip_wait := '200ms';
    in_vain := interval '10 seconds';
end $$;
comment on function rollout.report_limits() is
    'R8: how many deltas are folded at most, how many may fold beside each other; for how long a report waits in line, '
    'and for a row that it needs to trip the breaker; for how long none waits after one has waited in vain.';

create or replace function rollout.fold_every()
returns integer
language sql immutable parallel safe
as $$ select 500 $$;
comment on function rollout.fold_every() is
    'R7: one report in how many folds the deltas: by chance, without a count of what there is or a row that says when.';

create or replace function rollout.most_named()
returns integer
language sql immutable parallel safe
as $$ select 3 $$;
comment on function rollout.most_named() is
    'R10: how many repositories of a change the history names; of more, it says how many they are.';

create or replace function rollout.manual_criteria()
returns table (name text, low numeric, high numeric, target numeric)
language sql immutable parallel safe
as $$
    values ('advance_error_rate', 0, 100, 3), ('advance_jobs', 1, 1000000, 10), ('success_rate', 0, 100, 95)
$$;
comment on function rollout.manual_criteria() is
    'R2: what the manual asks of a phase and of its success metrics, each by the name that it has in criteria.';

create or replace function rollout.manual_cost_reduction()
returns table (low numeric, high numeric)
language sql immutable parallel safe
as $$ select 60, 85 $$;
comment on function rollout.manual_cost_reduction() is
    'R2: by how many percent the manual''s success metrics want the cost of a job to fall.';

create or replace function rollout.plan_limits(out steps integer, out hours integer)
language sql immutable parallel safe
as $$ select 20, 720 $$;
comment on function rollout.plan_limits() is
    'R17: how many steps a plan has at most, as many as a screen shows, and how many hours one of them may take.';

create or replace function rollout.entries_read_whole()
returns integer
language sql immutable parallel safe
as $$ select 100 $$;
comment on function rollout.entries_read_whole() is
    'R9: up to how many entries a decision reads both lists whole, before it asks an index.';

create or replace function rollout.entries_shown()
returns integer
language sql immutable parallel safe
as $$ select 50 $$;
comment on function rollout.entries_shown() is 'R9: how many entries of a long list are shown.';

create or replace function rollout.watch_limits()
returns table (checked_within interval, beats integer, grace_seconds integer)
language sql immutable parallel safe
as $$ select interval '1 hour', 2, 60 $$;
comment on function rollout.watch_limits() is
    'R8, R10, R17: a health check of so long ago is a watch; a monitor runs until it has missed so many beats and so '
    'many seconds, for one that is blind for a while.';

create or replace function rollout.delivery_limits(
    out first_pause interval, out longest_pause interval, out failed_alerts integer, out lease interval,
    out patience interval, out told_within interval, out kept interval
)
language sql immutable parallel safe
as $$
    select interval '2 seconds', interval '15 minutes', 3, interval '60 seconds', interval '3 days', interval '30 days',
           interval '90 days'
$$;
comment on function rollout.delivery_limits() is
    'R10: the pause after the first failure of a service, doubled by each further one, up to the longest; after how '
    'many failures the other services hear of it; how long whoever claims an alert has it to itself, which is longer '
    'than a service takes to accept one; how long it is tried: a weekend; how old a change may be that is told; and '
    'how long deliveries are kept, which is longer.';

create or replace function rollout.clean_up_error()
returns text
language sql immutable parallel safe
as $$ select 'Job stuck in processing for >10 minutes - likely webhook misconfiguration' $$;
comment on function rollout.clean_up_error() is
    'R16: what the web application''s job cleanup-stuck-jobs writes into whatever has been processing for ten minutes.';

create or replace function rollout.clean_up_after()
returns interval
language sql immutable parallel safe
as $$ select interval '10 minutes' $$;
comment on function rollout.clean_up_after() is 'R16: how long a job may process before that clean-up fails it.';

create or replace function rollout.host_job_limits(
    out backlog integer, out oldest_queued interval, out look_back interval,
    out most_read integer, out most_unnamed integer
)
language plpgsql immutable  -- as rollout.evidence_limits
set search_path = pg_catalog, public, pg_temp
as $$
begin
    backlog := 100;
    oldest_queued := interval '1 hour';
    look_back := interval '7 days';
    most_read := 10000;
    most_unnamed := 1000;
end $$;
comment on function rollout.host_job_limits() is
    'R16: how many queued jobs and what wait are too many, how old a job may be to count, how many are read for each '
    'processor and status, and of processors that nobody has named.';

create or replace function rollout.silence_limits(out shortest interval, out gaps integer, out slots integer)
language plpgsql immutable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    shortest := interval '1 hour';
    gaps := 2;
    slots := 10;
end $$;
comment on function rollout.silence_limits() is
    'R16: a processor is silent after so long, and after so many times its longest gap among so many moments with '
    'reports.';

create or replace function rollout.host_questions(
    out most integer, out at_a_glance interval, out before_a_change interval, out after_a_change interval
)
language sql immutable parallel safe
as $$ select 5000, interval '300 ms', interval '1 s', interval '3 s' $$;
comment on function rollout.host_questions() is
    'R11: for how many repositories the host''s own function is asked at most, and for how long: for a status, and '
    'before and after what may raise its answers.';

create or replace function rollout.no_category()
returns text
language sql immutable parallel safe
as $$ select 'no category' $$;
comment on function rollout.no_category() is 'R3: what stands in the place of a category where there is none.';

create or replace function rollout.host_job_states()
returns text[]
language sql immutable parallel safe
as $$ select '{queued,running,late,stuck,completed,failed}'::text[] $$;
comment on function rollout.host_job_states() is 'R16: the states of a job, each job in one of them.';

create or replace function rollout.kept_for_a_time()
returns table (name text, since text)
language sql immutable
set search_path = pg_catalog, public, pg_temp
as $$
    values ('rollout_metrics', 'created_at'),
           ('rollout.reported_jobs', 'reported_at')
$$;
comment on function rollout.kept_for_a_time() is
    'The tables whose rows are removed in time, each with the column that dates them; all have a rollout_config_id.';

create or replace function rollout.settings()
returns table (
    "position" integer, name text, unit text, low numeric, high numeric, choices text[], default_value jsonb,
    meaning text
)
language sql immutable parallel safe
as $$
    select row_number() over ()::integer, s.*
    from (
        values
            ('guardrail', null, null::numeric, null::numeric,
                (select array_agg(g.guardrail) from rollout.guardrails() g), '"manual"'::jsonb,
                'rollout.guardrail() shows what each costs'),
            ('max_error_rate', 'percent', 0, 100, null, '5', 'error rate above which the threshold is crossed'),
            ('minimum_sample', 'jobs', 1, 1000000, null, '10', 'jobs in the window below which nothing is judged'),
            ('monitoring_window_hours', 'hours', 1, 8760, null, '24', 'how far back health looks'),
            ('judged_reports', null, null, null, array['all', 'outcomes'], '"all"',
                'whether successes that the application writes as it queues a job are judged'),
            ('application_check', null, null, null, null, 'true',
                'whether the application''s own check may roll back; ours is auto-rollback'),
            ('strategy', null, null, null, '{repository_size,percentage,whitelist}', '"repository_size"',
                'who comes first: rollout.categories() shows the sizes'),
            ('cost_per_job', 'per job', 0, 1000, null, 'null', 'what a job costs on each processor'),
            ('follow_jobs', null, null, null, null, 'false',
                'record what becomes of each job, by a trigger on the host''s table of jobs'),
            ('stuck_after_minutes', 'minutes', 1, 10080, null, '60',
                'how far beyond its target a job in processing is stuck: rollout.jobs("stuck")'),
            ('act_on_warnings', null, null, null, null, 'false',
                'whether a health check rolls back on stuck, waiting or silent jobs, too'),
            ('cost_per_minute', 'per minute', 0, 1000, null, 'null', 'what a minute of a job costs on each processor'),
            ('auto_advance', null, null, null, null, 'false',
                'whether the monitor goes up the plan by itself: rollout.plan()'),
            ('on_breach', null, null, null, '{zero,step_back,hold}', '"zero"',
                'what a breach leads to: 0 %, the step before and a hold, or a hold'),
            ('keep_days', 'days', 1, 36500, null, '90', 'how long reports and job ids are kept; history is for good'),
            ('most_jobs_of_a_row', 'jobs', 1, 2147483647, null, '1000000',
                'a row of rollout_metrics that claims more jobs is kept and not judged'),
            ('ignored_errors', null, null, null, null, '[]',
                'kinds of errors that are counted and shown, and not judged: rollout.errors()'),
            ('ignored_job_types', null, null, null, null,
                '["progressive_backfill", "commit_pr_check", "system-monitoring"]',
                'types of jobs that do not ask the rollout: shown apart, neither judged nor a gate'),
            ('criteria', null, null, null, null, 'null',
                'what a phase and a processor must meet where it is not what the manual says: rollout.stats()'),
            ('minimum_repositories', 'repositories', 1, 100000, null, '1',
                'in how many repositories jobs must have run in the rollout before the next step')
    ) s
$$;
comment on function rollout.settings() is
    'What rollout.configure() knows: parts of rollout_configuration with their ranges, defaults and meanings.';
