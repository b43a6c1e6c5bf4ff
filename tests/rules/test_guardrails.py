"""R8: what each guardrail does with a crossed threshold, at a report and at a health check."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.asked

WEAK, STRONG = {"good": 19, "bad": 2}, {"good": 6, "bad": 4}  # evidence 2.6 and 96, both above 5 %


@pytest.mark.commits
@pytest.mark.parametrize(
    ("guardrail", "reported", "verdict", "after_report", "action", "after_check"),
    [
        ("manual", WEAK, "above_threshold", 50, "rolled_back", 0),
        ("manual", STRONG, "breach", 0, "already_at_zero", 0),
        ("evidence", WEAK, "above_threshold", 50, "held", 50),
        ("evidence", STRONG, "breach", 0, "already_at_zero", 0),
        ("rate", WEAK, "breach", 0, "already_at_zero", 0),
    ],
)
def test_r8_a_crossed_threshold(running, guardrail, reported, verdict, after_report, action, after_check):
    running.client.configure(guardrail=guardrail)
    running.report(**reported)
    status = running.client.status()
    assert (status.health.verdict, status.rollout_percentage) == (verdict, after_report)
    check = running.client.check_health()
    assert (check.action, check.status.rollout_percentage) == (action, after_check)


def test_r8_a_check_needs_evidence_under_two_guardrails_and_one_asks_the_control(running):
    running.client.disable_auto_rollback()
    running.sql("update rollout_configuration set restarted_at = now() - interval '1 hour'")
    running.sql("select record_rollout_job(null, 'inngest', true, treated => false)")
    found: dict[str, list[tuple[bool, bool]]] = {"manual": [], "rate": [], "evidence": [], "compared": []}
    for reported in (WEAK, STRONG):
        running.report(**reported)
        for guardrail, said in found.items():
            health = running.client.configure(guardrail=guardrail).status.health
            said.append((health.check_rolls_back, health.shared))
    assert found == {
        "manual": [(True, False), (True, False)],
        "rate": [(True, False), (True, False)],
        "evidence": [(False, False), (True, False)],
        "compared": [(False, False), (False, True)],
    }


def test_r8_a_regression_after_a_good_morning_is_not_drowned(running):
    """The rate of the whole window stays below the threshold; the stretch up to now speaks for itself."""
    long_ago = "now() - interval '6 hours'"
    running.sql(f"update rollout_configuration set restarted_at = {long_ago}")
    running.sql(
        "insert into rollout_metrics (rollout_config_id, processor_type, treated, success_count, error_count,"
        " total_jobs, metrics_window_end) select id, 'inngest', true, 2000, 10, 2010, now() - interval '2 hours'"
        " from rollout_configuration"
    )
    tripped_at = None
    for number in range(60):
        running.report(bad=1 if number % 2 else 0, good=0 if number % 2 else 1)
        if running.client.status().rollout_percentage == 0:
            tripped_at = number + 1
            break
    assert tripped_at is not None
    assert tripped_at <= 30
    entry = running.client.history(1).entries[0]
    assert entry.evidence["error_rate"] < 5, "the whole window is below the threshold"
    assert entry.evidence["recent"]["evidence"] >= 1000
    assert entry.evidence["recent"]["jobs"] == tripped_at
    assert " jobs since 20" in entry.reason


@pytest.mark.commits
def test_r8_the_evidence_of_history_names_the_rule_and_both_arms(running):
    running.sql("select record_rollout_job(null, 'inngest', true, treated => false) from generate_series(1, 30)")
    running.report(**STRONG)
    evidence = running.client.history(1).entries[0].evidence
    assert evidence["guardrail"] == "manual"
    assert (evidence["max_error_rate"], evidence["minimum_sample"], evidence["evidence_limit"]) == (5, 10, 20)
    assert (evidence["jobs"], evidence["control"]["jobs"]) == (10, 30)


def test_r8_late_reports_after_a_restart_at_five_percent_do_not_trip(running):
    """Ten late reports of jobs from before the rollback, as measured on the first round."""
    running.report(**STRONG)
    running.client.set_rollout(5)
    running.sql(
        "select record_rollout_job(%s, 'github_actions', false, 1800) from generate_series(1, 10)",
        running.repository_id("acme/repo-1"),
    )
    assert running.client.status().rollout_percentage == 5
    assert running.client.check_health().action == "none"
