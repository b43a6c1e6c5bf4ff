"""Prompt and toolbar keep to the width of the terminal, and say the most important first; colours can be read."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from rollout_console.adapters import Target
from rollout_console.refresh import Snapshot
from rollout_console.render.colours import NAMES, PROMPT, STYLES, TYPED
from rollout_console.render.health import VERDICTS
from rollout_console.render.html import COLOURS
from rollout_console.render.layout import cells
from rollout_console.results import HistoryEntry, Status, Verdict
from rollout_console.settings import DEFAULT_FEATURE
from rollout_console.shell.prompt import known_to, prompt_parts, toolbar
from tests.support.samples import NOW, sample


@pytest.mark.parametrize("width", [40, 80, 100, 200])
@pytest.mark.parametrize("text", ["x", "a-very-long-name-of-an-operator-at-a-very-long-host" * 3, "収集の失敗率" * 20])
def test_the_toolbar_is_no_wider_than_the_terminal(text, width):
    known = Snapshot(sample(Status, text, 1_234_567_890), fetched=time.monotonic())
    (_, line) = toolbar(known, width)[0]
    assert cells(line) <= width
    assert line.startswith(" NO AUTO-ROLLBACK")


def test_a_stale_toolbar_says_so_first_is_cut_at_its_end_and_its_ages_go_on():
    status = sample(Status, "x", last_change=sample(HistoryEntry, at=NOW - timedelta(minutes=3)))
    known = Snapshot(status, time.monotonic() - 120, "the database can't be reached (connection timed out); check it")
    assert "5 min ago: " in toolbar(known, 400)[0][1]
    line = toolbar(known, 80)[0][1]
    assert line.startswith(" STALE, 120 s old: the database can't be reached")
    assert line.endswith("…")


def test_a_wide_terminal_shows_who_made_the_last_change():
    known = Snapshot(sample(Status, "somebody"), fetched=time.monotonic())
    assert "somebody@somebody" in toolbar(known, 200)[0][1]


def test_the_toolbar_says_each_verdict_in_the_words_of_the_reports():
    status = sample(Status, "x")
    for verdict in get_args(Verdict):
        judged = replace(status, health=replace(status.health, verdict=verdict))
        line = toolbar(Snapshot(judged, fetched=time.monotonic()), 200)[0][1]
        assert VERDICTS[verdict][0].format(health=judged.health) in line


@pytest.mark.parametrize("columns", [20, 24, 40, 45, 60, 80, 110, 200])
@pytest.mark.parametrize("colour", [None, "magenta"])
@pytest.mark.parametrize("stopped", [True, False])
def test_the_prompt_leaves_half_of_the_terminal_to_what_is_typed_and_keeps_the_state(columns, colour, stopped):
    target = Target("supabase", "abcdefgh", read_only=True, named="production-europe-west", colour=colour)
    status = sample(Status, emergency_stop=stopped, rollout_percentage=25, auto_rollback_enabled=False)
    parts = prompt_parts(target, "checkout_capture_rewrite", Snapshot(status), columns)
    words = "".join(words for _, words in parts)
    assert cells(words) <= max(columns // 2, 13)
    assert ("STOPPED" if stopped else "25 %") in words
    assert parts[0][0] in ("remote", "magenta"), "the name has a colour of its own"


def test_in_80_columns_the_prompt_keeps_the_name_and_says_what_is_off_without_its_end():
    ends: dict[str, Any] = {"held_until": NOW + timedelta(days=2), "breaker_off_until": NOW + timedelta(days=2)}
    status = sample(Status, emergency_stop=False, rollout_percentage=25, auto_rollback_enabled=False, **ends)
    for named, name in (("prod", "prod"), ("production-europe", "pro")):
        target = Target("supabase", "abcdefgh", named=named, colour="red")
        words = "".join(words for _, words in prompt_parts(target, DEFAULT_FEATURE, Snapshot(status), 80))
        assert "25 % HELD NO AUTO-ROLLBACK ▸" in words
        assert words.startswith(f" {name}")
        assert "NO AUTO-ROLLBACK until" in prompt_parts(target, DEFAULT_FEATURE, Snapshot(status), 200)[1][1]
        assert "25 % NO AUTO-ROLLBACK ▸" in prompt_parts(target, DEFAULT_FEATURE, Snapshot(status), 60)[1][1]


def test_in_80_columns_the_toolbar_keeps_the_verdict():
    status = sample(Status, "operator", verdict="breach", auto_rollback_enabled=False)
    line = toolbar(Snapshot(status, fetched=time.monotonic()), 80)[0][1]
    assert line.startswith(" NO AUTO-ROLLBACK  |  HELD  |  BREACH")
    assert "NO AUTO-ROLLBACK until" in toolbar(Snapshot(status, fetched=time.monotonic()), 400)[0][1]


@pytest.mark.parametrize(("terminal", "words"), [("dumb", "rollout local ▸ "), ("xterm", "rollout local 25 % ▸ ")])
def test_a_terminal_on_which_the_prompt_is_not_drawn_again_shows_no_state_in_it(terminal, words, monkeypatch):
    monkeypatch.setenv("TERM", terminal)
    status = sample(Status, emergency_stop=False, held_reason=None, auto_rollback_enabled=True, rollout_percentage=25)
    session: Any = SimpleNamespace(status=SimpleNamespace(snapshot=Snapshot(status, fetched=time.monotonic())))
    parts = prompt_parts(Target("local", "local"), DEFAULT_FEATURE, known_to(session))
    assert "".join(text for _, text in parts) == words


# Colours: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio

WHITE, BLACK = "#ffffff", "#000000"
LEVELS = (0, 95, 135, 175, 215, 255)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def of_256(number: int) -> str:
    """A colour of xterm's cube or its greys, which are the same on every terminal."""
    assert number >= 16, "one of a theme's own, which may be anything"
    red, green, blue = (number - 16) // 36, (number - 16) // 6 % 6, (number - 16) % 6
    parts = [LEVELS[red], LEVELS[green], LEVELS[blue]] if number < 232 else [8 + 10 * (number - 232)] * 3
    return "#" + "".join(f"{part:02x}" for part in parts)


def pairs() -> list[tuple[str, str, str]]:
    found = []
    for name, codes in STYLES.items():
        colours = dict(re.findall(r"([34]8);5;(\d+)", codes))
        assert not set(codes.split(";")) - {"1", "7", "38", "48", "5", *colours.values()}, name
        behind = [of_256(int(colours["48"]))] if "48" in colours else [WHITE, BLACK]
        found += [(name, of_256(int(colours["38"])), each) for each in behind if "38" in colours]
    for name, style in [*PROMPT.items(), *TYPED.items(), *COLOURS.items()]:
        text = re.search(r"(?:^|[ :])(#\w{6}|white)", style.replace("bg:#", "bg=#"))
        behind = re.findall(r"(?:bg:|background:)(#\w{6})", style) or [WHITE, BLACK]
        found += [(name, text[1].replace("white", WHITE), each) for each in behind if text]
    return found


@pytest.mark.parametrize(("name", "text", "behind"), pairs())
def test_every_colour_can_be_read_on_black_and_on_white(name, text, behind):
    assert contrast(text, behind) >= 4.5


def test_each_colour_of_a_target_is_known_to_the_prompt():
    assert {name.capitalize() for name in NAMES} <= set(PROMPT)
    assert len(pairs()) > 15
