"""R8: evidence beside the control of the same time, under the guardrail `compared`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.evidence import ALTERNATIVES, count

pytestmark = pytest.mark.asked

LIMITS = "select l.compared_limit, l.early_limit, l.recent_limit, l.window_limit, l.stretches from rollout.evidence_limits() l"


@pytest.mark.commits
def test_r8_a_breach_that_the_control_shares_is_held_and_said(running):
    assert running.sql(LIMITS) == [(3, 100, 5760, 20, 288)]
    running.client.configure(guardrail="compared")
    count(running, timedelta(), 50, 20, treated=False)
    running.report(good=4, bad=6)
    status = running.client.status()
    assert (status.rollout_percentage, status.held_by, status.health.shared) == (50, "auto-rollback", True)
    assert (status.health.verdict, status.health.check_rolls_back) == ("breach", False)
    entry = running.client.history(1).entries[0]
    assert entry.reason.startswith("both arms fail: error rate ")
    assert "held at 50 %, not rolled back" in entry.reason
    assert (
        running.value("select rollout.alert_kind(h) from rollout_history h order by created_at desc limit 1")
        == "auto_hold"
    )
    rows = running.history_rows()
    assert running.client.check_health().action == "ramp_held"
    running.report(bad=1)
    assert running.history_rows() == rows, "held once, and not again"
    replayed = running.client.backtest()
    assert [(t.held, t.judged_at) for t in replayed.trips] == [(True, "report")]
    assert [t.held for t in running.client.backtest("evidence").trips] == [False], "which would have rolled back"
    count(running, timedelta(), 500, 0, treated=False)
    running.report(bad=1)
    assert running.client.status().rollout_percentage == 0, "the control is well again: it is the rollout"


@pytest.mark.commits
def test_r8_without_a_control_there_is_nothing_to_compare(running):
    running.client.configure(guardrail="compared")
    running.report(good=4, bad=6)
    assert running.client.status().rollout_percentage == 0


@pytest.mark.parametrize(
    ("guardrail", "control", "shared"), [("compared", 0, False), ("compared", 1, True), ("evidence", 1, False)]
)
def test_r8_a_control_of_one_job_is_compared_and_one_of_none_is_passed_over(running, guardrail, control, shared):
    running.client.configure(guardrail=guardrail)
    count(running, timedelta(), 10, 6)
    count(running, timedelta(), control, 0, treated=False)
    health = running.client.status().health
    assert (health.breach, health.shared, health.check_rolls_back) == (True, shared, not shared)


def test_r8_one_job_in_each_arm_is_compared_and_none_of_another_feature(running):
    running.sql("select rollout_create(feature_name => 'another_feature')")
    running.sql(
        "update rollout_configuration set restarted_at = now() - interval '1 h', percentage_since = now() - interval '1 h'"
    )
    count(running, timedelta(), 1, 1)
    count(running, timedelta(), 1, 0, treated=False)
    coin = sum(r / ((1 + r) / 2) for r in ALTERNATIVES) / 5  # heads, with a share of a half
    assert running.client.status().health.compared.evidence == pytest.approx(float(coin), abs=1e-4)


@pytest.mark.commits
def test_r8_other_guardrails_ask_no_control(running):
    running.client.configure(guardrail="evidence")
    count(running, timedelta(), 50, 20, treated=False)
    running.report(good=4, bad=6)
    assert running.client.status().rollout_percentage == 0
