"""R16: outcomes are what happened, not what was queued."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import RolloutError
from rollout_console.migrate import apply
from tests.support import servers
from tests.support.application import Application, SqlChannel
from tests.support.jobs import HOURS, MINUTES, add_jobs
from tests.support.rollouts import OPERATOR, RolloutUnderTest
from tests.support.rows import one_row

STATES = ("queued", "running", "late", "stuck", "completed", "failed")


def states(rollout, processor, arm="treatment") -> dict[str, int]:
    """The states in which there are jobs."""
    groups = [g for g in rollout.client.jobs().groups if (g.processor, g.arm) == (processor, arm)]
    return {state: n for g in groups for state in STATES if (n := getattr(g, state))}


def warnings(rollout) -> dict[str, str]:
    return {w.name: w.message for w in rollout.client.jobs().warnings}


@pytest.fixture
def steady(running):
    """A rollout at its percentage for 30 hours, so that the window is a day."""
    running.sql("update rollout_configuration set restarted_at = now() - interval '30 hours'")
    return running


def ready_but_for_its_jobs(rollout) -> None:
    rollout.sql(
        "update rollout_configuration set percentage_since = now() - interval '30 hours',"
        " restarted_at = now() - interval '30 hours'"
    )
    rollout.report(good=100)


@pytest.fixture
def day_of_july(steady):
    """2025-07-10: 57 jobs, of which 54 are in processing and 3 have failed, while 50 of 52 were reported as good."""
    steady.client.add_to_whitelist("acme/repo-1")
    add_jobs(steady, 54, status="processing", queued=20 * HOURS)
    add_jobs(steady, 3, status="failed", queued=20 * HOURS, ended=19 * HOURS, error="workflow run not found")
    application = Application(SqlChannel(steady.url, "service_role"))
    repository = steady.repository_id("acme/repo-1")
    for job in range(52):
        application.record_metrics(repository, success=job < 50, error="dispatch failed")
    assert application.logged == []
    return steady


def test_r16_the_tenth_of_july_is_shown_as_what_it_was(day_of_july):
    assert day_of_july.client.status().health.success_rate == pytest.approx(96.1538)
    assert states(day_of_july, "inngest") == {"stuck": 54, "failed": 3}
    assert warnings(day_of_july) == {
        "stuck_jobs": "54 jobs are stuck on Inngest, processing for over 62 min; the oldest for 20 h",
        "contradiction": "reported on Inngest as succeeded: 50 of 52; in truth completed: 0, failed: 3, late or stuck: 54",
    }


def test_r16_no_phase_is_ready_while_a_warning_stands(running):
    ready_but_for_its_jobs(running)
    assert running.client.phases().ready
    (job,) = add_jobs(running, status="processing", queued=9 * HOURS)
    phases = running.client.phases()
    assert not phases.ready
    assert all(c.met for c in phases.criteria)
    assert [(g.name, g.command) for g in phases.gates if not g.open] == [("stuck_jobs", 'rollout.jobs("stuck")')]
    running.sql("update progressive_capture_jobs set status = 'completed', completed_at = now() where id = %s", job)
    assert running.client.phases().ready


def test_r16_warnings_roll_nothing_back(day_of_july):
    assert day_of_july.client.check_health().action == "none"
    assert day_of_july.client.status().rollout_percentage == 50


def test_r16_unless_the_operator_says_so(day_of_july):
    day_of_july.client.configure(act_on_warnings=True)
    assert day_of_july.client.status().rollout_percentage == 50, "a health check acts, not the setting"
    check = day_of_july.client.check_health()
    assert (check.action, check.status.rollout_percentage) == ("rolled_back", 0)
    entry = day_of_july.client.history(1).entries[0]
    assert (entry.triggered_by, entry.command) == ("auto_rollback", "checkHealth")
    assert entry.reason.startswith("54 jobs are stuck on Inngest")


def test_r5_a_stop_does_not_wait_for_the_hosts_table_of_jobs(day_of_july):
    """Its answer holds the status, which reads that table; while the host alters it, no job is known."""
    with psycopg.connect(day_of_july.url) as host:
        host.execute("lock table progressive_capture_jobs in access exclusive mode")
        stopped = day_of_july.client.emergency_stop("errors")
        assert (stopped.changed, stopped.status.warnings) == (True, [])
        host.rollback()
    assert day_of_july.client.status().warnings != []


def test_r16_when_a_job_is_stuck_is_a_setting(running):
    add_jobs(running, status="processing", processor="inngest", queued=30 * MINUTES)
    assert states(running, "inngest") == {"late": 1}
    running.client.configure(stuck_after_minutes=15)
    assert states(running, "inngest") == {"stuck": 1}


@pytest.mark.parametrize(
    ("processor", "minutes", "state"),
    [
        ("inngest", 1.9, "running"),
        ("inngest", 2.1, "late"),
        ("inngest", 61.9, "late"),
        ("inngest", 62.1, "stuck"),
        ("github_actions", 119, "running"),
        ("github_actions", 121, "late"),
        ("github_actions", 179, "late"),
        ("github_actions", 181, "stuck"),
    ],
)
@pytest.mark.parametrize("start_is_known", [True, False])
def test_r16_late_is_beyond_the_target_and_stuck_an_hour_beyond(running, processor, minutes, state, start_is_known):
    at = minutes * MINUTES
    if start_is_known:
        add_jobs(running, status="processing", processor=processor, queued=9 * HOURS, started=at)
    else:
        add_jobs(running, status="processing", processor=processor, queued=at)
    assert states(running, processor) == {state: 1}


@pytest.mark.parametrize(
    ("processor", "applied", "arm"),
    [
        ("inngest", True, "treatment"),
        ("inngest", False, "control"),
        ("inngest", None, "unknown"),
        ("inngest", "yes", "unknown"),
        ("github_actions", None, "treatment"),
        ("github_actions", False, "control"),
    ],
)
def test_r16_the_arm_is_what_was_marked_else_github_actions_is_treatment(running, processor, applied, arm):
    add_jobs(running, processor=processor, applied=applied)
    assert states(running, processor, arm) == {"queued": 1}


def test_r16_durations_are_real_and_come_with_their_number(steady):
    for seconds in range(1, 101):
        add_jobs(steady, status="completed", queued=1 * HOURS, started=seconds * MINUTES / 60, ended=0 * HOURS)
    add_jobs(steady, 7, status="completed", queued=1 * HOURS, ended=0 * HOURS)  # started_at was lost
    (group,) = steady.client.jobs().groups
    assert (group.completed, group.timed) == (107, 100)
    assert (group.p50_seconds, group.p95_seconds) == (50.5, 95.05)


def test_r16_what_ended_before_the_window_is_not_counted(running):
    running.sql("update rollout_configuration set restarted_at = now() - interval '3 hours'")
    add_jobs(running, status="completed", queued=5 * HOURS, ended=4 * HOURS)
    add_jobs(running, status="completed", queued=5 * HOURS, ended=2 * HOURS)
    add_jobs(running, status="failed", queued=5 * HOURS, ended=4 * HOURS, error="old")
    assert states(running, "inngest") == {"completed": 1}
    assert [job.error for job in running.client.jobs().jobs] == ["old"], "the last failures, whenever they were"


def test_r16_a_state_lists_its_jobs_with_repository_error_and_age(steady):
    add_jobs(steady, 2, status="processing", queued=5 * HOURS, repository="acme/repo-2")
    (oldest,) = add_jobs(steady, status="processing", queued=6 * HOURS, repository=None)
    add_jobs(steady, 3, status="failed", queued=2 * HOURS, started=2 * HOURS, ended=1 * HOURS, error="no such run")
    stuck = steady.client.jobs("stuck")
    assert [(job.repository, job.state) for job in stuck.jobs] == [(None, "stuck"), *[("acme/repo-2", "stuck")] * 2]
    assert stuck.jobs[0].id == oldest
    (failed,) = steady.client.jobs("failed", 1).jobs
    assert (failed.repository, failed.error, failed.seconds) == ("acme/repo-1", "no such run", 3600)
    assert {state: len(steady.client.jobs(state).jobs) for state in STATES} == {
        "queued": 0, "running": 0, "late": 0, "stuck": 3, "completed": 0, "failed": 3,
    }  # fmt: skip


def test_r16_a_list_is_bounded(running):
    add_jobs(running, 30)
    assert len(running.client.jobs("queued").jobs) == 20
    assert len(running.client.jobs("queued", 25).jobs) == 25
    with pytest.raises(RolloutError, match=r'limit is a whole number from 0 to 1,000, .* rollout\.jobs\("stuck", 20\)'):
        running.client.jobs("queued", 1001)


@pytest.mark.parametrize("state", ["lost", "Stuck", "", 3])
def test_r13_another_state_is_refused_with_what_to_type(running, state):
    with pytest.raises(RolloutError, match=r'a state is .* type for example rollout\.jobs\("stuck"\)'):
        running.client.jobs(state)


def test_r16_a_backlog_and_a_long_wait_warn(running):
    add_jobs(running, 100, queued=59 * MINUTES)
    assert warnings(running) == {}
    add_jobs(running, queued=61 * MINUTES)
    assert warnings(running) == {
        "backlog": "101 jobs are queued on Inngest, more than 100",
        "oldest_queued": "a job has been queued on Inngest for 61 min, longer than 60 min",
    }


def report_every(rollout, minutes: int, until: int, processor: str = "github_actions", reports: int = 40) -> None:
    """Reports of the past, the last of them so many minutes ago."""
    rollout.sql(
        "insert into rollout_metrics (rollout_config_id, processor_type, success_count, total_jobs, metrics_window_end)"
        " select id, %s, 1, 1, now() - make_interval(mins => %s + n * %s)"
        " from rollout_configuration, generate_series(0, %s) n",
        processor, until, minutes, reports - 1,
    )  # fmt: skip


def test_r16_a_processor_that_has_fallen_silent_warns(running):
    running.sql("update rollout_configuration set restarted_at = now() - interval '9 days'")
    report_every(running, minutes=20, until=90)
    message = warnings(running)["silent_processor"]
    assert message.startswith("GitHub Actions has reported no job for ")
    report_every(running, minutes=20, until=10)
    assert warnings(running) == {}


@pytest.mark.parametrize(
    "case", [{"minutes": 50, "until": 90}, {"minutes": 5, "until": 50}, {"minutes": 20, "until": 90, "reports": 5}]
)
def test_r16_a_usual_gap_is_no_silence(running, case):
    running.sql("update rollout_configuration set restarted_at = now() - interval '9 days'")
    report_every(running, **case)
    assert warnings(running) == {}


def test_r16_where_no_traffic_flows_silence_is_expected(running):
    running.sql("update rollout_configuration set restarted_at = now() - interval '9 days'")
    report_every(running, minutes=20, until=90)
    running.client.emergency_stop("look")
    assert warnings(running) == {}
    running.client.resume()
    assert warnings(running) == {}, "the silence is counted from the restart"


def test_r16_jobs_that_run_or_complete_contradict_nothing(steady):
    steady.report(good=50)
    add_jobs(steady, 40, status="processing", processor="github_actions", queued=30 * MINUTES)
    assert warnings(steady) == {}
    add_jobs(steady, 40, status="completed", queued=30 * MINUTES, ended=5 * MINUTES)
    add_jobs(steady, 5, status="failed", queued=30 * MINUTES, ended=5 * MINUTES)
    assert warnings(steady) == {}


def test_r16_what_was_reported_as_failed_contradicts_nothing(steady):
    steady.report(good=10, bad=30, treated=False)
    add_jobs(steady, 10, status="completed", queued=30 * MINUTES, ended=5 * MINUTES)
    add_jobs(steady, 30, status="failed", queued=30 * MINUTES, ended=5 * MINUTES)
    assert warnings(steady) == {}


def test_r16_a_healthy_processor_does_not_hide_another(steady):
    add_jobs(steady, 500, status="completed", queued=30 * MINUTES, ended=5 * MINUTES)
    add_jobs(steady, 20, status="failed", processor="github_actions", queued=30 * MINUTES, ended=5 * MINUTES)
    repository = steady.repository_id("acme/repo-1")
    steady.sql("select record_rollout_job(%s, 'github_actions', true) from generate_series(1, 20)", repository)
    assert warnings(steady) == {
        "contradiction": "reported on GitHub Actions as succeeded: 20 of 20; in truth completed: 0, failed: 20,"
        " late or stuck: 0"
    }


def test_r16_jobs_of_deleted_repositories_are_gone_or_nameless(steady):
    add_jobs(steady, 2, status="failed", ended=0 * HOURS)
    add_jobs(steady, status="failed", ended=0 * HOURS, repository=None)
    steady.sql("delete from repositories where full_name = 'acme/repo-1'")
    assert [job.repository for job in steady.client.jobs().jobs] == [None]


# Databases of their own: without the table, or with a great one.


def rollout_on(url: str) -> RolloutUnderTest:
    client = RolloutClient(PostgresAdapter(url), who=OPERATOR)
    client.create()
    rollout = RolloutUnderTest(client, url, "postgres")
    rollout.add_repositories(20)
    rollout.client.categorize_all()
    rollout.client.set_rollout(50)
    return rollout


def everything_works_without_jobs(rollout: RolloutUnderTest) -> None:
    assert rollout.sql("select * from rollout_host_jobs") == []
    found = rollout.client.jobs()
    assert (found.groups, found.jobs, found.warnings) == ([], [], [])
    assert rollout.client.jobs("stuck").jobs == []
    assert all(gate.open for gate in rollout.client.plan().gates if gate.name == "sight")
    assert rollout.client.check_health().action == "none"
    with pytest.raises(RolloutError, match=r"no table progressive_capture_jobs to follow; nothing was changed"):
        rollout.client.configure(follow_jobs=True)
    assert rollout.client.configure(follow_jobs=False, minimum_sample=20).changed


def test_r16_without_the_table_everything_works(fresh_database):
    url = fresh_database(migrated=False)
    with psycopg.connect(url) as connection:
        connection.execute(
            "create table repositories (id uuid primary key default gen_random_uuid(), github_id bigint unique not null,"
            " full_name text unique not null, owner text not null, name text not null, stargazers_count integer)"
        )
    apply(url)
    rollout = rollout_on(url)
    assert rollout.value("select to_regclass('progressive_capture_jobs')") is None
    everything_works_without_jobs(rollout)


def test_r16_the_host_drops_changes_and_creates_its_table_as_it_likes(fresh_database):
    rollout = rollout_on(fresh_database())
    add_jobs(rollout, 3)
    assert states(rollout, "inngest") == {"queued": 3}
    rollout.sql("alter table progressive_capture_jobs alter column error type varchar(99), drop column workflow_run_id")
    assert states(rollout, "inngest") == {"queued": 3}
    rollout.sql("create table elsewhere as table progressive_capture_jobs")
    rollout.sql("drop table progressive_capture_jobs")
    everything_works_without_jobs(rollout)
    rollout.sql("alter table elsewhere rename to progressive_capture_jobs")
    assert states(rollout, "inngest") == {"queued": 3}
    rollout.sql("alter table progressive_capture_jobs drop column metadata")
    assert rollout.client.jobs().groups == []


def test_r11_whoever_may_not_read_the_table_sees_no_jobs_and_no_error(fresh_database):
    rollout = rollout_on(fresh_database())
    add_jobs(rollout, 3)
    rollout.sql("revoke select on progressive_capture_jobs from anon")
    with psycopg.connect(rollout.url) as connection:
        connection.execute("set role anon")
        row = connection.execute("select rollout_jobs() -> 'groups', rollout_phases() -> 'gates'").fetchone()
    assert row is not None
    assert row[0] == []
    assert "sight" not in [gate["name"] for gate in row[1]], "a host without jobs, as far as anon can see"


def test_r16_another_host_redefines_the_function_alone(fresh_database):
    rollout = rollout_on(fresh_database())
    rollout.sql("""create or replace function rollout_host_jobs(
            on_processor text, in_status text, since timestamptz, max_rows integer)
        returns table (id text, repository_id uuid, processor text, status text, treated boolean, error text,
            created_at timestamptz, started_at timestamptz, completed_at timestamptz)
        language sql stable as $$
            select '7', null::uuid, on_processor, in_status, true, null, now(), now(), now()
            where in_status = 'pending' $$""")
    rollout.sql("drop table progressive_capture_jobs")
    assert states(rollout, "inngest") == states(rollout, "github_actions") == {"queued": 1}


def test_r16_a_million_jobs_are_read_by_short_ranges_of_an_index(postgres15_url):
    rollout = rollout_on(servers.create_database(postgres15_url, f"million_{uuid.uuid4().hex[:12]}"))
    rollout.sql("update rollout_configuration set restarted_at = now() - interval '30 hours'")
    rollout.sql("""insert into progressive_capture_jobs (
            job_type, processor_type, status, metadata, created_at, started_at, completed_at)
        select 'recent_prs', case when n % 2 = 0 then 'inngest' else 'github_actions' end,
               case when n % 97 = 0 then 'failed' when n % 101 = 0 then 'processing' else 'completed' end,
               '{"rollout_applied": true}', at, at, at + interval '30 seconds'
        from generate_series(1, 1000000) n cross join lateral (select now() - interval '8 seconds' * n) m (at)""")
    rollout.sql("vacuum analyze progressive_capture_jobs")
    source = rollout.value("select prosrc from pg_proc where proname = 'rollout_host_jobs'")
    query = source.partition("return query")[2].partition(";")[0]
    for n, name in enumerate(("on_processor", "in_status", "since", "max_rows"), 1):
        query = query.replace(name, f"${n}")
    counters = "select seq_scan, seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relname = 'progressive_capture_jobs'"
    with psycopg.connect(rollout.url, autocommit=True) as connection:
        connection.execute(f"prepare jobs (text, text, timestamptz, integer) as {query}")
        for mode in ("force_custom_plan", "force_generic_plan"):
            connection.execute(f"set plan_cache_mode = {mode}")
            for status in ("pending", "processing", "completed", "failed"):
                plan = connection.execute(
                    f"explain execute jobs ('inngest', '{status}', now() - interval '7 days', 10000)"
                ).fetchall()
                assert "Seq Scan" not in str(plan), plan
                assert "Index" in str(plan), plan
            connection.execute("select pg_stat_force_next_flush()")
            scans, rows = one_row(connection.execute(counters))
            for call in ("rollout_jobs()", "rollout_jobs('stuck')", "rollout_phases()"):
                connection.execute(f"select {call}")
            connection.execute("select pg_stat_force_next_flush()")
            scans_now, rows_now = one_row(connection.execute(counters))
            assert scans_now == scans
            assert 0 < rows_now - rows < 100_000
    inngest, actions = rollout.client.jobs().groups
    assert inngest.capped == actions.capped == (inngest.completed == 10_000)
    assert inngest.completed > 1_000
