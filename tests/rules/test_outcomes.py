"""R16: outcomes are what happened, not what was queued."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from rollout_console.errors import RolloutError
from tests.support.application import Application
from tests.support.channels import SqlChannel
from tests.support.jobs import HOURS, MINUTES, STATES, add_jobs, states


def warnings(rollout) -> dict[str, str]:
    return {w.name: w.message for w in rollout.client.jobs().warnings}


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


@pytest.mark.asked
def test_r16_what_ended_just_as_the_window_began_is_in_it_and_may_have_taken_no_time(running):
    running.sql("update rollout_configuration set restarted_at = now() - interval '3 hours'")
    add_jobs(running, status="completed", queued=3 * HOURS, started=3 * HOURS, ended=3 * HOURS)
    add_jobs(
        running, status="completed", queued=9 * HOURS, started=9 * HOURS, ended=3 * HOURS + timedelta(microseconds=1)
    )
    (group,) = running.client.jobs().groups
    assert (group.completed, group.timed, group.p50_seconds) == (1, 1, 0)


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


def test_r16_jobs_of_deleted_repositories_are_gone_or_nameless(steady):
    add_jobs(steady, 2, status="failed", ended=0 * HOURS)
    add_jobs(steady, status="failed", ended=0 * HOURS, repository=None)
    steady.sql("delete from repositories where full_name = 'acme/repo-1'")
    assert [job.repository for job in steady.client.jobs().jobs] == [None]
