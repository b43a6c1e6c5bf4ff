-- Sample data of the embedded database: 560 invented repositories in all five categories, a
-- rollout that has stood at 10 % for 30 hours, and a day of jobs on both processors.
select setseed(0.42);

with shape (kind, amount, stars_from, stars_to, pulls_from, pulls_to, people) as (
    values ('playground', 90, 0, 0, 0, 8, 2), ('tool', 180, 1, 50, 5, 60, 9), ('library', 150, 60, 480, 20, 80, 40),
           ('framework', 90, 600, 4800, 30, 120, 90), ('platform', 50, 5200, 90000, 60, 150, 140)
), named as (
    select s.*, n,
           (array['harbor', 'lumen', 'northwind', 'quarry', 'tidewater', 'juniper', 'cobalt', 'fieldstone', 'marble', 'osprey',
                  'palisade', 'ravine', 'sextant', 'thistle', 'umber', 'verdant', 'wicker', 'yarrow', 'zephyr', 'alder'])
               [1 + floor(random() * 20)::integer] || '-labs' as owner,
           (array['async', 'swift', 'tiny', 'open', 'deep', 'fast', 'clear', 'bright', 'solid', 'plain'])
               [1 + floor(random() * 10)::integer] || '-' ||
           (array['router', 'parser', 'cache', 'queue', 'charts', 'forms', 'mailer', 'search', 'ledger', 'vault', 'probe', 'sync'])
               [1 + floor(random() * 12)::integer] || '-' || kind || '-' || n as name
    from shape s cross join lateral generate_series(1, s.amount) n
), added as (
    insert into repositories (github_id, full_name, owner, name, language, stargazers_count, forks_count, first_tracked_at, last_updated_at)
    select 100000 + row_number() over (), owner || '/' || name, owner, name,
           (array['TypeScript', 'Python', 'Go', 'Rust', 'Java'])[1 + floor(random() * 5)::integer],
           stars_from + floor(random() * (stars_to - stars_from + 1))::integer, floor(random() * 40)::integer,
           now() - interval '400 days' * random(), now() - interval '3 days' * random()
    from named
    returning id, name
)
insert into pull_requests (github_id, number, title, state, repository_id, author_id, head_branch, created_at, updated_at, merged_at)
select 500000 + row_number() over (), p, 'Change ' || p, case when p % 9 = 0 then 'open' else 'closed' end, a.id,
       md5(a.id || ':' || floor(random() * s.people))::uuid, 'change-' || p,
       now() - interval '300 days' * random(), now(), case when p % 9 > 0 then now() end
from added a
join shape s on a.name like '%-' || s.kind || '-%'
cross join lateral generate_series(  -- from the id: random() would be drawn once per shape
    1, s.pulls_from + ('x' || substr(md5(a.id::text), 1, 4))::bit(16)::integer % (s.pulls_to - s.pulls_from + 1)) p;

-- The rollout's past: written as it would have happened, so without the trigger that records it now.
alter table rollout_configuration disable trigger rollout_configuration_changed;
with config as (
    insert into rollout_configuration (
        feature_name, rollout_percentage, is_active, rollout_strategy, metadata, created_at, updated_at,
        percentage_since, restarted_at, target_repositories)
    values (
        'hybrid_progressive_capture', 10, true, 'repository_size',
        '{"sample": true, "cost_per_job": {"inngest": 0.012, "github_actions": 0.0015}}',
        now() - interval '3 days', now() - interval '30 hours', now() - interval '30 hours', now() - interval '30 hours',
        (select array_agg(id::text) from (select id from repositories where stargazers_count = 0 order by full_name limit 3) t))
    returning id
)
insert into rollout_history (rollout_config_id, action, previous_percentage, new_percentage, reason, triggered_by, metadata, created_at)
select c.id, h.action, h.was, h.became, h.reason, 'manual',
       jsonb_build_object('command', h.command, 'operator', h.who, 'host', 'sample', 'before', '{}'::jsonb, 'after', '{}'::jsonb), now() - h.ago
from config c, (values
    ('created', null, 0, 'sample rollout', 'setup', 'noor', interval '3 days'),
    ('updated', 0, 0, 'three test repositories first', 'addToWhitelist', 'noor', interval '2 days'),
    ('updated', 0, 10, 'phase 6', 'setRollout', 'sam', interval '30 hours')
) as h (action, was, became, reason, command, who, ago);
alter table rollout_configuration enable trigger rollout_configuration_changed;

select rollout.recount_repositories('hybrid_progressive_capture');
select rollout_categorize_batch(100000, context => '{"operator": "sample data", "triggered_by": "setup"}');

-- Successes before failures: the breaker is on, and a few early errors would be a breach.
with job as (
    select c.id as config_id, r.id as repository_id, j.processor, now() - interval '23 hours' * random() as at,
           1 + floor(random() * 3)::integer as jobs, j.seconds_from + random() * (j.seconds_to - j.seconds_from) as seconds
    from rollout_configuration c
    cross join (values ('inngest', 400, 15, 100), ('github_actions', 320, 700, 4200)) j (processor, amount, seconds_from, seconds_to)
    cross join lateral (  -- only eligible jobs are routed to GitHub Actions
        select id from repositories, generate_series(1, 8)
        where j.processor = 'inngest' or is_repository_eligible_for_rollout(id) order by random() limit j.amount) r
)
insert into rollout_metrics (
    rollout_config_id, repository_id, processor_type, success_count, error_count, total_jobs, average_processing_time,
    timed_jobs, processing_seconds, recorded_window, metrics_window_end, created_at, updated_at)
select config_id, repository_id, processor, jobs, 0, jobs, seconds, jobs, jobs * seconds, at, at, at, at from job;

with failed as (
    select m.*, (array['GitHub API rate limit exceeded', 'workflow run timed out after 120 minutes', 'connection reset by api.github.com',
                       '502 Bad Gateway from api.github.com'])[1 + floor(random() * 4)::integer] as message
    from rollout_metrics m order by random() limit 14
)
insert into rollout_metrics (
    rollout_config_id, repository_id, processor_type, success_count, error_count, total_jobs, last_error_message, last_error_at,
    timed_jobs, processing_seconds, recorded_window, metrics_window_end, created_at, updated_at)
select rollout_config_id, repository_id, processor_type, 0, 1, 1, message, metrics_window_end,
       0, 0, recorded_window + interval '1 second', metrics_window_end, created_at, updated_at
from failed;

-- The application's own table of jobs: what the reports above say. None is at work: tomorrow it would be stuck.
insert into progressive_capture_jobs (
    job_type, repository_id, processor_type, status, metadata, error, created_at, started_at, completed_at)
select case m.processor_type when 'inngest' then 'recent_prs' else 'historical_prs' end, m.repository_id, m.processor_type,
       case when m.error_count = 0 then 'completed' else 'failed' end, jsonb_build_object('rollout_applied', m.treated),
       m.last_error_message, t.began - interval '20 seconds' * random(), t.began, m.metrics_window_end
from rollout_metrics m
cross join generate_series(1, m.total_jobs)
cross join lateral (
    select m.metrics_window_end - make_interval(secs => coalesce(m.average_processing_time, 90)::float8) as began) t
where m.metrics_window_end is not null;
