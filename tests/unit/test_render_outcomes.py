"""What rollout.jobs() shows: counts, what stands against them, and jobs in a state."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout_console import results
from rollout_console.render import Screen, render
from tests.support.samples import NOW, sample

PIPE = Screen(width=120)


def shown(**changes):
    return render(sample(results.Jobs, **{"state": None, "server_time": NOW, "warnings": []} | changes), PIPE)


def test_without_any_job_it_is_neither_success_nor_failure():
    text = shown(groups=[], jobs=[], look_back_days=7)
    assert "no job in the last 7 days is known" in text
    assert "neither success nor failure" in text


def test_a_warning_comes_first_with_what_to_type():
    warning = results.HealthWarning(name="stuck_jobs", message="54 jobs are stuck", command='rollout.jobs("stuck")')
    assert shown(warnings=[warning]).splitlines()[:2] == [" 54 jobs are stuck", ' type: rollout.jobs("stuck")']


def test_percentiles_stand_beside_their_number():
    group = sample(results.JobGroup, p50_seconds=30.0, p95_seconds=600.0, timed=1234, completed=5678)
    line = next(line for line in shown(groups=[group]).splitlines() if "5,678" in line)
    assert line.split()[-5:] == ["30", "s", "10", "min", "1,234"]


@pytest.mark.parametrize("capped", [True, False])
def test_counts_that_are_lower_bounds_say_so(capped):
    text = shown(groups=[sample(results.JobGroup, capped=capped)], most_read=10_000)
    assert ("the newest 10,000 are counted" in text) is capped
    assert "unknown processor" not in text


def test_counts_of_a_processor_that_nobody_has_named_are_lower_bounds_of_another_kind():
    text = shown(groups=[sample(results.JobGroup, capped=True, target_seconds=None)])
    assert "only those among the newest of all jobs are counted" in text
    assert "there are more" not in text


def test_it_says_how_to_have_outcomes_judged_until_they_are():
    assert "rollout.configure(follow_jobs=True)" in shown(following=False)
    assert "follow_jobs=True" not in shown(following=True)


def test_a_state_lists_its_jobs_and_nothing_else():
    job = sample(
        results.Job, repository="acme/site", error="no such run", state="failed", ended_at=NOW - timedelta(hours=3)
    )
    lines = shown(state="failed", jobs=[job]).splitlines()
    assert lines[0] == " failed"
    assert "3 h ago  acme/site" in lines[1]
    assert lines[2].strip() == "no such run"
    assert len(lines) == 3


@pytest.mark.parametrize(("stuck", "title"), [(1, " stuck"), (1_500, " stuck, 1 of 1,500")])
def test_a_list_of_those_that_wait_says_how_many_there_are(stuck, title):
    groups = [sample(results.JobGroup, stuck=stuck)]
    assert shown(state="stuck", groups=groups, jobs=[sample(results.Job, state="stuck")]).splitlines()[0] == title


@pytest.mark.parametrize(
    ("capped", "said"), [(False, " no jobs are stuck"), (True, " no jobs are stuck among those that are read")]
)
def test_a_state_without_jobs_says_so(capped, said):
    groups = [sample(results.JobGroup, stuck=0, capped=capped)]
    assert shown(state="stuck", groups=groups, jobs=[]).splitlines()[-1] == said


@pytest.mark.parametrize("state", ["stuck", "failed"])
def test_a_list_of_none_does_not_say_that_there_are_none(state):
    groups = [sample(results.JobGroup, stuck=12, failed=12)]
    assert shown(state=state, groups=groups, jobs=[]).splitlines()[1:] == [" none of them is listed"]


def test_a_phase_that_is_not_ready_names_the_warning():
    stuck = sample(results.Gate, name="stuck_jobs", message="54 jobs are stuck", open=False)
    phases = sample(results.Phases, ready=False, gates=[stuck])
    text = render(phases, PIPE)
    assert text.index("54 jobs are stuck") < text.index("not ready")


def test_at_80_columns_a_job_is_not_broken_within_its_words_and_its_arm_is_there():
    name = "palisade-labs/bright-search-playground-24"
    job = sample(results.Job, repository=name, processor="inngest", id="i" * 36, seconds=90.0, error="boom")
    lines = render(sample(results.Jobs, jobs=[job], processor="github_actions"), Screen(80, bars=True)).splitlines()
    assert [line.split() for line in lines[-3:]] == [
        ["just", "now", name, "inngest,", "treatment"], [f"{'i' * 36},", "took", "90", "s"], ["boom"],
    ]  # fmt: skip
    assert any(
        "arm" in line and "failed" in line
        for line in render(sample(results.Jobs, state=None), Screen(80, bars=True)).splitlines()
    )
