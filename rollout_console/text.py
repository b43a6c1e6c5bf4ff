"""Words and figures for people: text made harmless, rates that don't lie, times that can be read."""

from __future__ import annotations

from datetime import datetime

MINUTE, HOUR, DAY = 60, 3600, 86400


def clean(text: str, limit: int = 500) -> str:
    """Return text on one line without anything that could act on a terminal (R12).

    Control characters, terminal escapes, zero-width and direction-changing characters and lone
    surrogates go; line ends and tabs become spaces; at most `limit` characters stay.
    """
    shown = text[: 4 * limit]
    if not shown.isprintable():
        shown = "".join(char if char.isprintable() else " " if char.isspace() else "" for char in shown)
    line = " ".join(shown.split())
    return line if len(line) <= limit and len(text) <= 4 * limit else line[: max(1, limit - 1)] + "…"


def percent(rate: float | None) -> str:
    """Return a rate, given in percent, with two decimals; never rounded to 0 or 100 unless it is."""
    if rate is None:
        return "no jobs"
    if 0 < rate < 0.01:
        return "<0.01 %"
    if 99.99 < rate < 100:
        return ">99.99 %"
    return f"{rate:.2f}".rstrip("0").rstrip(".") + " %"


def count(number: int) -> str:
    """Return a number with thousands separators."""
    return f"{number:,}"


def ago(then: datetime, now: datetime) -> str:
    """Return how long before `now` something was, in the largest fitting unit."""
    seconds = (now - then).total_seconds()
    if seconds < 0:
        return "just now" if seconds > -MINUTE else "in the future"
    if seconds < 10:
        return "just now"
    if seconds < MINUTE:
        return f"{seconds:.0f} s ago"
    if seconds < HOUR:
        return f"{seconds // MINUTE:.0f} min ago"
    if seconds < 2 * DAY:
        return f"{seconds // HOUR:.0f} h ago"
    return f"{seconds // DAY:.0f} days ago"


def local_time(moment: datetime) -> str:
    """Return a time in the local zone, to the minute."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"
