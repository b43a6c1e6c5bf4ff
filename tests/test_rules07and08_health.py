"""R7 health and R8 the breaker."""

from __future__ import annotations

import threading

import psycopg
import pytest


@pytest.fixture
def running(rollout):
    rollout.add_repositories(20)
    rollout.client.categorize_all()
    rollout.client.set_rollout(50)
    return rollout


def percentage(rollout) -> int:
    return rollout.client.status().rollout_percentage


def test_r7_exactly_at_the_threshold_is_not_a_breach(running):
    running.client.disable_auto_rollback()
    running.report(good=19, bad=1)  # 5 % of 20
    assert running.client.status().health.verdict == "healthy"
    running.report(bad=1)
    assert running.client.status().health.verdict == "breach"


def test_r7_below_the_minimum_sample_nothing_is_a_breach(running):
    running.report(bad=9)
    health = running.client.status().health
    assert (health.verdict, health.breach, health.error_rate) == ("small_sample", False, 100)
    assert percentage(running) == 50
    running.report(bad=1)
    assert percentage(running) == 0


def test_r7_the_minimum_sample_is_a_column(running):
    running.sql("update rollout_configuration set minimum_sample = 3")
    running.report(good=1, bad=2)
    assert percentage(running) == 0


def test_r7_rates_come_with_a_95_percent_interval(running):
    running.client.disable_auto_rollback()
    running.report(good=10, bad=1)
    health = running.client.status().health
    # Wilson, from the textbook formula: 1 of 11
    assert (health.error_rate_low, health.error_rate_high) == (
        pytest.approx(1.62, abs=0.01),
        pytest.approx(37.74, abs=0.01),
    )


def test_r7_old_jobs_leave_the_window(running):
    repo = running.repository_id("acme/repo-1")
    running.sql("update rollout_configuration set restarted_at = now() - interval '3 days'")
    for hours, errors in ((30, 50), (1, 0)):
        running.sql(
            "insert into rollout_metrics (rollout_config_id, repository_id, processor_type, success_count, error_count,"
            " total_jobs, metrics_window_start, metrics_window_end)"
            " select id, %s, 'inngest', 50, %s, %s, now() - interval '2 days', now() - %s * interval '1 hour'"
            " from rollout_configuration",
            repo, errors, 50 + errors, hours,
        )  # fmt: skip
    health = running.client.status().health
    assert (health.jobs, health.errors) == (50, 0)


def test_r7_recovery_as_the_manual_writes_it_is_not_tripped_by_old_errors(running):
    running.report(good=5, bad=6)
    assert percentage(running) == 0
    assert running.client.check_health().action == "already_at_zero"
    assert running.client.stats().error_rate > 5, "the errors can be investigated while at 0 %"
    running.client.set_rollout(5)
    check = running.client.check_health()
    assert (check.action, check.health.jobs, percentage(running)) == ("none", 0, 5)
    running.report(good=20)
    assert percentage(running) == 5


def test_r7_resume_is_a_restart_too(running):
    running.client.disable_auto_rollback()
    running.report(bad=20)
    running.client.emergency_stop("errors")
    assert running.client.check_health().action == "already_stopped"
    running.client.resume()
    running.client.enable_auto_rollback()
    assert running.client.check_health().action == "none"
    assert percentage(running) == 50


def test_r7_a_restart_forgives_errors_of_the_same_minute(running):
    running.report(good=4, bad=9)
    running.client.rollback_to_zero()
    running.client.set_rollout(5)
    running.report(good=9, bad=1)
    # 1 of 10 is a breach; 10 of 23 would have been one four jobs earlier
    assert running.client.history(1).entries[0].evidence["jobs"] == 10


def test_r8_the_crossing_job_trips_the_breaker_in_its_own_transaction(running):
    repo = running.repository_id("acme/repo-1")
    running.report(good=19, bad=1)
    with psycopg.connect(running.url) as connection:
        connection.execute("select record_rollout_job(%s, 'inngest', false, 1, 'boom')", (repo,))
        inside = connection.execute("select rollout_percentage from rollout_configuration").fetchone()
        assert inside == (0,), "the rollback is part of the job's transaction"
        assert percentage(running) == 50, "and not seen before it commits"
    assert percentage(running) == 0
    entry = running.client.history(1).entries[0]
    assert (entry.action, entry.triggered_by, entry.previous_percentage, entry.new_percentage) == (
        "rollback", "auto_rollback", 50, 0,
    )  # fmt: skip
    assert (entry.evidence["errors"], entry.evidence["jobs"]) == (2, 21)


