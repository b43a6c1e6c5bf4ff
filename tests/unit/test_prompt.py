"""The toolbar keeps to the width of the terminal, and says the most important first."""

from __future__ import annotations

import time
from typing import get_args

import pytest
from msgspec.structs import replace

from rollout_console.refresh import Snapshot
from rollout_console.render.health import VERDICTS
from rollout_console.render.layout import cells
from rollout_console.results import Status, Verdict
from rollout_console.shell.prompt import toolbar
from tests.support.samples import sample


@pytest.mark.parametrize("width", [40, 80, 100, 200])
@pytest.mark.parametrize("text", ["x", "a-very-long-name-of-an-operator-at-a-very-long-host" * 3, "収集の失敗率" * 20])
def test_the_toolbar_is_no_wider_than_the_terminal(text, width):
    known = Snapshot(sample(Status, text, 1_234_567_890), fetched=time.monotonic())
    (_, line) = toolbar(known, width)[0]
    assert cells(line) <= width
    assert line.startswith(" NO AUTO-ROLLBACK")


def test_a_wide_terminal_shows_who_made_the_last_change():
    known = Snapshot(sample(Status, "somebody"), fetched=time.monotonic())
    assert "somebody@somebody" in toolbar(known, 200)[0][1]


def test_the_toolbar_says_each_verdict_in_the_words_of_the_reports():
    status = sample(Status, "x")
    for verdict in get_args(Verdict):
        judged = replace(status, health=replace(status.health, verdict=verdict))
        line = toolbar(Snapshot(judged, fetched=time.monotonic()), 200)[0][1]
        assert VERDICTS[verdict][0].format(health=judged.health) in line
