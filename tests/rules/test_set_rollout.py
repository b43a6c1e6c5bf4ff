"""R4: setRollout takes a whole number from 0 to 100."""

from __future__ import annotations

import decimal
import math

import pytest

from rollout_console.errors import BadArgument, Refused

NOT_PERCENTAGES = [True, "ten", 10.5, math.nan]  # the others: tests/unit/test_validation.py


@pytest.fixture(autouse=True)
def repositories(rollout):
    rollout.add_repositories(100)
    rollout.client.categorize_all()


@pytest.mark.parametrize("value", [0, 10, 100, decimal.Decimal(10), "10 %"])
def test_r4_whole_numbers_are_stored(rollout, value):
    assert rollout.client.set_rollout(value).status.rollout_percentage == (value if value in (0, 100) else 10)


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


def test_r2_raising_against_unmet_criteria_is_done_and_said(rollout):
    started = rollout.client.set_rollout(10)
    assert (started.shut, started.skipped_phase) == ([], None)
    raised = rollout.client.set_rollout(25)
    assert raised.status.rollout_percentage == 25
    assert [g.name for g in raised.shut] == [g.name for g in rollout.client.phases().gates if not g.open]
    assert raised.skipped_phase is None
    assert rollout.client.set_rollout(100).skipped_phase == 50
    lowered = rollout.client.set_rollout(1)
    assert (lowered.shut, lowered.skipped_phase) == ([], None)
