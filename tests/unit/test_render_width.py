"""Every report keeps to the width of the terminal, whatever stands in it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from rollout_console.console import COMMANDS, Group
from rollout_console.console.help import help_for
from rollout_console.render import Screen, render
from rollout_console.render.layout import cells, fold, shorten_middle
from rollout_console.render.sanitize import LONGEST
from rollout_console.results import (
    Categories,
    Change,
    Errors,
    GuardrailCost,
    History,
    Jobs,
    Metrics,
    Phases,
    Plan,
    PlanStep,
    Preview,
    Whitelist,
)
from tests.support.samples import NOW, sample
from tests.unit.test_render_html import ATTACKS, REPORTS, VARIANTS

NAME = "extraordinarily-long-organisation-name-of-somebody/hybrid-progressive-capture-of-repositories-" + "x" * 6
SENTENCE = "the error rate has doubled since the deployment of this morning; nobody knows why, and the page is red " * 3
WIDE = "収集の失敗率が倍増した／é" * 12
TEXTS = {"name": NAME, "sentence": SENTENCE, "wide": WIDE, "short": "x", **ATTACKS}
WIDTHS = (60, 61, 67, 73, 79, 80, 81, 99, 100, 119, 120, 160, 200)


def widest(text: str) -> int:
    return max(wcswidth(re.sub(r"\x1b\[[\d;]*m", "", line)) for line in text.splitlines())


@pytest.mark.large
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", REPORTS, ids=lambda kind: kind.__name__)
def test_no_report_is_wider_than_the_terminal(kind, text):
    for variant in VARIANTS if kind is Change else VARIANTS[:2]:
        result = sample(kind, TEXTS[text], 1_234_567_890, **variant)
        for width in WIDTHS:
            assert widest(render(result, Screen(width, colour=True, bars=True))) <= width, (variant, width)


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("kind", [Categories, GuardrailCost, Jobs, Metrics, Phases, Plan, Preview, Whitelist])
def test_a_row_of_a_table_stays_on_one_line(kind, width):
    result = sample(kind, NAME, 1_234, **({"state": None} if kind is Jobs else {}))
    lines = render(result, Screen(width, bars=True)).splitlines()
    tables = render(result, Screen(bars=False)).splitlines()
    assert len(list(filter(is_ruler, lines))) == len(list(filter(is_ruler, tables))) > 0


@pytest.mark.parametrize("days", [1, 30])
def test_the_audience_of_a_step_loses_no_middle_at_80_columns(days):
    audience, earliest = "all, enterprise included", NOW + timedelta(days=days)
    plan = sample(Plan, steps=[sample(PlanStep, audience=audience, percentage=100, earliest=earliest)])
    shown = render(plan, Screen(80, bars=True))
    assert "100 %  all, enterprise" in shown
    assert "included" in shown
    assert "…" not in shown


def is_ruler(line: str) -> bool:
    return set(line) == {" ", "-"}


@pytest.mark.parametrize("topic", [None, "recovery", "runbook", *COMMANDS, *(group.name for group in Group)])
def test_no_help_is_wider_than_the_terminal(topic):
    for width in WIDTHS:
        assert widest(render(help_for(topic, COMMANDS), Screen(width, colour=True, bars=True))) <= width


@given(st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=300), st.integers(20, 200))
def test_a_folded_line_loses_nothing_but_blanks(text, width):
    lines = fold(text, width, "   ")
    assert all(cells(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(st.text(st.characters(exclude_categories=["C"]), max_size=200), st.integers(3, 60))
def test_a_shortened_text_keeps_both_ends(text, width):
    short = shorten_middle(text, width)
    assert cells(short) <= width
    head, _, tail = short.partition("…")
    assert text.startswith(head)
    assert short == text or text.endswith(tail)


def test_what_is_to_be_copied_stays_on_one_line():
    command = 'rollout.setRollout(25, "phase 7 of the rollout")'
    line = f" not ready for this step yet, of which the criteria are above; to do it all the same, type {command}"
    assert any(command in part for part in fold(line, 60, "   "))


def test_a_line_breaks_at_the_end_of_a_clause():
    line = " the error rate is above the threshold; to go back to zero, type rollout.rollbackToZero()"
    assert fold(line, 60, "   ")[0] == " the error rate is above the threshold;"


def test_a_pipe_is_not_folded():
    line = f" {SENTENCE}"
    assert Screen(60).fit(line) == line


@pytest.mark.parametrize("kind", [Errors, History, Jobs, Metrics])
def test_a_pipe_loses_nothing_of_what_a_terminal_has_no_room_for(kind):
    text = f"{'x' * (LONGEST - 7)}THE-END"
    result = sample(kind, text, 7, **({"state": None} if kind is Jobs else {}))
    assert "THE-END" in render(result, Screen(60))
    assert "THE-END" not in render(result, Screen(60, bars=True))
