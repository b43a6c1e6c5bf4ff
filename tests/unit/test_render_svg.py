"""The drawings of a notebook: well-formed, harmless, readable on any page, true to their figures, and images."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from xml.etree import ElementTree

import pytest

from rollout_console.render.html import render_html
from rollout_console.render.svg import INK, LEFT, LETTER, PLOT, WIDTH, bar_drawing, error_rate_drawing, plan_drawing
from rollout_console.results import ErrorTrend, Plan, PlanStep, TrendMark, TrendPoint
from tests.support.samples import NOW, sample
from tests.unit.test_prompt import BLACK, WHITE, contrast
from tests.unit.test_render_html import ATTACKS

HOUR = timedelta(hours=1)


def trend(*jobs_and_errors, marks=(), threshold=5.0):
    points = [
        TrendPoint(at=NOW + n * HOUR, jobs=jobs, errors=errors, control_jobs=100, control_errors=1)
        for n, (jobs, errors) in enumerate(jobs_and_errors)
    ]
    return ErrorTrend(max_error_rate=threshold, restarted_at=None, points=points, marks=list(marks))


def boxes(drawing, tag="rect"):
    return [e.attrib for e in ElementTree.fromstring(drawing.svg).iter(tag)]


def texts(drawing):
    """The words of a drawing with the room that they take: left, right, bottom."""
    found = []
    for element in ElementTree.fromstring(drawing.svg).iter("text"):
        words = element.text or ""
        x, wide = float(element.attrib["x"]), LETTER * len(words)
        left = x - wide if element.attrib["text-anchor"] == "end" else x
        found.append((words, left, left + wide, float(element.attrib["y"])))
    return found


@pytest.mark.parametrize("attack", ATTACKS)
def test_r12_no_text_acts_in_a_drawing(attack):
    drawing = plan_drawing(sample(Plan, ATTACKS[attack], 25))
    assert {e.tag for e in ElementTree.fromstring(drawing.svg).iter()} <= {"svg", "rect", "line", "text"}


def test_a_drawing_has_no_ground_and_colours_that_can_be_read_on_any():
    for drawing in (error_rate_drawing(trend((10, 1))), plan_drawing(sample(Plan))):
        assert "background" not in drawing.svg
        colours = {e["fill"] for e in boxes(drawing, "text")} | {e["stroke"] for e in boxes(drawing, "line")}
        assert colours == {INK}
        assert min(contrast(INK, WHITE), contrast(INK, BLACK)) >= 4.5


def test_columns_are_as_high_as_their_rates_and_red_above_the_threshold():
    low, at, high = boxes(error_rate_drawing(trend((100, 1), (0, 0), (100, 5), (100, 10))))
    assert float(at["height"]) == pytest.approx(5 * float(low["height"]), abs=0.5)
    assert float(high["height"]) == pytest.approx(10 * float(low["height"]), abs=0.5)
    assert low["fill"] == at["fill"] != high["fill"]


def test_one_error_of_a_billion_jobs_is_seen():
    none, one = boxes(error_rate_drawing(trend((10**9, 0), (10**9, 1))))
    assert float(one["height"]) > float(none["height"])


def test_a_mark_stands_at_its_time_with_its_words():
    mark = TrendMark(at=NOW + 2 * HOUR, kind="trip", percentage=0)
    drawing = error_rate_drawing(trend(*[(10, 0)] * 4, marks=[mark]))
    assert [left for text, left, _, _ in texts(drawing) if text == "tripped 0 %"] == [LEFT + PLOT / 2 + 2]


@pytest.mark.parametrize("apart", [0, 60, 600, 1800])
def test_no_words_of_marks_overlap_or_leave_the_drawing(apart):
    marks = [
        TrendMark(at=NOW + n * timedelta(seconds=apart), kind="restart" if n % 2 else "trip", percentage=n)
        for n in range(50)
    ]
    found = texts(error_rate_drawing(trend(*[(10, 1)] * 24, marks=marks)))
    assert any(text == "tripped 0 %" for text, *_ in found)
    assert all(left >= 0 and right <= WIDTH + 2 for _, left, right, _ in found)
    for one, other in combinations(found, 2):
        apart_in_height = abs(one[3] - other[3]) >= 12
        assert apart_in_height or one[2] <= other[1] or other[2] <= one[1], (one, other)


@pytest.mark.parametrize("points", [[], [(0, 0)], [(0, 0)] * 288], ids=["none", "empty", "many"])
@pytest.mark.parametrize("threshold", [0.0, 100.0])
def test_there_is_a_drawing_whatever_there_is_to_draw(points, threshold):
    assert ElementTree.fromstring(error_rate_drawing(trend(*points, threshold=threshold)).svg) is not None


def test_the_steps_of_a_plan_rise_and_show_where_it_stands():
    states = ("passed", "current", "ahead")
    steps = [
        sample(PlanStep, number=n, percentage=25 * n, state=state, audience="many people " * n)
        for n, state in enumerate(states, 1)
    ]
    drawing = plan_drawing(sample(Plan, steps=steps))
    first, second, third = boxes(drawing)
    assert float(first["height"]) < float(second["height"]) < float(third["height"])
    assert float(second["fill-opacity"]) == 1 > float(first["fill-opacity"]) > float(third["fill-opacity"])
    assert "50 %" in [text for text, *_ in texts(drawing)]


@pytest.mark.parametrize(("share", "filled"), [(0, []), (0.25, ["25.0"]), (1, ["100.0"])])
def test_a_bar_is_filled_to_its_share(share, filled):
    assert [b["width"] for b in boxes(bar_drawing(share, 10))][1:] == filled


def test_a_chart_on_a_page_is_a_drawing_without_characters_for_columns():
    page = render_html(trend((100, 7)))
    assert "<svg" not in page, "JupyterLab takes it out of a notebook that somebody else has run"
    assert 'alt="error rate over time: at most 7 %, threshold 5 %"' in page
    assert not set("█▇┄┤") & set(page)
