"""What each report says, without a server: the facts an operator relies on, and R12 for every renderer."""

from __future__ import annotations

from typing import get_args

import pytest

from rollout_console import results
from rollout_console.render import Screen, render, render_html
from rollout_console.render.changes import SENTENCES
from rollout_console.render.chart import error_chart
from rollout_console.render.dispatch import renderer
from rollout_console.results import Change, ErrorTrend, HistoryEntry, Status, TrendPoint
from tests.support.samples import NOW, sample

HOSTILE = "\x1b]0;owned\x07\x1b[2J</td><script>\nrollout\u202e" + "x" * 10_000
PIPE = Screen(width=100)
REPORTS = [
    kind for kind in (getattr(results, name) for name in results.__all__)
    if isinstance(kind, type) and issubclass(kind, results.Result) and renderer.dispatch(kind) is not renderer.dispatch(object)
]  # fmt: skip


@pytest.mark.parametrize("kind", REPORTS, ids=lambda kind: kind.__name__)
def test_r12_no_report_lets_text_act_on_a_terminal_or_a_page(kind):
    text = render(sample(kind, HOSTILE), PIPE)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert max(map(len, text.splitlines())) < 3_000, "text that somebody else wrote is bounded"
    assert "<script>" not in render_html(sample(kind, HOSTILE))


def test_a_stop_comes_first_and_says_what_is_kept():
    first = render(sample(Status, emergency_stop=True, rollout_percentage=25), PIPE).splitlines()[0]
    assert "STOPPED (25 % is kept)" in first


def test_auto_rollback_that_is_off_is_in_capitals():
    assert "OFF" in render(sample(Status, auto_rollback_enabled=False), PIPE)
    assert "OFF" not in render(sample(Status, auto_rollback_enabled=True), PIPE)


def test_a_rate_without_jobs_is_no_zero():
    shown = render(sample(Status, jobs=0, errors=0, error_rate=None, verdict="no_data"), PIPE)
    assert "no jobs" in shown
    assert "0 % errors" not in shown


@pytest.mark.parametrize("command", SENTENCES)
@pytest.mark.parametrize("changed", [True, False])
def test_each_command_says_what_it_did_or_that_nothing_changed(command, changed):
    entry = sample(HistoryEntry, previous_percentage=10, new_percentage=25, reason="because")
    answer = sample(Change, command=command, changed=changed, change=entry if changed else None, reason="because")
    said = SENTENCES[command](answer)
    assert said
    assert ("nothing changed" in said or "already" in said or command == "note") is not changed or changed


@pytest.mark.parametrize("closed", ["Verdict", "Reason", "HealthAction", "StepState", "OnBreach"])
def test_every_value_of_a_closed_set_has_words(closed):
    shown_in: dict[str, tuple[type[results.Result], str]] = {
        "Verdict": (results.Status, "verdict"),
        "Reason": (results.Explanation, "reason"),
        "HealthAction": (results.HealthCheck, "action"),
        "StepState": (results.Phases, "state"),
        "OnBreach": (results.Plan, "on_breach"),
    }
    kind, field = shown_in[closed]
    for value in get_args(getattr(results, closed)):
        assert render(sample(kind, **{field: value}), PIPE)


def trend(*jobs_and_errors: tuple[int, int]) -> ErrorTrend:
    points = [sample(TrendPoint, jobs=jobs, errors=errors) for jobs, errors in jobs_and_errors]
    return ErrorTrend(max_error_rate=5, restarted_at=NOW, points=points)


@pytest.mark.parametrize("width", [30, 80, 200])
def test_the_chart_keeps_to_its_width_and_shows_one_error_in_a_thousand(width):
    lines = error_chart(trend((1000, 0), (1000, 1), (0, 0)), Screen(bars=True), width, 6)
    assert max(map(len, lines)) <= width
    assert "▁" in lines[-2], "an error is never invisible"
    assert "·" in lines[-2], "jobs without errors differ from no jobs"


def test_the_chart_draws_the_threshold_and_what_is_above_it():
    lines = error_chart(trend((100, 0), (0, 0), (100, 50)), Screen(bars=True), 60, 6)
    assert any("5 %" in line and "┄" in line for line in lines)
    assert "█" in lines[0], "the highest rate reaches the top"


def test_a_chart_in_a_pipe_is_figures():
    lines = render(trend((100, 5)), PIPE).splitlines()
    assert "100 jobs  5 errors  5 %" in lines[1]
