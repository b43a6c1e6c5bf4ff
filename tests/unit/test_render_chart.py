"""The chart of the error rate: no error is lost, the threshold is in sight, and it keeps to its width."""

from __future__ import annotations

import re

import pytest
from msgspec import structs

from rollout_console.render import Screen, render
from rollout_console.render.chart import EIGHTHS, MARGIN, error_chart, mark_lines
from rollout_console.render.colours import STYLES
from rollout_console.results import ErrorTrend, MarkKind, TrendMark, TrendPoint
from tests.support.samples import NOW

TERMINAL = Screen(width=80, bars=True)
FILLED = set(EIGHTHS) - {" "}
OURS = re.compile(r"\x1b\[[\d;]*m")
CALM, EMPTY, FAILING = (1000, 0), (0, 0), (100, 100)


def trend(*jobs_and_errors, threshold=5.0):
    points = [
        TrendPoint(at=NOW, jobs=jobs, errors=errors, control_jobs=0, control_errors=0)
        for jobs, errors in jobs_and_errors
    ]
    return ErrorTrend(max_error_rate=threshold, restarted_at=None, points=points)


def plotted(lines):
    """The columns of a chart from left to right, each from the bottom up, without scale and axis."""
    rows = [line[MARGIN:] for line in reversed(lines[:-1])]
    return ["".join(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize("width", [30, 78, 120])
@pytest.mark.parametrize(
    "points", [[EMPTY], [CALM] * 24, [FAILING] * 24, [(10**9, 1), FAILING], [CALM] * 288], ids=["empty", "calm", "failing", "one of all", "long"]
)  # fmt: skip
def test_a_chart_is_as_large_as_asked(points, width):
    lines = error_chart(trend(*points), TERMINAL, width, 8)
    assert len(lines) == 8 + 1, "and a line for the time"
    assert {len(line) for line in lines} == {width}


def test_each_letter_below_a_chart_is_explained_however_many_marks_there_are():
    kinds: list[MarkKind] = ["change", "restart", "stop", "stop", "stop", "stop"]
    marks = [TrendMark(at=NOW, kind=kind, percentage=5) for kind in kinds]
    _, *told = mark_lines(structs.replace(trend(CALM), marks=marks), 78)
    assert "".join(told).startswith(" R restart,  C changed,  S ")


def test_a_wide_label_does_not_widen_the_chart():
    assert max(len(line) for line in error_chart(trend(CALM, threshold=66.75), TERMINAL, 78, 8)) <= 78


@pytest.mark.parametrize("jobs", [1000, 10**9])
def test_one_error_is_seen_however_many_jobs_there_were(jobs):
    columns = plotted(error_chart(trend(CALM, (jobs, 1), CALM), TERMINAL, MARGIN + 30, 8))
    assert [column[0] in FILLED for column in columns] == [False] * 10 + [True] * 10 + [False] * 10


def test_one_error_is_seen_in_more_points_than_there_are_columns():
    points = [CALM] * 288
    for place in (0, 1, 100, 287):
        spoilt = [*points[:place], FAILING, *points[place + 1 :]]
        assert any(FILLED & set(column) for column in plotted(error_chart(trend(*spoilt), TERMINAL, 78, 8))), place


def test_the_oldest_is_on_the_left_and_higher_rates_are_higher():
    columns = plotted(error_chart(trend((100, 1), (100, 10), (100, 50), (100, 100)), TERMINAL, MARGIN + 40, 8))
    heights = [sum(EIGHTHS.index(cell) for cell in column if cell in FILLED) for column in columns]
    assert heights == sorted(heights)
    assert len(set(heights)) == 4
    assert heights[-1] == 8 * 8, "the highest rate fills the chart"


@pytest.mark.parametrize("points", [[EMPTY], [CALM, EMPTY], [FAILING, EMPTY]], ids=["empty", "calm", "failing"])
def test_the_threshold_is_drawn_and_labelled(points):
    (line,) = [line for line in error_chart(trend(*points), TERMINAL, 78, 8) if "┄" in line]
    assert line.split()[:2] == ["5", "%"]


def test_a_calm_chart_leaves_room_above_the_threshold():
    lines = error_chart(trend(CALM), TERMINAL, 78, 8)
    assert "┄" not in lines[0]
    assert not FILLED & set("".join(lines))


def test_a_threshold_of_nothing_has_a_chart():
    assert error_chart(trend(CALM, threshold=0.0), TERMINAL, 78, 8)


@pytest.mark.parametrize(("errors", "style"), [(49, "good"), (50, "good"), (51, "bad")])
def test_only_what_is_above_the_threshold_is_red(errors, style):
    lines = error_chart(trend((1000, errors)), Screen(colour=True, bars=True), 78, 8)
    assert all(f"\x1b[{STYLES[style]}m" in line for line in lines[:-1])
    assert {len(OURS.sub("", line)) for line in lines} == {78}, "colours take no columns"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_on_a_terminal_the_chart_fits_into_its_width(width):
    lines = render(trend(*[(100, 7)] * 24), Screen(width=width, bars=True)).splitlines()
    assert all(len(line) <= width for line in lines[1:])


def test_the_sums_and_the_threshold_stand_above_the_chart():
    head = render(trend((1000, 3), (500, 0)), TERMINAL).splitlines()[0]
    assert "3 of 1,500 jobs" in head
    assert "threshold 5 %" in head


def test_in_a_pipe_there_is_a_line_for_each_step_and_nothing_is_drawn():
    text = render(trend((1000, 1), CALM, EMPTY), Screen(bars=False, colour=False))
    _, one, none, empty = text.splitlines()
    assert re.search(r"1,000 jobs +1 error +0\.1 %", one)
    assert re.search(r"1,000 jobs +0 errors +0 %", none)
    assert empty.endswith("no jobs"), "no jobs is not 0 %"
    assert not (FILLED | {"┄", "┤", "\x1b"}) & set(text)
