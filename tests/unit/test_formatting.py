"""Figures, times and texts as people read them, at their boundaries."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout_console.render import Screen
from rollout_console.render.formatting import (
    format_age,
    format_count,
    format_duration,
    format_list,
    format_measure,
    format_percent,
    format_until,
    shorten,
)
from rollout_console.render.sanitize import sanitize
from tests.support.samples import NOW


@pytest.mark.parametrize(
    ("rate", "shown"),
    [
        (None, "no jobs"),
        (0, "0 %"),
        (0.001, "<0.01 %"),
        (0.01, "0.01 %"),
        (5.0, "5 %"),
        (7.6923, "7.69 %"),
        (99.99, "99.99 %"),
        (99.999, ">99.99 %"),
        (100, "100 %"),
    ],
)
def test_a_rate_is_never_rounded_to_nothing_or_to_all(rate, shown):
    assert format_percent(rate) == shown


@pytest.mark.parametrize(
    ("ago", "shown"),
    [
        (timedelta(seconds=-3600), "in the future"),
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=9), "just now"),
        (timedelta(seconds=59), "59 s ago"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(seconds=3599), "59 min ago"),
        (timedelta(hours=1), "1 h ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(days=2), "2 days ago"),
    ],
)
def test_an_age_is_in_the_largest_unit_that_says_enough(ago, shown):
    assert format_age(NOW - ago, NOW) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(None, "–"), (0.04, "0 s"), (119.9, "119.9 s"), (120, "2 min"), (7200, "120 min")]
)
def test_a_duration_is_in_seconds_up_to_two_minutes(seconds, shown):
    assert format_duration(seconds) == shown


@pytest.mark.parametrize(
    ("left", "shown"),
    [
        (timedelta(seconds=15), "%H:%M:%S"),
        (timedelta(seconds=119), "%H:%M:%S"),
        (timedelta(minutes=2), "%H:%M"),
        (timedelta(), "%H:%M"),
        (timedelta(days=3), "%Y-%m-%d %H:%M"),
    ],
)
def test_an_end_has_its_seconds_within_two_minutes(left, shown):
    assert format_until(NOW + left, NOW) == f"until {(NOW + left).astimezone():{shown}}"


@pytest.mark.parametrize("unit", ["percent", "seconds", "hours", "jobs"])
def test_what_was_not_measured_is_a_dash(unit):
    assert format_measure(None, unit) == "–"


def test_counts_have_separators():
    assert format_count(1_234_567) == "1,234,567"


@pytest.mark.parametrize("width", [1, 20, 60])
def test_a_list_says_how_many_it_leaves_out(width):
    names = [f"acme/repository-{n}" for n in range(9)]
    shown = format_list(names, 100, width)
    named = sum(name in shown for name in names)
    assert named >= 1
    assert shown.endswith(f" and {100 - named} more")


def test_a_text_is_cut_to_its_column():
    assert shorten("acme/repository", 15) == "acme/repository"
    assert shorten("acme/repository", 10) == "acme/repo…"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("two\nlines\tand\x00nul", "two lines andnul"),
        ("right\u202eto left\u200b", "rightto left"),
        ("\ud800lone", "lone"),
        ("x" * 30, "x" * 19 + "…"),
    ],
)
def test_r12_what_others_wrote_cannot_act_on_a_terminal(text, shown):
    assert sanitize(text, 20) == shown


@pytest.mark.parametrize(("part", "whole", "full"), [(0, 100, 0), (1, 10_000, 1), (9_999, 10_000, 19), (100, 100, 20)])
def test_a_bar_is_full_for_the_whole_and_empty_for_nothing(part, whole, full):
    assert Screen(bars=True).bar(part, whole, 20).count("█") == full


def test_a_pipe_gets_no_bars_and_no_colours():
    assert Screen().bar(1, 2) == ""
    assert Screen().paint("text", "bad") == "text"
