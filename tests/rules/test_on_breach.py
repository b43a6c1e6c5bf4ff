"""R17 and R8: what a breach leads to: 0 %, the step before, or a hold."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from rollout_console.errors import Refused
from rollout_console.render.history import change_author
from tests.support.clock import pass_time
from tests.support.jobs import add_jobs


def breach(rollout) -> None:
    """Report failures until one trips the breaker."""
    rows = rollout.history_rows()
    for _ in range(40):
        rollout.report(bad=1)
        if rollout.history_rows() > rows:
            return
    raise AssertionError("no report tripped the breaker")


def state(rollout):
    status = rollout.client.status()
    return status.rollout_percentage, status.held_by


ACTIONS = {
    "zero": ((0, None), "rollback", "auto_rollback", "rolled_back"),
    "step_back": ((25, "auto-rollback"), "rollback", "auto_rollback", "stepped_back"),
    "hold": ((50, "auto-rollback"), "updated", "auto_hold", "ramp_held"),
}


@pytest.mark.parametrize("on_breach", ACTIONS)
def test_r8_a_report_acts_as_on_breach_says_and_its_row_says_which(running, on_breach):
    running.client.configure(on_breach=on_breach)
    rows = running.history_rows()
    breach(running)
    left, action, triggered_by, _ = ACTIONS[on_breach]
    assert (state(running), running.history_rows()) == (left, rows + 1)
    entry = running.client.history(1).entries[0]
    assert (entry.action, entry.triggered_by, entry.evidence["on_breach"]) == (action, triggered_by, on_breach)
    assert entry.evidence["breach"]
    assert change_author(entry) == "auto-rollback"
    assert entry.reason.startswith("error rate 100.00 % (10 of 10 jobs)")


@pytest.mark.parametrize("on_breach", ACTIONS)
def test_r8_a_health_check_acts_likewise(running, on_breach):
    running.client.configure(on_breach=on_breach)
    running.report(good=17, bad=3)  # weak evidence: reports leave it, a check under the manual's guardrail does not
    check = running.client.check_health()
    left, _, _, action = ACTIONS[on_breach]
    assert (check.action, state(running)) == (action, left)


@pytest.mark.parametrize(
    ("settings", "meant"), [({"on_breach": "step_back"}, "rollback"), ({"guardrail": "compared"}, "hold")]
)
def test_r8_a_check_whose_evidence_fails_says_that_it_went_to_zero(running, settings, meant):
    """It would have stepped back, or held since the control fails as well."""
    running.client.configure(**settings)
    running.client.disable_auto_rollback()  # else a report does it
    running.report(good=5, bad=15)
    control = "select record_rollout_job(%s, 'github_actions', false, treated => false) from generate_series(1, 40)"
    running.sql(control, running.repository_id("acme/repo-1"))
    running.client.enable_auto_rollback()
    assert running.client.status().health.check_leads_to == meant
    running.sql("alter function rollout.main_errors(rollout_configuration) rename to gone")
    try:
        with psycopg.connect(running.url, autocommit=True) as session:
            action = session.execute("select rollout_check_health() ->> 'action'").fetchone()
            left = session.execute("select coalesce(current_setting('rollout.change', true), '')").fetchone()
    finally:
        running.sql("alter function rollout.gone(rollout_configuration) rename to main_errors")
    assert (action, left, state(running)) == (("rolled_back",), ("",), (0, None))


def test_r17_a_release_after_a_breach_holds_again_for_new_errors_alone(running):
    running.client.configure(on_breach="hold")
    running.client.hold("looking")
    running.report(bad=12)
    running.client.release("fixed")
    assert running.client.check_health().action == "none"
    running.report(good=1)
    assert state(running) == (50, None)
    breach(running)
    assert state(running) == (50, "auto-rollback")
    running.client.release("fixed, really")
    assert running.client.check_health().action == "none"
    assert running.client.status().health.jobs == 0


def test_r10_a_release_with_nothing_held_leaves_the_breach_to_the_next_check(running):
    running.client.configure(on_breach="hold")
    running.report(good=17, bad=3)
    assert not running.client.release().changed
    assert running.client.status().health.jobs == 20
    assert running.client.check_health().action == "ramp_held"


def test_r16_a_warning_that_a_release_has_accepted_is_acted_on_no_more(running):
    running.client.configure(act_on_warnings=True, on_breach="hold")
    add_jobs(running, queued=timedelta(hours=9))
    assert running.client.check_health().action == "ramp_held"
    running.client.release("known")
    assert running.client.check_health().action == "none"
    assert state(running) == (50, None)


def test_r8_the_default_is_the_manuals(running):
    assert running.client.status().on_breach == "zero"


def test_argo_rollouts_2824_2897_and_3120_a_step_back_forgets_the_errors_that_led_to_it(running):
    """A retry aborted at once there, because of what the run before it had left."""
    running.client.configure(on_breach="step_back")
    breach(running)
    assert state(running) == (25, "auto-rollback")
    running.report(bad=12, began=timedelta(hours=1))  # in flight as it stepped back
    assert running.client.status().health.verdict == "no_data"
    assert running.client.check_health().action == "none"
    assert state(running) == (25, "auto-rollback")
    breach(running)
    assert state(running) == (10, "auto-rollback"), "what goes on failing goes on falling"
    breach(running)
    assert state(running)[0] == 0, "below the first step is 0 %"
    running.client.release()
    assert running.client.set_rollout(5).changed


def test_argo_rollouts_2866_abort_is_not_the_only_answer(running):
    running.client.configure(on_breach="hold")
    breach(running)
    rows = running.history_rows()
    running.report(bad=5)
    assert running.client.check_health().action == "ramp_held"
    assert (state(running), running.history_rows()) == ((50, "auto-rollback"), rows), "held once, and traffic flows on"
    with pytest.raises(Refused, match="auto-rollback: error rate"):
        running.client.set_rollout(75)


def test_r17_an_operators_own_hold_stays_the_operators(running):
    running.client.configure(on_breach="hold")
    running.client.hold("waiting for Bob")
    rows = running.history_rows()
    running.report(bad=20)
    assert (running.client.status().held_reason, running.history_rows()) == ("waiting for Bob", rows)
    running.client.configure(on_breach="step_back")
    breach(running)
    status = running.client.status()
    assert (status.rollout_percentage, status.held_reason) == (25, "waiting for Bob")


def test_r19_a_step_back_is_undone_by_its_id(running):
    running.client.configure(on_breach="step_back")
    breach(running)
    step = running.client.history(1).entries[0].id
    with pytest.raises(Refused, match="confirm=True"):
        running.client.undo(step)
    status = running.client.undo(step, confirm=True).status
    assert (status.rollout_percentage, status.held_by) == (50, None)


def test_r17_what_stepped_back_rises_by_no_hand_but_a_persons(running):
    running.client.configure(on_breach="step_back", auto_advance=True)
    breach(running)
    for _ in range(3):
        pass_time(running, timedelta(hours=12))
        running.report(good=30)
        pass_time(running, timedelta(hours=12))
        assert running.client.auto_advance().outcome == "idle"
    running.client.release("mended")
    assert running.client.auto_advance().outcome == "advanced"


def test_argo_rollouts_3957_the_history_says_why(running):
    """ "Rollout aborted", and nothing why, there."""
    for on_breach in ACTIONS:
        running.client.release()
        running.client.set_rollout(0)
        running.client.set_rollout(50)
        running.client.configure(on_breach=on_breach)
        breach(running)
        entry = running.client.history(1).entries[0]
        assert (entry.evidence["errors"], entry.evidence["jobs"]) == (10, 10)
        assert "above 5.00 %" in entry.reason
