"""R16: what the jobs show that the reports do not: a backlog, silence, a contradiction."""

from __future__ import annotations

import pytest

from rollout_console.render import Screen, render
from tests.support.jobs import HOURS, MINUTES, add_jobs

pytestmark = pytest.mark.asked


def warnings(rollout) -> dict[str, str]:
    return {w.name: w.message for w in rollout.client.jobs().warnings}


def test_r16_a_backlog_and_a_long_wait_warn(running):
    add_jobs(running, 100, queued=59 * MINUTES)
    assert warnings(running) == {}
    add_jobs(running, queued=61 * MINUTES)
    assert warnings(running) == {
        "backlog": "101 jobs are queued on Inngest, more than 100",
        "oldest_queued": "a job has been queued on Inngest for 61 min, longer than 60 min",
    }


def test_r16_stuck_jobs_are_said_with_their_number(running):
    for said in ("1 job is", "2 jobs are"):
        add_jobs(running, status="processing", processor="github_actions", queued=4 * HOURS)
        assert warnings(running) == {
            "stuck_jobs": f"{said} stuck on GitHub Actions, processing for over 3 h; the oldest for 4 h"
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
    report_every(running, minutes=40, until=90, reports=10)
    message = warnings(running)["silent_processor"]
    assert message.startswith("GitHub Actions has reported no job for ")
    report_every(running, minutes=20, until=10)
    assert warnings(running) == {}


@pytest.mark.parametrize(
    "case",
    [
        {"minutes": 50, "until": 90}, {"minutes": 5, "until": 50}, {"minutes": 20, "until": 90, "reports": 9},
        {"minutes": 20, "until": 90, "reports": 5},
    ],
)  # fmt: skip
def test_r16_a_usual_gap_is_no_silence(running, case):
    running.sql("update rollout_configuration set restarted_at = now() - interval '9 days'")
    report_every(running, **case)
    assert warnings(running) == {}


@pytest.mark.parametrize(("minutes", "warned"), [(59, False), (61, True)])
def test_r16_a_processor_is_silent_after_an_hour_however_often_it_reports(running, minutes, warned):
    running.sql("update rollout_configuration set restarted_at = now() - interval '9 days'")
    running.sql(
        "insert into rollout.job_deltas select id, now() - make_interval(mins => %s + 5 * n),"
        " 'github_actions', true, 1, 0, 1, 0, 0, 0, null, 0, null from rollout_configuration, generate_series(0, 20) n",
        minutes,
    )
    assert warnings(running) == ({
        "silent_processor": "GitHub Actions has reported no job for 61 min; in the last 7 days its longest gap was 5 min"
    } if warned else {})  # fmt: skip


def test_r16_where_no_traffic_flows_silence_is_expected(running):
    running.sql("update rollout_configuration set restarted_at = now() - interval '9 days'")
    report_every(running, minutes=20, until=90)
    running.client.emergency_stop("look")
    assert warnings(running) == {}
    running.client.resume()
    assert warnings(running) == {}, "the silence is counted from the restart"
    running.client.set_rollout(0)
    with running.transaction() as session:
        session.execute("set session_replication_role = replica")
        session.execute("update rollout_configuration set narrowed_at = now() - interval '9 days'")
        session.execute("update rollout_configuration set restarted_at = now() - interval '9 days'")
    assert warnings(running) == {}, "however long ago it was that the traffic stopped"
    running.sql("update rollout_configuration set rollout_percentage = 1")
    running.sql("update rollout_configuration set restarted_at = now() - interval '9 days'")
    assert list(warnings(running)) == ["silent_processor"]


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


@pytest.mark.parametrize(
    ("reported", "completed", "failed", "overdue", "warned"),
    [
        (30, 0, 9, 0, False),
        (30, 0, 10, 0, True),
        (30, 0, 8, 1, False),
        (30, 0, 8, 2, True),
        (9, 0, 10, 0, False),
        (10, 0, 10, 0, True),
        (30, 10, 10, 0, False),
        (30, 9, 10, 0, True),
        (18, 9, 10, 0, False),
        (19, 9, 10, 0, True),
    ],
)
def test_r16_success_is_contradicted_from_a_minimum_sample_on_and_by_most_of_the_jobs(
    steady, reported, completed, failed, overdue, warned
):
    steady.sql("select record_rollout_job(null, 'github_actions', true) from generate_series(1, %s)", reported)
    for amount, status in ((completed, "completed"), (failed, "failed")):
        add_jobs(steady, amount, status=status, processor="github_actions", queued=2 * HOURS, ended=HOURS)
    add_jobs(steady, overdue, status="processing", processor="github_actions", queued=150 * MINUTES)
    assert warnings(steady) == ({
        "contradiction": f"reported on GitHub Actions as succeeded: {reported} of {reported}; in truth completed:"
        f" {completed}, failed: {failed}, late or stuck: {overdue}"
    } if warned else {})  # fmt: skip


def test_r16_only_what_is_overdue_and_of_the_window_contradicts(steady):
    steady.sql("select record_rollout_job(null, 'github_actions', true) from generate_series(1, 30)")
    add_jobs(steady, 9, status="failed", processor="github_actions", queued=2 * HOURS, ended=HOURS)
    for queued, warned in ((MINUTES, False), (25 * HOURS, False), (150 * MINUTES, True)):
        add_jobs(steady, 5, status="processing", processor="github_actions", queued=queued)
        assert ("contradiction" in warnings(steady)) is warned


@pytest.mark.parametrize(
    ("ignored", "warned"),
    [({}, True), ({"ignored_errors": ["boom"]}, False), ({"ignored_job_types": ["recent_prs"]}, False)],
)
def test_r16_what_is_ignored_contradicts_nothing(steady, ignored, warned):
    if ignored:
        steady.client.configure(**ignored)
    steady.sql("select record_rollout_job(null, 'github_actions', true) from generate_series(1, 30)")
    add_jobs(steady, 10, status="failed", processor="github_actions", queued=2 * HOURS, ended=HOURS, error="boom")
    assert ("contradiction" in warnings(steady)) is warned


@pytest.mark.parametrize(
    ("follow", "ago", "warned"), [(True, "23:59", True), (True, "24:01", False), (False, "23:59", False)]
)
def test_r16_what_was_not_recorded_in_the_window_warns_while_jobs_are_followed(steady, follow, ago, warned):
    steady.sql("update rollout_configuration set follow_jobs = %s", follow)
    steady.sql(
        "insert into rollout.follow_errors (failures, failed_at, message) values (1, now() - %s::interval, 'why')", ago
    )
    assert ("follow_errors" in warnings(steady)) is warned


def test_r16_a_healthy_processor_does_not_hide_another(steady):
    add_jobs(steady, 500, status="completed", queued=30 * MINUTES, ended=5 * MINUTES)
    add_jobs(steady, 20, status="failed", processor="github_actions", queued=30 * MINUTES, ended=5 * MINUTES)
    repository = steady.repository_id("acme/repo-1")
    steady.sql("select record_rollout_job(%s, 'github_actions', true) from generate_series(1, 20)", repository)
    assert warnings(steady) == {
        "contradiction": "reported on GitHub Actions as succeeded: 20 of 20; in truth completed: 0, failed: 20,"
        " late or stuck: 0"
    }


def test_r16_silence_is_that_of_one_feature_processor_and_week(running):
    """Beside it: another feature, the other processor, a report that no longer counts, and one of over a week ago."""
    running.sql("update rollout_configuration set restarted_at = now() - interval '9 days'")
    report_every(running, minutes=20, until=90)
    running.sql(
        "do $$ begin for jobs in reverse 2..1 loop update rollout_metrics set total_jobs = jobs, success_count = jobs"
        " where rollout_config_id is not null; end loop; perform rollout.fold_deltas(); end $$"
    )
    running.sql("select rollout_create(feature_name => 'another_feature')")
    running.sql(
        "insert into rollout_metrics (rollout_config_id, processor_type, success_count, total_jobs, metrics_window_end)"
        " select id, processor, jobs, jobs, now() - ago from rollout_configuration, (values"
        "  ('another_feature', 'github_actions', 1, interval '5 min'), (%s, 'inngest', 1, '5 min'),"
        "  (%s, 'github_actions', 1, '7 days 1 hour'))"
        " v (feature, processor, jobs, ago) where feature_name = v.feature",
        *[running.client.feature] * 2,
    )  # fmt: skip
    assert "has reported no job for 9" in warnings(running)["silent_processor"], "90 minutes or a few more"


@pytest.mark.parametrize(("reports", "warned"), [(9, False), (10, True)])
def test_r16_silence_is_known_from_ten_moments_with_reports_on(running, reports, warned):
    running.sql("update rollout_configuration set restarted_at = now() - interval '9 days'")
    report_every(running, minutes=20, until=90, reports=reports)
    assert ("silent_processor" in warnings(running)) is warned


def test_r16_where_more_are_processing_than_are_read_older_ones_may_be_stuck(running):
    add_jobs(running, 50, status="processing", processor="github_actions", started=8 * HOURS, queued=8 * HOURS)
    assert "stuck_jobs" in warnings(running)
    add_jobs(running, 10_000, status="processing", processor="github_actions", started=MINUTES, queued=MINUTES)
    assert warnings(running)["many_processing"] == (
        "10000 jobs or more are processing on GitHub Actions: the newest are read, and older ones may be stuck"
    )
    assert "no jobs are stuck among those that are read" in render(running.client.jobs("stuck"), Screen())


WAITING = """
create or replace function rollout_host_jobs(on_processor text, in_status text, since timestamptz, max_rows integer)
returns table (id text, repository_id uuid, processor text, status text, treated boolean, error text,
    created_at timestamptz, started_at timestamptz, completed_at timestamptz, job_type text)
language sql stable as $$
    select n::text, null::uuid, on_processor, in_status, true, null, now() - interval '8 hours', null::timestamptz,
        null::timestamptz, null from generate_series(1, least(max_rows, {})) n
    where on_processor = 'github_actions' and in_status in ('pending', 'processing') $$
"""


@pytest.mark.parametrize(("jobs", "said"), [(9_999, "9999 jobs are"), (10_001, "10000 jobs or more are")])
def test_r16_of_as_many_as_are_read_it_is_said_that_there_may_be_more(running, jobs, said):
    running.sql(WAITING.format(jobs))
    found = warnings(running)
    assert found["stuck_jobs"].startswith(f"{said} stuck on GitHub Actions, ")
    assert found["backlog"] == f"{said} queued on GitHub Actions, more than 100"


def test_r16_what_completed_of_an_ignored_type_is_no_success_of_the_others(steady):
    steady.client.configure(ignored_job_types=["nightly"])
    steady.sql("select record_rollout_job(null, 'github_actions', true) from generate_series(1, 30)")
    add_jobs(steady, 10, status="completed", processor="github_actions", queued=2 * HOURS, ended=HOURS)
    steady.sql("update progressive_capture_jobs set job_type = 'nightly'")
    add_jobs(steady, 10, status="failed", processor="github_actions", queued=2 * HOURS, ended=HOURS)
    assert "contradiction" in warnings(steady)
    steady.sql("update progressive_capture_jobs set job_type = 'recent_prs'")
    assert warnings(steady) == {}
