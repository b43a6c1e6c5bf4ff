"""What an alert says of a change, and the next command that it advises."""

from __future__ import annotations

from typing import Any

import pytest

from rollout_console.monitor.wording import Alert, worded
from rollout_console.results import AlertDue, HealthCheck, HistoryEntry
from tests.support.samples import sample


def told(kind: str, percentage: int = 80, **change: Any) -> Alert:
    entry = sample(HistoryEntry, **{"undoes": None, "evidence": None, "after": {}, "before": {}, **change})
    due = AlertDue(receiver="x", event="x", kind=kind, change=entry)
    found: dict[str, Any] = {"rollout_percentage": percentage, "decided_by": "readers", "minimum_sample": 1}
    return worded(due, sample(HealthCheck, **found))


@pytest.mark.parametrize(("kept", "resume"), [(80, "rollout.resume(5)"), (1, "rollout.resume()")])
def test_a_stop_advises_to_look_first_and_to_resume_no_higher_than_was_kept(kept, resume):
    text = told("stop", kept, command="emergencyStop").text
    assert text.endswith(f"next, in the console: rollout.showMetrics(), rollout.errors(); when fixed: {resume}")


@pytest.mark.parametrize(("enabled", "title"), [(False, "auto-rollback is OFF"), (True, "auto-rollback is on again")])
def test_a_switch_of_auto_rollback_says_what_it_is(enabled, title):
    assert told("settings", before={"breaker_enabled": not enabled}, after={"breaker_enabled": enabled}).title == title
    assert told("settings", after={"max_error_rate": 3}).title == "settings changed"


def test_the_end_of_the_plan_is_no_advance_and_advises_no_rollback():
    done = told("advance", previous_percentage=100, new_percentage=100)
    assert done.title == "the plan is at its end"
    assert "rollbackToPercentage" not in done.text
    assert told("advance", previous_percentage=50, new_percentage=100).title == "advanced"


def test_one_job_is_one_job():
    assert "at least 1 job," in told("stop").text