def test_r8_a_success_that_completes_the_sample_can_be_the_crossing_job(running):
    running.report(good=8, bad=1)
    assert percentage(running) == 50
    running.report(good=1)
    assert percentage(running) == 0


def test_r8_the_applications_own_writes_trip_it_too(running):
    """It writes rollout_metrics itself: reads, adds one, writes back."""
    repo = running.repository_id("acme/repo-1")
    running.sql(
        "insert into rollout_metrics (rollout_config_id, repository_id, processor_type, success_count, error_count,"
        " total_jobs) select id, %s, 'github_actions', 10, 0, 10 from rollout_configuration",
        repo,
    )
    running.sql("update rollout_metrics set error_count = 1, total_jobs = 11")
    assert percentage(running) == 0
    assert running.client.status().health.jobs == 11


def test_r8_switched_off_it_only_reports(running):
    running.client.disable_auto_rollback()
    running.report(bad=20)
    assert running.client.check_health().action == "auto_rollback_off"
    assert percentage(running) == 50
    running.client.enable_auto_rollback()
    assert running.client.check_health().action == "rolled_back"
    assert percentage(running) == 0


def test_r8_many_reporters_at_once_trip_it_once_and_lose_nothing(running):
    """16 writers; whichever job crosses, one rollback with one row, and every job counted."""
    repo = running.repository_id("acme/repo-1")
    rows = running.history_rows()

    def report(number: int) -> None:
        with psycopg.connect(running.url, autocommit=True) as connection:
            for job in range(20):
                connection.execute(
                    "select record_rollout_job(%s, %s, %s)",
                    (repo, "inngest" if number % 2 else "github_actions", job % 4 > 0),
                )

    threads = [threading.Thread(target=report, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert percentage(running) == 0
    assert running.history_rows() == rows + 1
    assert running.sql("select sum(jobs), sum(errors) from rollout_job_counts") == [(320, 80)]
    assert running.sql("select sum(total_jobs), sum(error_count) from rollout_metrics") == [(320, 80)]


def test_r8_two_failures_at_the_same_moment_do_not_slip_through(running):
    """Neither transaction sees the other's job; the lock makes the second one count both."""
    repo = running.repository_id("acme/repo-1")
    running.sql("update rollout_configuration set max_error_rate = 10")
    running.report(good=10)
    with psycopg.connect(running.url) as one, psycopg.connect(running.url) as two:
        one.execute("select record_rollout_job(%s, 'inngest', false)", (repo,))  # 1 of 11: 9.1 %
        second = threading.Thread(
            target=lambda: two.execute("select record_rollout_job(%s, 'github_actions', false)", (repo,))
        )
        second.start()
        one.commit()
        second.join()
        two.commit()  # 2 of 12: 16.7 %
    assert percentage(running) == 0


@pytest.mark.parametrize("processor", ["lambda", "", None])
def test_record_rollout_job_refuses_an_unknown_processor(running, processor):
    with pytest.raises(psycopg.Error, match="inngest or github_actions") as refused:
        running.sql("select record_rollout_job(%s, %s, true)", running.repository_id("acme/repo-1"), processor)
    assert refused.value.sqlstate == "RC001"


def test_record_rollout_job_keeps_averages_and_the_last_error(running):
    repo = running.repository_id("acme/repo-1")
    for seconds, message in ((10, None), (20, None), (None, "x" * 5000)):
        running.sql("select record_rollout_job(%s, 'inngest', %s, %s, %s)", repo, message is None, seconds, message)
    row = running.sql(
        "select success_count, error_count, total_jobs, average_processing_time, length(last_error_message)"
        " from rollout_metrics"
    )
    assert row == [(2, 1, 3, 15, 2000)]
    metrics = running.client.show_metrics()
    assert metrics.processors[0].average_seconds == 15
    assert metrics.last_errors[0].repository == "acme/repo-1"
