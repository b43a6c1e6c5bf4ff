"""R7: the rate of the window, never further back than the last restart."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from tests.support.evidence import count
from tests.support.rollouts import percentage


def test_r8_exactly_at_the_threshold_it_is_not_crossed(running):
    running.client.disable_auto_rollback()
    running.report(good=19, bad=1)  # 5 % of 20
    assert running.client.status().health.verdict == "healthy"
    running.report(bad=1)
    assert running.client.status().health.verdict == "above_threshold"


def test_r7_below_the_minimum_sample_nothing_is_a_breach(running):
    running.report(bad=9)
    health = running.client.status().health
    assert (health.verdict, health.breach, health.error_rate) == ("small_sample", False, 100)
    assert percentage(running) == 50
    running.report(bad=1)
    assert percentage(running) == 0


def test_r7_the_minimum_sample_can_be_set(running):
    running.client.configure(minimum_sample=3)
    running.report(bad=2)
    assert percentage(running) == 50
    running.report(bad=1)
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


@pytest.mark.asked
def test_r7_old_jobs_leave_the_window(running):
    repo = running.repository_id("acme/repo-1")
    running.sql("update rollout_configuration set restarted_at = now() - interval '3 days'")
    for hours, errors in ((30, 50), (1, 0)):
        running.sql(
            "insert into rollout_metrics (rollout_config_id, repository_id, processor_type, treated, success_count, error_count,"
            " total_jobs, metrics_window_start, metrics_window_end)"
            " select id, %s, 'inngest', true, 50, %s, %s, now() - interval '2 days', now() - %s * interval '1 hour'"
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
    running.report(good=6, bad=4)
    # 4 of 10 is a breach; 13 of 23 would have been one four jobs earlier
    assert running.client.history(1).entries[0].evidence["jobs"] == 10


def test_r7_jobs_in_flight_at_a_rollback_do_not_trip_the_recovery(running):
    running.report(good=5, bad=6)
    assert percentage(running) == 0
    running.client.set_rollout(5)
    running.report(bad=10, began=timedelta(minutes=5))
    health = running.client.status().health
    assert (percentage(running), health.jobs, health.verdict) == (5, 0, "no_data")
    assert running.differences() == {}
    running.report(bad=10)
    assert percentage(running) == 0, "jobs that began since are judged as ever"


@pytest.mark.asked
def test_r7_the_start_is_reckoned_from_the_seconds_if_only_they_are_known(running):
    repo = running.repository_id("acme/repo-1")
    running.sql("select record_rollout_job(%s, 'github_actions', false, 300)", repo)
    assert running.client.status().health.jobs == 0, "it began five minutes ago, before the restart"
    running.sql("select record_rollout_job(%s, 'github_actions', false)", repo)
    assert running.client.status().health.jobs == 1, "nothing says that this one did"


@pytest.mark.asked
def test_r7_a_start_in_the_future_is_now(running):
    running.report(bad=1, began=timedelta(hours=-1))
    assert running.client.status().health.jobs == 1


@pytest.mark.asked
def test_r7_a_lowering_forgives_nothing(running):
    """A job that began before it is counted in the window, though not among the jobs since (R18)."""
    running.client.disable_auto_rollback()
    running.sql("update rollout_configuration set restarted_at = now() - interval '1 hour'")
    running.client.set_rollout(25)
    running.report(bad=3, began=timedelta(minutes=5))
    status = running.client.status()
    assert (status.health.jobs, status.stop_effect.jobs) == (3, 0)


@pytest.mark.asked
def test_r7_a_job_reported_twice_under_one_id_counts_once(running):
    repo = running.repository_id("acme/repo-1")
    for job_id in ("a", "b", "a", "b", "a", None, None):
        running.sql("select record_rollout_job(%s, 'github_actions', true, job_id => %s)", repo, job_id)
    assert running.client.status().health.jobs == 4
    with pytest.raises(psycopg.Error, match="1 to 200 characters"):
        running.sql("select record_rollout_job(%s, 'inngest', true, job_id => %s)", repo, "x" * 201)


def test_r7_a_job_id_belongs_to_its_report(running):
    """A report that is refused, or rolled back, leaves no id behind: sent again, it counts."""
    repo = running.repository_id("acme/repo-1")
    with psycopg.connect(running.url) as connection:
        connection.execute("select record_rollout_job(%s, 'github_actions', true, job_id => 'a')", (repo,))
        connection.rollback()
    running.sql("select record_rollout_job(%s, 'github_actions', true, job_id => 'a')", repo)
    assert running.client.status().health.jobs == 1


def test_r7_unknown_times_are_unknown(running):
    """The application's average of 0 seconds is no time at all."""
    running.sql(
        "insert into rollout_metrics (rollout_config_id, repository_id, processor_type, success_count, total_jobs,"
        " average_processing_time) select id, %s, 'github_actions', 1, 1, 0 from rollout_configuration",
        running.repository_id("acme/repo-1"),
    )
    metrics = running.client.show_metrics()
    assert metrics.processors[0].average_seconds is None
    times = [criterion for criterion in metrics.criteria if "processing time" in criterion.name]
    assert {(criterion.actual, criterion.met) for criterion in times} == {(None, None)}
    assert running.differences() == {}


