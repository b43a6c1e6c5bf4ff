"""R17: a hold keeps the percentage, forbids raising, and never disarms the breaker."""

from __future__ import annotations

from datetime import timedelta

import pytest
from psycopg.types.json import Jsonb

from rollout_console.errors import Refused
from rollout_console.render import Screen, render
from tests.support.clock import pass_time
from tests.support.ramp import good_hours

pytestmark = pytest.mark.asked


def state(rollout):
    status = rollout.client.status()
    return status.rollout_percentage, status.emergency_stop, status.held_reason


RAISES = {
    "setRollout": lambda c: c.set_rollout(51),
    "advance": lambda c: c.advance("hurry", force=True),
    "resume": lambda c: c.resume(51),
    "undo": lambda c: c.undo(
        next(e.id for e in c.history().entries if e.command == "rollbackToPercentage"), confirm=True
    ),
}


@pytest.mark.parametrize("raising", RAISES)
def test_r17_nobody_raises_while_it_is_held_and_the_hold_is_named(running, raising):
    running.client.set_rollout(60)
    running.client.rollback_to_percentage(50)
    running.client.hold("looking at the errors")
    if raising == "resume":
        running.client.emergency_stop("worse")
    before, rows = state(running), running.history_rows()
    with pytest.raises(Refused) as told:
        RAISES[raising](running.client)
    assert "by tess: looking at the errors" in str(told.value)
    assert "first type rollout.release()" in str(told.value)
    assert (state(running), running.history_rows()) == (before, rows)


LOWERS = {
    "setRollout": (lambda c: c.set_rollout(40), 40),
    "rollbackToPercentage": (lambda c: c.rollback_to_percentage(30), 30),
    "rollbackToZero": (lambda c: c.rollback_to_zero(), 0),
    "emergencyStop": (lambda c: c.emergency_stop("errors"), 50),
}


@pytest.mark.parametrize("lowering", LOWERS)
def test_r17_lowering_and_stopping_wait_for_no_hold_gate_or_window(running, lowering):
    running.client.hold("look")
    act, left = LOWERS[lowering]
    assert act(running.client).changed
    assert running.client.status().rollout_percentage == left
    assert running.client.status().held_reason == "look", "it outlasts the lowering"


def test_r17_a_stop_within_a_hold_is_resumed_at_what_it_kept_or_lower(running):
    running.client.hold("look")
    for wanted in (None, 50, 20):
        running.client.emergency_stop("errors")
        assert running.client.resume(wanted).status.percentage_in_effect == (wanted or 50)


@pytest.mark.commits
def test_flagger_1801_while_it_is_held_the_breaker_acts(running):
    """While it waited for a person, nothing was rolled back there."""
    running.client.hold("waiting for approval")
    running.report(bad=12)
    assert state(running) == (0, False, "waiting for approval")
    entry = running.client.history(1).entries[0]
    assert (entry.triggered_by, entry.evidence["on_breach"]) == ("auto_rollback", "zero")


def test_r17_a_hold_says_who_since_when_and_why_wherever_the_state_is_said(running):
    held = running.client.hold("looking\nat it\x1b[2J")
    assert (held.command, held.change.command, held.change.reason) == ("hold", "hold", "looking\nat it\x1b[2J")
    status = running.client.status()
    assert (status.held_by, status.held_at is not None) == ("tess", True)
    for result in (status, held, running.client.plan(), running.client.phases(), running.client.test_repositories()):
        text = render(result, Screen(width=120))
        assert "HELD" in text
        assert "\x1b" not in text
    assert "to lift it: rollout.release()" in render(status, Screen(width=120))


def test_r17_held_again_it_takes_the_newer_reason_and_none_wipes_one_out(running):
    since = running.client.hold("first").status.held_at
    assert not running.client.hold().changed
    second = running.client.hold("second").status
    assert (second.held_reason, second.held_at > since) == ("second", True)
    assert running.client.release().changed
    assert not running.client.release().changed
    status = running.client.hold().status
    assert (status.held_reason, status.held_at > since) == ("no reason given", True)


def test_r17_a_hold_is_undone_and_so_is_its_release(running):
    running.client.hold("look")
    running.client.undo()
    assert running.client.status().held_reason is None
    running.client.undo()
    assert running.client.status().held_reason == "look"
    assert running.client.status().held_by == "tess"


@pytest.mark.commits
def test_r17_the_browser_console_writes_the_row_itself_which_is_said(running):
    """It can't be refused without breaking the application; the warning names what to type."""
    running.client.hold("look")
    running.sql("update rollout_configuration set rollout_percentage = 75")
    warning = next(w for w in running.client.status().warnings if w.name == "raised_while_held")
    assert "raised from 50 % to 75 % outside the console" in warning.message
    assert warning.command == "rollout.rollbackToPercentage(50)"
    running.client.rollback_to_percentage(50)
    assert running.client.status().warnings == []


@pytest.mark.parametrize(
    ("feature", "after", "outside", "previous", "new", "warned"),
    [
        (None, "0", True, 40, 50, True),
        (None, "-1 us", True, 40, 50, False),
        (None, "0", False, 40, 50, False),
        (None, "0", True, 40, 40, False),
        (None, "0", True, 45, 40, False),
        (None, "0", True, 50, 60, False),  # lowered again since
        ("another_feature", "0", True, 40, 50, False),
    ],
)
def test_r17_a_raise_past_a_hold_is_one_of_others_since_it_that_still_stands(
    running, feature, after, outside, previous, new, warned
):
    running.sql("select rollout_create(feature_name => 'another_feature')")

    def warnings():
        return "raised_while_held" in [w.name for w in running.client.status().warnings]

    running.client.hold("look")
    running.sql(
        "insert into rollout_history (rollout_config_id, action, previous_percentage, new_percentage, metadata, created_at)"
        " select o.id, 'updated', %s, %s, %s, c.held_at + %s::interval from rollout_configuration c, rollout_configuration o"
        " where c.feature_name = %s and o.feature_name = %s",
        previous, new, Jsonb({"outside_console": outside}), after, running.client.feature,
        feature or running.client.feature,
    )  # fmt: skip
    assert warnings() is warned
    running.client.release()
    assert not warnings()


def test_r17_held_nothing_rises_by_itself_however_long(running):
    running.client.set_rollout(10)
    running.client.configure(auto_advance=True)
    running.client.hold("over the holidays")
    for _ in range(3):
        good_hours(running, 24)
        assert running.client.auto_advance().outcome == "idle"
    pass_time(running, timedelta(days=30))
    assert state(running) == (10, False, "over the holidays")
