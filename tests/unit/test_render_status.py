"""What the status says: whether traffic flows, at what percentage, how healthy it is, and what was changed last."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import get_args

import pytest

from rollout_console import results
from rollout_console.render import Screen, render
from rollout_console.render.colours import STYLES
from rollout_console.render.health import VERDICTS, health_phrase, window_phrase
from rollout_console.render.status import STRATEGIES, UNPROTECTED, state_line
from rollout_console.results import (
    CategorizationState,
    FullStatus,
    Health,
    HistoryEntry,
    State,
    Status,
    Uncategorized,
    Verdict,
)
from tests.support.samples import NOW, sample

PIPE = Screen(width=100)
SHOW_THE_STATE = [
    results.Status, results.Change, results.HealthCheck, results.Simulation, results.Stats, results.Phases,
    results.Categories,
]  # fmt: skip


def shown(**changes):
    return render(sample(FullStatus, **changes), PIPE)


def test_the_first_lines_say_what_runs_why_since_when_and_by_whom_and_the_rest_is_asked_for():
    entry = sample(HistoryEntry, at=NOW - timedelta(minutes=5), operator="tess", host="desk", command="rollbackToZero",
                   triggered_by="manual", reason="5xx", previous_percentage=10, new_percentage=0)  # fmt: skip
    state = sample(State, name="rolled_back", since=NOW - timedelta(minutes=5), from_percentage=10)
    status = sample(Status, last_change=entry, rollout_percentage=0, emergency_stop=False, phase="rolled back",
                    state=state)  # fmt: skip
    head, change, reason, *_ = render(status, PIPE).splitlines()
    since = (NOW - timedelta(minutes=5)).astimezone()
    assert head.startswith(f" text  0 % since {since:%H:%M}, rolled back")
    assert change.split(None, 2)[2] == "5 min ago, rollbackToZero: 10 % → 0 %, by tess@desk"
    assert reason.strip() == "5xx"
    brief = render(status, PIPE)
    assert "rolled back from 10 %" in brief
    assert "not started" not in brief
    assert "created" not in brief
    assert "created" in shown()
    assert "rollout.status(full=True)" in brief


@pytest.mark.parametrize("kind", SHOW_THE_STATE, ids=lambda kind: kind.__name__)
def test_every_report_of_the_state_says_so_if_traffic_is_halted(kind):
    painted = render(sample(kind, emergency_stop=True, command="setRollout"), Screen(colour=True))
    assert re.search(rf"\x1b\[{STYLES['stopped']}m[^\x1b]*STOPPED", painted)
    assert "STOPPED" in render(sample(kind, emergency_stop=True, command="setRollout"), PIPE)
    assert "STOPPED" not in render(sample(kind, emergency_stop=False, command="setRollout"), PIPE)


@pytest.mark.parametrize("stopped", [True, False])
def test_the_state_says_so_while_nothing_would_roll_back_by_itself(stopped):
    states = [
        state_line(sample(Status, emergency_stop=stopped, auto_rollback_enabled=on), PIPE) for on in (True, False)
    ]
    assert [UNPROTECTED in state for state in states] == [False, True]


def test_on_a_terminal_a_bar_shows_what_is_in_effect_and_not_what_is_set():
    status = sample(FullStatus, rollout_percentage=50, percentage_in_effect=0)
    assert "░" in render(status, Screen(bars=True))
    assert "█" not in render(status, Screen(bars=True))


@pytest.mark.parametrize("kept", [0, 1, 100])
def test_a_stop_says_the_percentage_that_is_kept_and_the_way_out(kept):
    text = shown(emergency_stop=True, rollout_percentage=kept, emergency_stop_reason="disk full")
    assert "STOPPED" in text.splitlines()[0]
    assert f"{kept} % is kept" in text.splitlines()[0]
    assert "disk full" in text
    assert "rollout.resume()" in text


def test_without_a_stop_nothing_offers_to_resume():
    assert "rollout.resume()" not in shown(emergency_stop=False)


def test_a_stop_without_a_reason_says_that_there_is_none():
    text = shown(emergency_stop=True, emergency_stop_reason=None)
    assert "no reason given" in text
    assert "None" not in text


def test_a_stop_without_a_date_is_not_said_to_be_never():
    assert "since never" not in shown(emergency_stop=True, emergency_stopped_at=None)


def test_the_percentage_that_is_set_and_the_one_in_effect_are_both_named():
    (line,) = [
        line for line in shown(rollout_percentage=25, percentage_in_effect=24).splitlines() if "in effect" in line
    ]
    assert "25 % set" in line
    assert "24 % in effect" in line


@pytest.mark.parametrize(
    ("stopped", "percentage", "style"), [(True, 50, "stopped"), (False, 0, "warning"), (False, 1, "good")]
)
def test_the_state_has_the_colour_of_a_stop_of_nothing_or_of_traffic(stopped, percentage, style):
    status = sample(Status, emergency_stop=stopped, rollout_percentage=percentage, auto_rollback_enabled=True)
    assert state_line(status, Screen(colour=True)).startswith(f"\x1b[{STYLES[style]}m")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_strategy_is_explained(strategy):
    assert STRATEGIES[strategy] in shown(rollout_strategy=strategy)
    assert len(STRATEGIES[strategy]) > len(strategy) + 5


def test_a_strategy_that_the_console_does_not_know_is_shown_as_it_is():
    assert "by_moon_phase" in shown(rollout_strategy="by_moon_phase")


@pytest.mark.parametrize("enabled", [True, False])
def test_the_threshold_of_auto_rollback_is_there_whether_it_is_on_or_off(enabled):
    text = shown(auto_rollback_enabled=enabled, max_error_rate=2.5, minimum_sample=40)
    assert "above 2.5 % errors in at least 40 jobs" in text


def test_the_last_change_says_when_what_who_and_why():
    entry = sample(
        HistoryEntry, at=NOW - timedelta(minutes=5), command="setRollout", previous_percentage=5, new_percentage=10,
        operator="tess", host="desk", triggered_by="manual", reason="phase 4",
    )  # fmt: skip
    text = shown(last_change=entry)
    for fact in ("5 min ago", "setRollout: 5 % → 10 %", "tess@desk", "phase 4"):
        assert fact in text


@pytest.mark.parametrize(("seconds", "said"), [(0, "just now"), (9.9, "just now"), (10, "10 s ago")])
def test_a_change_of_the_last_seconds_is_just_now(seconds, said):
    assert said in shown(last_change=sample(HistoryEntry, at=NOW - timedelta(seconds=seconds)))


def test_almost_a_minute_is_not_sixty_seconds():
    assert "60 s ago" not in shown(last_change=sample(HistoryEntry, at=NOW - timedelta(seconds=59.6)))


def test_no_change_no_date_and_no_override_are_said_or_left_out():
    text = shown(last_change=None, created_at=None, overrides={})
    assert re.search(r"last change +none", text)
    assert re.search(r"created +never", text)
    assert "override" not in text


def test_a_variable_that_overrides_the_percentage_is_named_with_its_value():
    text = shown(overrides={"HYBRID_ROLLOUT_PERCENTAGE": "75"})
    assert re.search(r"HYBRID_ROLLOUT_PERCENTAGE +75", text)


@pytest.mark.parametrize(
    ("finished_at", "never", "facts"),
    [(None, True, ("never categorized",)), (None, False, ("1,000 of 5,000",)), (NOW, False, ())],
)
def test_a_categorization_is_mentioned_until_it_is_finished(finished_at, never, facts):
    run = None if never else CategorizationState(finished_at=finished_at, processed=1000, total=5000)
    text = shown(categorization=run, uncategorized=None)
    assert ("rollout.categorizeAll()" in text) is bool(facts)
    for fact in facts:
        assert fact in text


def test_repositories_without_a_category_are_counted_with_the_age_of_the_count():
    run = CategorizationState(finished_at=NOW, processed=5000, total=5000)
    counted = Uncategorized(repositories=1200, counted_at=NOW - timedelta(minutes=5))
    assert "1,200 repositories not categorized (counted 5 min ago)" in shown(categorization=run, uncategorized=counted)
    none = Uncategorized(repositories=0, counted_at=NOW)
    assert "not categorized" not in shown(categorization=run, uncategorized=none)


@pytest.mark.parametrize(("decided_by", "said"), [("host", True), ("readers", False), ("everyone", False)])
def test_a_decision_that_is_not_the_one_shown_is_said(decided_by, said):
    assert ("the host's own function" in shown(decided_by=decided_by)) is said


def test_each_verdict_has_words_of_its_own():
    assert set(VERDICTS) == set(get_args(Verdict))
    said = {health_phrase(sample(Health, verdict=v, jobs=50, errors=1), PIPE) for v in get_args(Verdict)}
    assert len(said) == len(get_args(Verdict))


def test_a_small_sample_says_how_many_jobs_it_lacks():
    assert "can't judge yet, 39 of 40 jobs" in health_phrase(
        sample(Health, verdict="small_sample", jobs=39, minimum_sample=40), PIPE
    )


def test_an_error_rate_comes_with_its_sample_and_interval():
    health = sample(
        Health, verdict="healthy", jobs=1100, errors=1, error_rate=0.0909, error_rate_low=0.016, error_rate_high=0.513
    )
    assert "0.09 % errors (1 of 1,100 jobs; 95 % at this look 0.02–0.51 %)" in health_phrase(health, PIPE)


def test_at_one_job_the_words_agree():
    assert "1 jobs" not in health_phrase(sample(Health, jobs=1, errors=0, error_rate=0.0), PIPE)


def test_the_window_is_the_hours_or_begins_at_the_restart():
    assert window_phrase(sample(Health, since_restart=False, window_hours=24)) == "measured over the last 24 h"
    assert "since the restart, 2026-11-" in window_phrase(sample(Health, since_restart=True))


@pytest.mark.parametrize(
    ("percentage", "decided_by", "words"),
    [
        (25, "readers", "on: goes to the step before, and is held above"),
        (5, "readers", "on: goes to 0 % (there is no step before) above"),
        (25, "host", "on: goes to 0 % (the host's own function decides) above"),
    ],
)
def test_a_breach_is_said_to_lead_where_it_does(percentage, decided_by, words):
    plan = {"phase_percentages": [5, 25], "decided_by": decided_by, "rollout_percentage": percentage}
    assert words in shown(auto_rollback_enabled=True, on_breach="step_back", **plan)


@pytest.mark.parametrize(
    ("percentage", "where", "words"),
    [
        (0, {}, "does not go up from 0 % by itself"),
        (5, {}, "  goes up by itself"),
        (100, {}, "is at the end of its plan"),
        (5, {"decided_by": "host"}, "does not go up by itself while the host's own"),
        (5, {"emergency_stop": True}, "does not go up during an emergency stop"),
        (5, {"held_reason": "look"}, "does not go up while it is held"),
    ],
)
def test_a_ramp_is_said_to_go_up_by_itself_only_where_it_does(percentage, where, words):
    plan = {
        "phase_percentages": [5, 100],
        "decided_by": "readers",
        "held_reason": None,
        "rollout_percentage": percentage,
    }
    assert words in shown(auto_advance=True, **{**plan, **where})


def test_a_threshold_of_100_percent_is_said_never_to_act():
    assert "on, but never acts" in shown(auto_rollback_enabled=True, max_error_rate=100.0)
    assert "never acts" not in shown(auto_rollback_enabled=True, max_error_rate=99.0)


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        ("repository_size", "text"),
        ("percentage", "text; by hash alone"),
        ("whitelist", "text; the whitelist only, whatever the percentage"),
        ("odd", "text; strategy odd"),
    ],
)
def test_the_percentage_says_by_what_strategy_where_it_is_not_the_usual_one(strategy, words):
    line = next(x for x in render(sample(Status, rollout_strategy=strategy, decided_by="readers"), PIPE).splitlines()
                if "in effect" in x)  # fmt: skip
    assert line.endswith(f"in effect; {words}")
