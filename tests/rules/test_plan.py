"""R17: the plan: steps that rise, the manual's by default, and when each may come."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout_console.errors import BadArgument, Refused, RolloutError
from tests.support.clock import pass_time
from tests.support.ramp import MANUAL, closed_today, good_hours, shut
from tests.support.rows import one_row

pytestmark = pytest.mark.asked


def steps(rollout) -> list[tuple[int, int]]:
    return [(step.percentage, step.hours) for step in rollout.client.plan().steps]


def test_r2_the_manuals_progression_is_the_plan_of_a_rollout_that_has_none(rollout):
    assert steps(rollout) == [(percentage, 24) for percentage in MANUAL]
    assert [step.number for step in rollout.client.plan().steps] == [6, 7, 8, 9, 10]
    assert [step.percentage for step in rollout.client.phases().steps] == MANUAL


def test_r17_whom_a_step_lets_in_is_said_by_the_strategy(rollout):
    said = {}
    for strategy in ("repository_size", "percentage", "whitelist"):
        rollout.sql("update rollout_configuration set rollout_strategy = %s", strategy)
        said[strategy] = rollout.client.plan().steps[1].audience
    assert said == {
        "repository_size": "test, small, some medium",
        "percentage": "any size, by hash",
        "whitelist": "the whitelist alone",
    }


def test_r17_a_plan_of_ones_own_and_back(rollout):
    change = rollout.client.set_plan([5, 10, 25, 50, 100], hours=12, reason="slower")
    assert (change.command, change.change.command, change.change.reason) == ("plan", "plan", "slower")
    assert steps(rollout) == [(5, 12), (10, 12), (25, 12), (50, 12), (100, 12)]
    assert rollout.client.status().phase_percentages == [5, 10, 25, 50, 100]
    rollout.client.set_plan(hours=[1, 2, 3, 4, 5])
    assert steps(rollout) == [(5, 1), (10, 2), (25, 3), (50, 4), (100, 5)]
    rollout.client.set_plan([1, 2])
    assert steps(rollout) == [(1, 5), (2, 5)], "as long as the longest so far"
    assert not rollout.client.set_plan(["1 %", 2.0]).changed
    rollout.client.set_plan(MANUAL, hours=24)
    assert rollout.value("select plan is null from rollout_configuration")
    rollout.client.undo()
    assert steps(rollout) == [(1, 5), (2, 5)]


def test_r17_a_plan_has_up_to_20_steps(rollout):
    rollout.client.set_plan(list(range(1, 21)))
    assert steps(rollout) == [(percentage, 24) for percentage in range(1, 21)]


WRONG = [
    [], [0, 10], [10, 10], [25, 10], [10, 101], [10, 250], [-5], list(range(1, 22)), [10**12],
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_posthog_39528_no_plan_goes_beyond_100_or_does_not_rise(rollout, wrong):
    """A scheduled change set more than 100 % there."""
    with pytest.raises(
        Refused, match=r"a plan is 1 to 20 whole percentages from 1 to 100 that rise, not .*type"
    ) as told:
        rollout.client.set_plan(wrong)
    assert "\n" not in str(told.value)
    assert steps(rollout) == [(percentage, 24) for percentage in MANUAL]


@pytest.mark.parametrize("hours", [0, -1, 721, [24, 24], [24, 24, 24, 24, 0], []], ids=str)
def test_r17_hours_have_a_range(rollout, hours):
    with pytest.raises(Refused, match=r"hours is a whole number from 1 to 720, or one for each of 5 steps"):
        rollout.client.set_plan(hours=hours)
    rollout.client.set_plan([50], hours=720)
    assert steps(rollout) == [(50, 720)]


@pytest.mark.parametrize(
    "arguments", [{"steps": ["ten"]}, {"steps": [True]}, {"steps": 10.5}, {"steps": 5}, {"hours": "many"}, {"hours": [2.5]}, {"window": 5},
                  {"freeze": 3}],
    ids=str,
)  # fmt: skip
def test_r13_what_can_be_no_plan_is_refused_before_it_is_sent(rollout, arguments):
    with pytest.raises(BadArgument, match="type"):
        rollout.client.set_plan(**arguments)


@pytest.mark.parametrize(
    "plan",
    ['{"steps": [{"percentage": 150, "hours": 1}]}', '{"steps": []}', '{"steps": [{"percentage": 10}]}',
     '{"steps": [{"percentage": 10, "hours": 1}, {"percentage": 20}]}',
     '{"steps": [{"percentage": 10, "hours": 1}, {"hours": 1}]}',
     '{"steps": [{"percentage": 10, "hours": 1}, {"hours": 1}, {"percentage": 5, "hours": 1}]}',
     '{"steps": [{"percentage": 0.5, "hours": 1}]}', '{"steps": [{"percentage": "NaN", "hours": 1}]}',
     '{"steps": [{"percentage": 10, "hours": 1.5}]}', '{"steps": [{"percentage": 10, "hours": "NaN"}]}',
     '{"change_window": "sometimes"}'],
)  # fmt: skip
def test_posthog_39528_not_even_by_a_write_past_our_functions(rollout, plan):
    with pytest.raises(Exception, match=r"a plan is|hours is|a window is"):
        rollout.sql("update rollout_configuration set plan = %s::jsonb", plan)


def test_r17_each_step_says_the_earliest_moment_at_which_it_may_come(running):
    running.client.set_rollout(10)
    pass_time(running, timedelta(hours=11))
    plan = running.client.plan()
    left = [round((s.earliest - plan.server_time) / timedelta(hours=1), 1) for s in plan.steps if s.earliest]
    assert left == [13, 37, 61, 85]
    assert [s.state for s in plan.steps] == ["current", "ahead", "ahead", "ahead", "ahead"]
    for halt, go_on in (
        (running.client.hold, running.client.release),
        (running.client.emergency_stop, running.client.resume),
    ):
        halt("look")
        assert not any(s.earliest for s in running.client.plan().steps), "nobody knows when this ends"
        go_on()
    assert [s.earliest is not None for s in running.client.plan().steps] == [False, True, True, True, True]


@pytest.mark.parametrize(("percentage", "hours"), [(0, [0, 24, 48, 72, 96]), (1, [24, 48, 72, 96, 120])])
def test_r17_from_1_percent_on_the_first_step_waits_for_its_hours(rollout, percentage, hours):
    rollout.client.set_rollout(percentage)
    plan = rollout.client.plan()
    assert [round((s.earliest - plan.server_time) / timedelta(hours=1), 1) for s in plan.steps] == hours
    assert (plan.since is not None) == (percentage > 0)


def test_r17_a_raise_beyond_the_next_step_skips_it(running):
    running.client.set_rollout(10)
    for target, skipped in ((9, None), (10, None), (11, None), (25, None), (26, 25), (50, 25)):
        found = running.value("select rollout.cautions(c, %s) from rollout_configuration c", target)
        assert found.get("skipped_phase") == skipped, target
        assert ("shut" in found) is (target > 10), target


def test_r17_what_is_missing_is_named_gate_by_gate(running):
    running.client.set_rollout(10)
    assert shut(running) == ["time at this percentage", "error rate", "success rate", "jobs", "verdict"]
    time = next(gate for gate in running.client.plan().gates if gate.name == "time at this percentage")
    assert timedelta(hours=23) < time.opens_at - running.client.plan().server_time <= timedelta(hours=24)
    good_hours(running)
    assert (shut(running), running.client.plan().ready) == ([], True)


def test_r17_at_0_nothing_is_there_that_could_be_measured(rollout):
    plan = rollout.client.plan()
    assert (plan.ready, plan.next_percentage, plan.phase, plan.since) == (True, 10, "not started", None)


@pytest.mark.parametrize(
    ("percentage", "phase", "next_percentage", "hours"),
    [(4, "before step 1", 5, 2), (5, "step 1", 40, 2), (6, "between step 1 and 2", 40, 2), (40, "step 2", 60, 3),
     (59, "between step 2 and 3", 60, 3), (60, "step 3", None, 4), (61, "beyond step 3", None, 4)],
)  # fmt: skip
def test_r17_a_place_in_a_plan_of_ones_own(rollout, percentage, phase, next_percentage, hours):
    rollout.client.set_plan([5, 40, 60], hours=[2, 3, 4])
    rollout.client.set_rollout(percentage)
    plan = rollout.client.plan()
    assert (plan.phase, plan.next_percentage, rollout.client.status().phase) == (phase, next_percentage, phase)
    due = [gate.opens_at - plan.since for gate in plan.gates if gate.name == "time at this percentage"]
    assert due == [timedelta(hours=hours)]


@pytest.mark.commits
def test_r17_one_definition_serves_plan_phases_advance_set_rollout_and_the_dashboard(running):
    running.client.set_rollout(10)
    running.client.set_plan(window=closed_today(running))
    running.report(good=20)
    wanted = ["time at this percentage", "window"]
    assert shut(running) == wanted
    for told in (running.client.phases().gates, running.client.overview().plan.gates):
        assert [gate.name for gate in told if not gate.open] == wanted
    assert [gate.name for gate in running.client.advance().shut] == wanted
    raised = running.client.set_rollout(25)
    assert raised.status.rollout_percentage == 25, "it does what it is told"
    assert [gate.name for gate in raised.shut] == wanted


@pytest.mark.commits
def test_r11_whoever_reads_sees_the_plan_and_changes_nothing(running):
    import psycopg

    with psycopg.connect(running.url) as connection:
        connection.execute("set role anon")
        assert one_row(connection.execute("select rollout_plan() ->> 'rollout_percentage'")) == ("50",)
        for change in (
            "rollout_advance()",
            "rollout_hold()",
            "rollout_release()",
            "rollout_auto_advance()",
            "rollout_set_plan()",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(f"select {change}")


def test_r17_a_plan_that_changes_nothing_leaves_no_row(rollout):
    rows = rollout.history_rows()
    assert not rollout.client.set_plan(MANUAL, hours=24, window="always", freeze="off").changed
    assert rollout.history_rows() == rows
    with pytest.raises(RolloutError):
        rollout.client.set_plan([10, 20], window="never")
    with pytest.raises(Refused, match="not 'x'"):
        rollout.client.set_plan(window="x\x00")
    assert rollout.history_rows() == rows, "all that is given, or nothing"
