"""R2: the progression, and when the next phase may begin."""

from __future__ import annotations

import json

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


def test_r2_each_screen_has_its_criteria_in_order(rollout):
    client = rollout.client
    rates = ["error rate", "success rate"]
    assert [c.name for c in client.phases().criteria] == ["time at this percentage", *rates, "jobs"]
    assert [c.name for c in client.check_health().criteria] == [*rates, "jobs"]
    assert [c.name for c in client.stats().criteria] == [
        *rates, "Inngest processing time", "GitHub Actions processing time", "jobs on GitHub Actions",
        "cost reduction against Inngest only",
    ]  # fmt: skip


TREATMENT, CONTROL = {"longest": 60, "arm": "treatment"}, {"longest": 60}


@pytest.mark.parametrize(
    ("processors", "criteria_of_them"),
    [
        ({"a": CONTROL}, ["a processing time"]),
        ({"a": CONTROL, "b": TREATMENT},
         ["a processing time", "b processing time", "jobs on b", "cost reduction against a only"]),
        ({"a": CONTROL, "b": TREATMENT, "c": TREATMENT},
         ["a processing time", "b processing time", "c processing time", "jobs on b", "jobs on c",
          "cost reduction against a only"]),
    ],
)  # fmt: skip
def test_r7_the_processors_of_another_host_are_measured_in_their_order(rollout, processors, criteria_of_them):
    named = {name: {"position": n, "title": name, **of} for n, (name, of) in enumerate(processors.items())}
    rollout.sql(
        "create or replace function public.rollout_host_processors() returns jsonb language sql stable parallel safe"
        f" as $$ select '{json.dumps(named)}'::jsonb $$"
    )
    assert [c.name for c in rollout.client.stats().criteria][2:] == criteria_of_them


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
    assert rollout.client.phases().criteria[0].actual == 0
    rollout.client.resume()
    assert criteria(rollout)["time at this percentage"] is False


def test_r2_each_criterion_at_its_bound(rollout):
    """Below, at and above: under 3 % errors, over 95 % success, at least 10 jobs."""
    at_ten_percent_for(rollout, 24.1)
    rollout.client.configure(max_error_rate=10)
    rollout.report(good=10)
    assert criteria(rollout)["jobs"]
    rollout.report(good=9, bad=1)
    assert (rollout.client.phases().criteria[2].actual, criteria(rollout)["success rate"]) == (95, False)
    rollout.report(good=1)
    assert criteria(rollout)["success rate"]
    assert not rollout.client.phases().ready, "and still more errors than 3 %"


def test_r7_targets_include_their_bounds_as_they_are_written(rollout):
    """At most the threshold, at least the minimum sample, under 120 s on Inngest, 600 to 7,200 s on GitHub Actions."""
    at_ten_percent_for(rollout, 30)

    def took(processor: str, seconds: int, success: bool = True) -> None:
        rollout.sql(
            "select record_rollout_job(%s, %s, %s, %s, started_at => now() - interval '1 minute', treated => true)",
            rollout.repository_id("acme/repo-1"), processor, success, seconds,
        )  # fmt: skip

    def met(report: str) -> dict[str, bool | None]:
        shown = rollout.client.stats() if report == "stats" else rollout.client.check_health()
        return {c.name: c.met for c in shown.criteria}

    for seconds, within in (
        (600, True),
        (598, False),
        (20_402, True),
        (7_204, False),
    ):  # average 600, 599, 7,200, 7,201
        took("github_actions", seconds)
        took("inngest", 120)
        assert met("stats")["GitHub Actions processing time"] is within
        assert met("stats")["Inngest processing time"] is False
    took("inngest", 119)
    assert met("stats")["Inngest processing time"] is True
    assert met("health")["jobs"] is False, "nine"
    took("inngest", 119)
    assert met("health")["jobs"] is True, "ten"
    for _ in range(9):
        took("inngest", 119)
    took("inngest", 119, success=False)
    assert met("stats")["error rate"] is True, "one of twenty is 5 %, which is allowed"
