"""R7: the rate of the window, never further back than the last restart."""

from __future__ import annotations

import pytest

from tests.support.rollouts import RolloutUnderTest


def percentage(rollout: RolloutUnderTest) -> int:
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