def test_r7_both_arms_are_those_of_the_window(running):
    """Just outside of it, in each arm, stand failures that nothing counts."""
    running.sql("update rollout_configuration set restarted_at = now() - interval '3 days'")
    for minutes, errors in ((24 * 60 + 6, 50), (24 * 60 - 6, 1)):
        running.sql(
            "insert into rollout_metrics (rollout_config_id, processor_type, treated, success_count, error_count, total_jobs,"
            " metrics_window_end) select id, 'inngest', treated, 50, %s, 50 + %s, now() - make_interval(mins => %s)"
            " from rollout_configuration, (values (true), (false)) t (treated)",
            errors, errors, minutes,
        )  # fmt: skip
    health = running.client.status().health
    assert (health.jobs, health.errors, health.control.jobs, health.control.errors) == (51, 1, 51, 1)
    assert [(p.arm, p.jobs) for p in running.client.show_metrics().processors] == [("treatment", 51), ("control", 51)]


@pytest.mark.asked
@pytest.mark.parametrize(
    ("events", "trials", "interval"),
    [
        (0, 0, (None, None)),
        (1, 11, (1.62, 37.74)),
        (0, 1, (0, 79.35)),  # z^2 / (n + z^2)
        (1, 1, (20.65, 100)),
        (0, 10, (0, 27.75)),
        (10, 10, (72.25, 100)),
        (5, 10, (23.66, 76.34)),
    ],
)
def test_r7_the_interval_of_a_rate_is_wilsons(rollout, events, trials, interval):
    assert rollout.sql("select i.low::float8, i.high::float8 from rollout.wilson(%s, %s) i", events, trials) == [
        interval
    ]


@pytest.mark.asked
@pytest.mark.parametrize(("restarted_at", "since_restart"), [("23:59", True), ("24:01", False), (None, False)])
def test_r7_the_window_says_whether_it_begins_at_the_restart(running, restarted_at, since_restart):
    running.sql("update rollout_configuration set restarted_at = now() - %s::interval", restarted_at)
    health = running.client.status().health
    assert health.since_restart is since_restart
    assert (health.jobs, health.errors, health.control.jobs, health.control.errors) == (0, 0, 0, 0)


@pytest.mark.asked
def test_r7_a_control_of_one_job_is_told_in_the_reason_of_a_trip(running):
    for control, said in ((0, ""), (1, "; control 0.00 %")):
        running.sql(
            "select record_rollout_job(null, 'inngest', true, treated => false) from generate_series(1, %s)", control
        )
        reason = running.value(
            "select rollout.trip_reason(c, rollout.health(c)) from rollout_configuration c where c.is_active"
        )
        assert reason.endswith(f"above 5.00 %{said}")


@pytest.mark.asked
@pytest.mark.parametrize(
    ("jobs", "errors", "verdict"),
    [
        (0, 0, "no_data"),
        (1, 0, "small_sample"),
        (9, 9, "small_sample"),
        (10, 0, "healthy"),
        (2000, 100, "healthy"),
        (1999, 100, "above_threshold"),
        (10, 3, "above_threshold"),
        (10, 4, "breach"),
    ],
)
def test_r7_the_verdict_of_a_window(running, jobs, errors, verdict):
    count(running, timedelta(), jobs, errors)
    assert running.client.status().health.verdict == verdict
