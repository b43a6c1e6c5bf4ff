"""R2: the progression, and when the next phase may begin."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.asked


@pytest.mark.parametrize(
    ("percentage", "phase"),
    [
        (0, "not started"),
        (5, "before phase 6"),
        (10, "phase 6"),
        (24, "between phase 6 and 7"),
        (25, "phase 7"),
        (50, "phase 8"),
        (75, "phase 9"),
        (99, "between phase 9 and 10"),
        (100, "phase 10"),
    ],
)
def test_r2_phase_of_a_percentage(rollout, percentage, phase):
    rollout.client.set_rollout(percentage)
    assert rollout.client.status().phase == phase


def at_ten_percent_for(rollout, hours: float) -> None:
    rollout.add_repositories(20)
    rollout.client.categorize_all()
    rollout.client.set_rollout(10)
    rollout.sql(
        "update rollout_configuration set percentage_since = now() - %s * interval '1 hour',"
        " restarted_at = now() - %s * interval '1 hour'",
        hours, hours,
    )  # fmt: skip


def criteria(rollout) -> dict[str, bool | None]:
    return {c.name: c.met for c in rollout.client.phases().criteria}


def test_r2_ready_after_a_day_with_good_jobs(rollout):
    at_ten_percent_for(rollout, 24.1)
    rollout.report(good=100, bad=2)
    phases = rollout.client.phases()
    assert all(criteria(rollout).values())
    assert phases.ready
    assert phases.next_percentage == 25


@pytest.mark.parametrize(
    ("hours", "good", "bad", "missing"),
    [
        (23.9, 100, 0, "time at this percentage"),
        (25, 97, 3, "error rate"),  # 3 % is not under 3 %
        (25, 9, 0, "jobs"),
        (25, 0, 0, "jobs"),
    ],
)
def test_r2_not_ready_while_one_criterion_is_missing(rollout, hours, good, bad, missing):
    at_ten_percent_for(rollout, hours)
    rollout.report(good=good, bad=bad)
    assert criteria(rollout)[missing] is False
    assert not rollout.client.phases().ready


def test_r2_a_stop_is_not_time_at_the_percentage(rollout):
    at_ten_percent_for(rollout, 48)
    rollout.report(good=50)
    assert rollout.client.phases().ready
    rollout.client.emergency_stop("look")
    assert not rollout.client.phases().ready
    rollout.client.resume()
    assert criteria(rollout)["time at this percentage"] is False
