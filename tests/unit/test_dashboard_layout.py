"""The dashboard keeps to its terminal, at any size and with any data; in an incident its first lines say what it is."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import get_args

import pytest
from msgspec.structs import replace
from wcwidth import wcswidth

from rollout_console.dashboard.layout import Panel, beside, columns_for, heights, stack
from rollout_console.dashboard.panels import processors
from rollout_console.dashboard.view import draw
from rollout_console.refresh import Snapshot
from rollout_console.render import Screen
from rollout_console.render.layout import ESCAPE, cells, clip, pack, pad
from rollout_console.render.marks import legend, marks_line
from rollout_console.results import (
    Categories,
    Category,
    ErrorKind,
    ErrorTrend,
    HealthWarning,
    HistoryEntry,
    MarkKind,
    Metrics,
    Overview,
    PlanStep,
    ProcessorMetrics,
    State,
    StateName,
    TrendMark,
    TrendPoint,
)
from tests.support.samples import NOW, sample
from tests.unit.test_render_width import TEXTS

SIZES = [(40, 10), (60, 15), (80, 24), (99, 30), (100, 30), (120, 40), (160, 50), (161, 50), (200, 60)]
PLAIN = Screen(bars=True)


def panel(title: str = "title", least: int = 1, wanted: int = 5) -> Panel:
    return Panel(title, lambda width, height: [title * 40] * 50, least, wanted)


def overview(text: str = "text", number: int = 7, many: int = 1, **changes) -> Overview:
    lists = {
        "categories": sample(Categories, text, number, categories=[sample(Category, text, number)] * many),
        "processors": [sample(ProcessorMetrics, text, number)] * many,
        "kinds": [sample(ErrorKind, text, number, is_new=True)] * many,
        "entries": [sample(HistoryEntry, text, number)] * many,
        "steps": [sample(PlanStep, text, number, state="passed")] * many,
        "warnings": [sample(HealthWarning, text, number)] * many,
    }
    return sample(Overview, text, number, **{**lists, **changes})


def shown(
    seen: Overview, width: int = 80, height: int = 24, *, age: float = 0, problem: str | None = None
) -> list[str]:
    return draw(Snapshot(seen, time.monotonic() - age, problem), 2, PLAIN, width, height)


@pytest.mark.large
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("colour", [True, False])
def test_no_line_is_longer_than_the_terminal_and_no_screen_higher(text, width, height, colour):
    for many, number in ((1, 7), (30, 1_234_567_890)):
        for state in ({"emergency_stop": True}, {"held_reason": None}, {}):
            seen = overview(TEXTS[text], number, many, **state)
            snapshot = Snapshot(seen, 0.0, TEXTS[text])
            lines = draw(snapshot, 2, Screen(width, colour=colour, bars=True), width, height)
            assert len(lines) <= height
            assert max(wcswidth(ESCAPE.sub("", line)) for line in lines) <= width


ENDS = {"held_until": NOW + timedelta(days=2), "breaker_off_until": NOW + timedelta(days=2)}


@pytest.mark.parametrize("age", [3, 120])
@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"emergency_stop": True}, "STOPPED"),
        ({"state": sample(State, name="rolled_back"), "rollout_percentage": 25}, "ROLLED BACK"),
        ({"state": sample(State, name="held"), "rollout_percentage": 25}, "RUNNING at 25 %"),
    ],
)
def test_in_80_columns_the_first_line_keeps_what_matters_most(state, words, age):
    seen = overview(feature_name="hybrid_progressive_capture", **{"emergency_stop": False, **ENDS, **state})
    seen = replace(seen, status=replace(seen.status, target="production"))
    first = shown(seen, age=age)[0]
    assert words in first
    assert "HELD  NO AUTO-ROLLBACK" in first
    assert " on pr" in first
    assert "hyb" in first
    assert first.endswith(f" {'STALE, ' if age > 10 else ''}{age} s old ")
    wide = shown(seen, width=200, age=age)[0]
    assert "hybrid_progressive_capture on production" in wide
    assert "NO AUTO-ROLLBACK until" in wide


@pytest.mark.parametrize(("width", "columns"), [(60, 1), (99, 1), (100, 2), (160, 2), (161, 3), (250, 3)])
def test_the_room_decides_on_one_to_three_columns(width, columns):
    assert columns_for(width) == columns
    titles = [line.count("──") and line.count("│") for line in shown(overview(), width, 40) if "──" in line]
    assert max(titles) == columns - 1


@pytest.mark.parametrize(("width", "height"), [(60, 15), (80, 24)])
def test_in_an_incident_what_matters_is_never_cut_off(width, height):
    stopped = shown(
        overview(many=30, emergency_stop=True, held_reason=None, auto_rollback_enabled=False), width, height
    )
    assert "STOPPED" in stopped[0]
    assert "NO AUTO-ROLLBACK" in stopped[0]
    assert "no repository is eligible; stopped" in stopped[1]
    assert any("treatment" in line for line in stopped)
    assert any("control" in line for line in stopped)


def test_the_age_is_always_shown_and_says_when_it_is_too_high():
    assert shown(overview(), age=3)[0].rstrip().endswith("3 s old")
    assert "STALE" not in shown(overview(), age=3)[0]
    assert "STALE, 60 s old" in shown(overview(), age=60)[0]
    failed = shown(overview(), age=3, problem="the database is down")
    assert "STALE, 3 s old" in failed[0]
    assert "the database is down" in failed[1]


def test_of_what_does_not_fit_an_ellipsis_says_that_there_is_more():
    problem = "the database can't be reached; it says why in many words. " * 9
    lines = shown(overview(), problem=problem)
    assert [line.rstrip().endswith("…") for line in lines[1:4]] == [False, False, True]


@pytest.mark.parametrize(
    ("command", "told"),
    [("rollout.jobs()", "press : and type jobs()"), ("select 1, at an SQL prompt", "select 1, at an SQL prompt"),
     (f"select {'a_column, ' * 20} at an SQL prompt", "press : and type status()")],
    ids=["command", "statement", "long statement"],
)  # fmt: skip
def test_a_warning_is_whole_and_no_statement_is_cut(command, told):
    message = "the role postgres wrote counts that no job can have, last on 2026-11-24: they are not judged"
    warning = HealthWarning(name="odd", message=message, command=command)
    assert f"warning: {message}; {told}" in " ".join(" ".join(shown(overview(warnings=[warning]))).split())


@pytest.mark.parametrize(("width", "name"), [(80, "github_actions"), (50, "github_actions"), (40, "github…tions")])
def test_a_processors_name_is_cut_only_where_there_is_no_room(width, name):
    found = sample(Metrics, processors=[sample(ProcessorMetrics, processor="github_actions", arm="treatment")])
    assert f" {name} treatment " in processors(found).draw(width, 5)[0]


@pytest.mark.parametrize("name", get_args(StateName))
def test_a_rollback_is_the_state_that_the_database_found(name):
    state = sample(State, name=name, reason="5xx")
    first, second, *_ = shown(overview(state=state, emergency_stop=False))
    assert ("ROLLED BACK to 7 %" in first) is (name == "rolled_back")
    assert ("rolled back from 7 %" in second and "by text: 5xx" in second) is (name == "rolled_back")


@pytest.mark.parametrize("part", ["categories", "plan", "metrics", "trend", "history"])
def test_a_part_that_cant_be_read_is_a_line_in_its_place(part):
    why = HealthWarning(name=part, message=f"{part}: can't be read: odd", command="rollout.history()")
    whole = "\n".join(shown(overview(), 200, 60))
    lines = "\n".join(shown(replace(overview(), **{part: None}, unreadable=[why]), 200, 60))
    assert f"{part}: can't be read: odd; press : and type history()" in lines
    for title in ("error rate", "last changes", "eligible by category", "plan "):
        assert title in whole
        assert title in lines or part == "plan"


def test_panels_share_the_height_and_the_least_important_one_gives_way():
    assert heights([panel(), panel()], 20) == [6, 6]
    assert heights([panel(), panel()], 7) == [4, 3]
    assert heights([panel(least=3), panel(least=3)], 5) == [5, 0]
    assert heights([panel()], 1) == [0]
    lines = stack([panel("less"), panel("more")], [1, 0], 20, 3, PLAIN)
    assert lines[0].startswith(" more ")
    assert len(lines) == 3


def test_nothing_is_printed_over_the_panel_beside():
    left, right = [["x" * 50] * 3, ["y" * 50]]
    lines = beside([left, right], 10, PLAIN)
    assert lines == ["x" * 9 + "… │ " + "y" * 9 + "…", *["x" * 9 + "… │ "] * 2]


def marked(*marks: tuple[float, MarkKind]) -> ErrorTrend:
    """A trend of a day, with marks so many hours after its beginning."""
    points = [
        TrendPoint(at=NOW + timedelta(hours=h), jobs=1, errors=0, control_jobs=0, control_errors=0) for h in range(24)
    ]
    found = [TrendMark(at=NOW + timedelta(hours=hours), kind=kind, percentage=5) for hours, kind in marks]
    return ErrorTrend(max_error_rate=5, restarted_at=None, points=points, marks=found)


@pytest.mark.parametrize(("hours", "position"), [(0, 0), (12, 50), (24, 99), (30, 99)])
def test_a_mark_stands_at_its_moment(hours, position):
    line = marks_line(marked((hours, "trip")), 100)
    assert len(line) == 100
    assert line.index("T") == position


def test_of_marks_in_one_place_the_most_important_is_seen_and_each_letter_explained():
    kinds = get_args(MarkKind)
    for order in (kinds, kinds[::-1]):
        assert marks_line(marked(*((0, kind) for kind in order)), 10) == "T" + " " * 9
    assert legend(marked(*((0, kind) for kind in kinds))) == "T tripped  S stopped  R restart  C changed"
    assert legend(marked()) == ""


def test_lines_are_cut_padded_and_packed_by_cells():
    painted = Screen(colour=True).paint("a" * 20, "bad")
    assert cells(clip(painted, 10)) == 10
    assert clip(painted, 10).endswith("\x1b[0m…")
    assert cells(pad("収集", 7)) == 7
    assert pack(["aaaa", "bbbb", "cccc"], 11) == [" aaaa  bbbb", " cccc"]
