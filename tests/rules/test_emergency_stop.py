"""R5: emergencyStop keeps the percentage, and resume restores it."""

from __future__ import annotations

import json
import time

import pytest

from rollout_console.errors import Refused, RolloutError


@pytest.fixture(autouse=True)
def repositories(rollout):
    rollout.add_repositories(100)
    rollout.client.categorize_all()


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


@pytest.mark.parametrize("reason", [5, [], b"x", object()], ids=lambda value: f"{value!r:.8}")
def test_a_reason_is_text_but_of_a_stop(rollout, reason):
    with pytest.raises(RolloutError, match="in quotes"):
        rollout.client.set_rollout(10, reason)


@pytest.mark.parametrize("operation", ["no id", 5, {}, None])
def test_r18_a_stop_whose_operation_has_no_id_is_made_at_once(rollout, operation):
    context = json.dumps({"operation_id": operation})
    begun = time.monotonic()
    answer = rollout.value("select rollout_emergency_stop(reason => 'errors', context => %s::jsonb)", context)
    assert time.monotonic() - begun < 2, "it waits only for who is in its way"
    assert (answer["changed"], rollout.client.status().emergency_stop) == (True, True)
