"""The plan, its gates and holds as they are shown: what is wrong, when it ends, what to type."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rollout_console.adapters import Target
from rollout_console.dashboard.view import draw
from rollout_console.refresh import Snapshot
from rollout_console.render import Screen, render
from rollout_console.render.difference import format_change
from rollout_console.render.progression import time_left
from rollout_console.results import Advance, Change, Gate, HistoryEntry, Overview, Phases, Plan, PlanStep, State, Status
from rollout_console.shell.prompt import prompt_parts
from tests.support.samples import NOW, sample

PIPE = Screen(width=100)
IN_A_DAY = NOW + timedelta(hours=26)
SHUT = sample(Gate, open=False, message="outside the change window", opens_at=IN_A_DAY, command="rollout.plan()")
OPEN = sample(Gate, open=True, message="not held", command="rollout.release()")


def plan(**changes) -> Plan:
    steps = [
        sample(PlanStep, number=6, percentage=10, state="current", earliest=None),
        sample(PlanStep, number=7, percentage=25, state="ahead", earliest=IN_A_DAY),
    ]
    given = {
        "rollout_percentage": 10,
        "next_percentage": 25,
        "decided_by": "readers",
        "gates": [OPEN, SHUT],
        "steps": steps,
        "held_reason": None,
    }
    return sample(Plan, **{**given, **changes})


@pytest.mark.parametrize(
    ("hours", "left"), [(0, "0 min"), (0.01, "1 min"), (1.99, "120 min"), (2, "2 h"), (47, "47 h"), (49, "2 days"), (-3, "0 min")]
)  # fmt: skip
def test_the_time_left_is_in_the_largest_fitting_unit(hours, left):
    assert time_left(NOW + timedelta(hours=hours), NOW) == left


def test_a_plan_shows_each_step_with_its_moment_and_each_gate_with_what_to_type():
    lines = render(plan(ready=False), PIPE).splitlines()
    assert any("▸" in line and "10 %" in line for line in lines)
    assert any("25 %" in line and line.endswith("UTC  26 h") for line in lines)
    (shut,) = [line for line in lines if "outside the change window" in line]
    assert shut.startswith(" ✗")
    assert "opens " in shut
    assert shut.endswith("(in 26 h)"), "the plan does not advise to type itself"
    (is_open,) = [line for line in lines if "not held" in line]
    assert (is_open.startswith(" ✓"), "type" in is_open) == (True, False)
    assert lines[-1] == " not ready for 25 % yet"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ready": True}, "ready for 25 %: rollout.advance()"),
        ({"next_percentage": None}, "the last step is reached"),
        ({"rollout_percentage": 0}, "traffic is at 0 %; the next step is"),
        ({"held_reason": "look", "held_until": None}, "HELD\n"),
        ({"held_reason": "look", "held_until": IN_A_DAY}, "HELD until 2026-11-25 05:00 UTC\n"),
        ({"emergency_stop": True}, "STOPPED"),
        (
            {"auto_advance": True, "on_breach": "hold"},
            "auto-advance on; on a breach the rollout keeps its percentage, and is held",
        ),
        ({"change_window": "Mon-Thu 09:00-16:00 Europe/Berlin"}, "rises only Mon-Thu 09:00-16:00 Europe/Berlin"),
    ],
)
def test_a_plan_says_what_else_decides(changes, said):
    assert said in render(plan(**changes), PIPE)


def test_an_advance_that_is_refused_is_a_line_for_each_shut_gate():
    refused = sample(Advance, outcome="shut", next_percentage=25, shut=[SHUT, SHUT], command="advance", server_time=NOW)
    first, *gates = render(refused, PIPE).splitlines()
    assert "not raised to 25 %; nothing changed" in first
    assert len(gates) == 2
    assert all(line.endswith("type: rollout.plan()") for line in gates)


def test_an_advance_past_shut_gates_warns_of_them():
    entry = sample(HistoryEntry, previous_percentage=10, new_percentage=25)
    forced = sample(
        Advance, outcome="advanced", shut=[SHUT], command="advance", changed=True, change=entry, skipped_phase=0
    )
    text = render(forced, PIPE)
    assert "warning: raised, but these checks fail: outside the change window" in text
    assert "10 % → 25 %" in text


@pytest.mark.parametrize("held", [None, "looking"])
def test_prompt_status_and_dashboard_say_held(held):
    status = sample(Status, held_reason=held, held_by="tess", auto_rollback_enabled=True, rollout_percentage=10)
    prompt = "".join(words for _, words in prompt_parts(Target("local", "here"), status.feature_name, Snapshot(status)))
    overview = sample(Overview, status=status)
    screens = prompt, render(status, PIPE), "\n".join(draw(Snapshot(overview), 1, PIPE, 100, 40))
    for shown in screens:
        assert ("HELD" in shown) is (held is not None)
    assert ("held by tess" in screens[1]) is (held is not None)
    assert ("rollout.release()" in screens[1]) is (held is not None)


def test_the_dashboard_has_the_steps_on_a_line_with_the_time_left():
    for width in (80, 120):
        lines = draw(Snapshot(sample(Overview, plan=plan(ready=False))), 1, PIPE, width, 40)
        (steps,) = [line for line in lines if line.startswith(" plan ")]
        assert steps == " plan ▸6: 10 %   7: 25 % (in 26 h)"
        assert any("before 25 %: outside the change window" in line for line in lines)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, {"steps": [{"percentage": 5, "hours": 12}, {"percentage": 50, "hours": 12}]},
         "steps the manual's → 5 %, 50 % for 12 h each"),
        (None, {"steps": [{"percentage": 50, "hours": 24}]}, "steps the manual's → 50 % for 24 h"),
        ({"steps": [{"percentage": 5, "hours": 1}, {"percentage": 50, "hours": 2}]}, None,
         "steps 5 % for 1 h, 50 % for 2 h → the manual's"),
        (None, {"change_window": "Mon 09:00-10:00 UTC"}, "window none → Mon 09:00-10:00 UTC"),
        (None, {"frozen_until": "2026-12-01T00:00:00+00:00"}, "frozen until 2026-12-01 00:00 UTC"),
        ({"frozen_until": "2026-12-01T00:00:00+00:00"}, None, "no longer frozen"),
    ],
)  # fmt: skip
def test_a_change_of_the_plan_says_what_of_it(before, after, said):
    entry = sample(HistoryEntry, before={"plan": before}, after={"plan": after})
    assert format_change(entry) == said


def test_what_the_ramp_did_by_itself_is_said_to_be_its_own():
    for triggered_by in ("auto_advance", "auto_hold"):
        entry = sample(HistoryEntry, triggered_by=triggered_by, operator="monitor")
        status = sample(Status, last_change=entry)
        assert f"by {triggered_by.replace('_', '-')}" in render(status, PIPE)


def test_a_hold_that_is_there_already_says_so():
    assert "nothing changed: held by" in render(
        sample(Change, command="hold", changed=False, change=None, shut=[], skipped_phase=None), PIPE
    )


@pytest.mark.parametrize("state", ["rolled_back", "not_started"])
def test_at_0_percent_what_is_shut_is_named_before_the_start(state):
    shut = sample(Gate, open=False, message="held by tess: look", command="rollout.release()")
    at_zero: dict[str, Any] = {
        "steps": [],
        "rollout_percentage": 0,
        "emergency_stop": False,
        "state": sample(State, name=state),
    }
    for kind in (Plan, Phases):
        *_, first, start = render(sample(kind, gates=[shut], **at_zero), Screen()).splitlines()
        assert first.startswith(" first: held by tess: look")
        assert first.endswith("type: rollout.release()")
        assert start.endswith("rollout.advance()")
        assert "first:" not in render(sample(kind, gates=[], **at_zero), Screen())
