"""R8: the crossing job trips the breaker in its own transaction."""

from __future__ import annotations

import re
import threading
import time

import psycopg
import pytest

from rollout_console.render.health import evidence_phrase
from tests.support.rollouts import percentage

# What a health check reads beside the row and the counts, out of reach or broken.
LOCKED = "lock table repositories in access exclusive mode"
BROKEN = """
    create or replace function public.rollout_host_processors() returns jsonb language plpgsql immutable
    as $$ begin raise exception 'broken'; end $$
"""


def test_r8_the_crossing_job_trips_the_breaker_in_its_own_transaction(running):
    repo = running.repository_id("acme/repo-1")
    running.report(good=6, bad=3)  # evidence 17 of 20
    with psycopg.connect(running.url) as connection:
        connection.execute("select record_rollout_job(%s, 'inngest', false, treated => true)", (repo,))
        inside = connection.execute("select rollout_percentage from rollout_configuration").fetchone()
        assert inside == (0,), "the rollback is part of the job's transaction"
        assert percentage(running) == 50, "and not seen before it commits"
    assert percentage(running) == 0
    entry = running.client.history(1).entries[0]
    assert (entry.action, entry.triggered_by, entry.previous_percentage, entry.new_percentage) == (
        "rollback", "auto_rollback", 50, 0,
    )  # fmt: skip
    assert (entry.evidence["errors"], entry.evidence["jobs"]) == (4, 10)


def test_r8_a_success_that_completes_the_sample_can_be_the_crossing_job(running):
    running.client.configure(minimum_sample=20)
    running.report(good=11, bad=8)
    assert percentage(running) == 50
    running.report(good=1)
    assert percentage(running) == 0


def test_r8_the_applications_own_writes_trip_it_too(running):
    """It writes a row of rollout_metrics for each job."""
    repo = running.repository_id("acme/repo-1")
    for errors in [0] * 6 + [1] * 4:
        assert percentage(running) == 50
        running.sql(
            "insert into rollout_metrics (rollout_config_id, repository_id, processor_type, success_count, error_count,"
            " total_jobs, average_processing_time, metrics_window_start, metrics_window_end)"
            " select id, %s, 'github_actions', %s, %s, 1, 0, now() - interval '24 hours', now()"
            " from rollout_configuration",
            repo, 1 - errors, errors,
        )  # fmt: skip
    assert percentage(running) == 0
    entry = running.client.history(1).entries[0]
    assert (entry.command, entry.evidence["errors"], entry.evidence["jobs"]) == ("rollout_metrics", 4, 10)
    running.sql("insert into rollout_metrics (rollout_config_id, processor_type, success_count, total_jobs)"
                " select id, 'github_actions', 1, 1 from rollout_configuration")  # fmt: skip
    assert running.client.status().health.jobs == 11, "the session that has tripped it is counted as before"


def test_r8_switched_off_it_only_reports(running):
    running.client.disable_auto_rollback()
    running.report(bad=20)
    assert running.client.check_health().action == "auto_rollback_off"
    assert percentage(running) == 50
    running.client.enable_auto_rollback()
    assert running.client.check_health().action == "rolled_back"
    assert percentage(running) == 0


@pytest.mark.parametrize("trouble", [LOCKED, BROKEN], ids=["locked", "broken"])
def test_r18_a_health_check_rolls_back_whatever_can_not_be_read_beside_the_counts(running, trouble):
    running.client.disable_auto_rollback()
    running.report(bad=20)
    running.client.enable_auto_rollback()
    whole = running.value("select pg_get_functiondef('public.rollout_host_processors()'::regprocedure)")
    with psycopg.connect(running.url) as host:
        host.execute(trouble)
        if trouble == BROKEN:
            host.commit()
        try:
            begun = time.monotonic()
            answer = running.value("select rollout_check_health()")
            assert time.monotonic() - begun < 5
        finally:
            host.rollback()
            running.sql(whole)
    assert (answer["action"], answer["changed"]) == ("rolled_back", True)
    entry = running.client.history(1).entries[0]
    assert (entry.action, entry.triggered_by, entry.new_percentage) == ("rollback", "auto_rollback", 0)
    assert ("can't be read" in entry.reason) == (trouble == LOCKED), "it names whose jobs failed where it can"


