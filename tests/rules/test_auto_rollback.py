"""R8: the crossing job trips the breaker in its own transaction."""

from __future__ import annotations

import threading

import psycopg

from tests.support.rollouts import RolloutUnderTest


def percentage(rollout: RolloutUnderTest) -> int:
    return rollout.client.status().rollout_percentage


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
