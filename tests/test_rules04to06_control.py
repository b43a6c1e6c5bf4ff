"""R4 setRollout, R5 emergencyStop and resume, R6 rollback."""

from __future__ import annotations

import decimal
import math

import pytest

from rollout_console.errors import BadArgument, Refused, RolloutError

NOT_PERCENTAGES = [
    True,
    False,
    None,
    "10",
    "",
    math.nan,
    math.inf,
    -math.inf,
    10.5,
    10**400,
    [],
    {},
    object(),
    10j,
    b"1",
]


@pytest.fixture(autouse=True)
def repositories(rollout):
    rollout.add_repositories(100)
    rollout.client.categorize_all()


@pytest.mark.parametrize("value", [0, 10, 100, 10.0, decimal.Decimal(10)])
def test_r4_whole_numbers_are_stored(rollout, value):
    assert rollout.client.set_rollout(value).status.rollout_percentage == int(value)


@pytest.mark.parametrize("value", NOT_PERCENTAGES, ids=lambda value: f"{value!r:.8}")
def test_r4_anything_else_is_refused_with_what_to_type(rollout, value):
    rows = rollout.history_rows()
    with pytest.raises(BadArgument, match=r"type for example rollout\.setRollout\(10\)"):
        rollout.client.set_rollout(value)
    assert rollout.history_rows() == rows


@pytest.mark.parametrize("value", [-1, 101, 1000, -(10**9), 1e300])
def test_r4_out_of_range_is_refused_by_the_database(rollout, value):
    rows = rollout.history_rows()
    with pytest.raises(Refused, match=r"whole number from 0 to 100.*rollout\.setRollout\(10\)"):
        rollout.client.set_rollout(value)
    assert rollout.history_rows() == rows


def test_r4_during_a_stop_the_percentage_is_stored_and_traffic_stays_halted(rollout):
    rollout.client.set_rollout(20)
    rollout.client.emergency_stop("errors")
    status = rollout.client.set_rollout(50).status
    assert (status.rollout_percentage, status.percentage_in_effect) == (50, 0)
    assert status.eligible_repositories == 0
    assert rollout.client.resume().status.eligible_repositories == 50


def test_r5_a_stop_keeps_the_percentage_and_resume_restores_it(rollout):
    rollout.client.set_rollout(20)
    stopped = rollout.client.emergency_stop("errors in the logs").status
    assert (stopped.emergency_stop, stopped.rollout_percentage, stopped.percentage_in_effect) == (True, 20, 0)
    assert stopped.emergency_stop_reason == "errors in the logs"
    assert stopped.emergency_stopped_at is not None
    resumed = rollout.client.resume().status
    assert (resumed.emergency_stop, resumed.percentage_in_effect) == (False, 20)
    assert resumed.emergency_stop_reason is None


def test_r5_a_stop_halts_the_whitelist_too(rollout):
    rollout.client.add_to_whitelist("acme/repo-1")
    rollout.client.emergency_stop()
    assert not rollout.is_eligible("acme/repo-1")


def test_r5_resume_at_another_percentage_is_one_change(rollout):
    rollout.client.set_rollout(20)
    rollout.client.emergency_stop("errors")
    rows = rollout.history_rows()
    status = rollout.client.resume(5).status
    assert (status.emergency_stop, status.rollout_percentage) == (False, 5)
    assert rollout.history_rows() == rows + 1


def test_r5_stopping_twice_keeps_both_reasons_in_history(rollout):
    rollout.client.emergency_stop("first")
    rollout.client.emergency_stop("second")
    assert [e.reason for e in rollout.client.history(2).entries] == ["second", "first"]
    again = rollout.client.emergency_stop()
    assert not again.changed
    assert again.status.emergency_stop_reason == "second", "a stop without a reason wiped out the reason"


def test_r5_resume_without_a_stop_changes_nothing(rollout):
    rollout.client.set_rollout(20)
    assert not rollout.client.resume().changed
    with pytest.raises(Refused, match=r"rollout\.setRollout\(5\)"):
        rollout.client.resume(5)
    assert rollout.client.status().rollout_percentage == 20


def test_r6_rollback_only_lowers(rollout):
    rollout.client.set_rollout(20)
    with pytest.raises(Refused, match=r"only lowers.*rollout\.setRollout\(50\)"):
        rollout.client.rollback_to_percentage(50)
    assert rollout.client.rollback_to_percentage(20).changed is False
    assert rollout.client.rollback_to_percentage(5).status.rollout_percentage == 5
    assert rollout.client.rollback_to_zero().status.rollout_percentage == 0
    assert rollout.client.history(1).entries[0].action == "rollback"


@pytest.mark.parametrize("reason", [5, [], b"x", object()], ids=lambda value: f"{value!r:.8}")
def test_a_reason_is_text(rollout, reason):
    with pytest.raises(RolloutError, match="in quotes"):
        rollout.client.emergency_stop(reason)