def test_r8_many_reporters_at_once_trip_it_once_and_lose_nothing(running):
    """16 writers; whichever job crosses, one rollback with one row, and every job counted."""
    repo = running.repository_id("acme/repo-1")
    rows = running.history_rows()

    def report(number: int) -> None:
        with psycopg.connect(running.url, autocommit=True) as connection:
            for job in range(20):
                connection.execute(
                    "select record_rollout_job(%s, %s, %s, treated => true)",
                    (repo, "inngest" if number % 2 else "github_actions", job % 4 > 0),
                )

    threads = [threading.Thread(target=report, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert percentage(running) == 0
    assert running.history_rows() == rows + 1
    assert running.sql("select sum(jobs), sum(errors) from rollout.counts") == [(320, 80)]
    assert running.sql("select sum(total_jobs), sum(error_count) from rollout_metrics") == [(320, 80)]


def test_r8_two_failures_at_the_same_moment_do_not_slip_through(running):
    """Neither transaction sees the other's job; the lock makes the second one count both."""
    repo = running.repository_id("acme/repo-1")
    running.report(good=6, bad=2)
    with psycopg.connect(running.url) as one, psycopg.connect(running.url) as two:
        one.execute("select record_rollout_job(%s, 'github_actions', false)", (repo,))  # 3 of 9
        second = threading.Thread(
            target=lambda: two.execute("select record_rollout_job(%s, 'github_actions', false)", (repo,))
        )
        second.start()
        one.commit()
        second.join()
        two.commit()  # 4 of 10: evidence 96; without the other 3 of 9, and too few jobs
    assert percentage(running) == 0


def test_r8_a_job_id_sent_by_eight_reporters_at_once_is_one_job(running):
    """Each failing job is sent by all of them; the job that makes the evidence is still the one that trips."""
    repo = running.repository_id("acme/repo-1")

    def report() -> None:
        with psycopg.connect(running.url, autocommit=True) as connection:
            for number in range(30):
                connection.execute(
                    "select record_rollout_job(%s, 'github_actions', %s, job_id => %s)",
                    (repo, number % 3 > 0, f"job-{number}"),
                )

    threads = [threading.Thread(target=report) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert running.sql("select sum(jobs), sum(errors) from rollout.counts") == [(30, 10)]
    evidence = running.client.history(1).entries[0].evidence
    assert evidence["evidence"] >= 20
    one_less = running.value("select rollout.evidence(%s, %s, 5)", evidence["errors"] - 1, evidence["jobs"] - 1)
    assert one_less < 20 or evidence["jobs"] == 10, "the job before it had not made the evidence"
    assert running.differences() == {}


@pytest.mark.parametrize(
    ("situation", "leads_to", "said"),
    [
        (lambda client: None, "rollback", "; the next health check rolls back"),
        (lambda client: client.configure(on_breach="hold"), "hold", "; the next health check holds"),
        (lambda client: client.configure(on_breach="step_back"), "rollback", "; the next health check rolls back"),
        (lambda client: client.disable_auto_rollback(), "nothing", ""),
        (lambda client: client.emergency_stop("look"), "nothing", ""),
        (lambda client: client.rollback_to_zero(), "nothing", ""),
    ],
    ids=["armed", "hold", "step back", "off", "stopped", "at 0 %"],
)
def test_r8_what_the_next_health_check_would_do_is_said_and_done(running, situation, leads_to, said):
    running.report(good=60, bad=6)  # above the threshold, on weak evidence
    situation(running.client)
    health = running.client.status().health
    assert (health.verdict, health.check_rolls_back, health.check_leads_to) == ("above_threshold", True, leads_to)
    assert re.fullmatch(r"evidence [\d.]+ of 20" + said, evidence_phrase(health))
    before = running.client.status()
    check = running.client.check_health()
    after = check.status
    lowered = after.rollout_percentage < before.rollout_percentage
    held = after.held_reason is not None and before.held_reason is None
    assert {"rollback": lowered, "hold": held and not lowered, "nothing": not lowered and not held}[leads_to]
    assert (check.health.check_leads_to, after.health.check_leads_to) == ("nothing", "nothing"), "it has acted"
    evidence = running.client.history(1).entries[0].evidence
    assert leads_to == "nothing" or evidence["check_leads_to"] == "nothing"
    assert running.client.status().health.check_leads_to == "nothing"


def test_r8_auto_rollback_is_switched_on_or_off(running):
    with pytest.raises(psycopg.Error, match="on or off, not null"):
        running.sql("select rollout_set_auto_rollback(null)")


def test_r8_what_is_not_enough_to_roll_back_is_no_hold(running):
    running.client.configure(guardrail="evidence")
    running.report(good=60, bad=6)
    health = running.client.status().health
    assert (health.check_rolls_back, health.check_leads_to) == (False, "nothing")
    assert evidence_phrase(health).endswith(" of 20, not enough to roll back")
