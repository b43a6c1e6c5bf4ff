"""Marks on the time axis of the chart: what was changed, what tripped, where health begins anew."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from rollout_console.results import ErrorTrend, HistoryEntry

# The most important one first: of several in one column it is shown.
MEANINGS = {"T": "tripped", "S": "stopped", "R": "restart", "▼": "lowered", "▲": "raised"}


class Mark(NamedTuple):
    """A moment, and the sign that stands for what happened."""

    at: datetime
    sign: str


def marks_of(trend: ErrorTrend, history: Iterable[HistoryEntry]) -> list[Mark]:
    """Return the changes of traffic and the restart that lie in the window of a trend."""
    found = [Mark(entry.at, sign) for entry in history if (sign := _sign(entry))]
    if trend.restarted_at is not None:
        found.append(Mark(trend.restarted_at, "R"))
    return [mark for mark in found if mark.at >= trend.points[0].at] if trend.points else []


def legend(marks: Iterable[Mark]) -> str:
    """Return what the signs that are in use mean."""
    used = {mark.sign for mark in marks}
    return "  ".join(f"{sign} {meaning}" for sign, meaning in MEANINGS.items() if sign in used)


def marks_line(marks: Iterable[Mark], first: datetime, last: datetime, width: int) -> str:
    """Return a line of `width` cells in which each sign stands at its moment.

    Args:
        marks: in any order.
        first: the moment of the first cell.
        last: the moment of the last cell.
        width: cells.
    """
    line = [" "] * width
    span = max(1.0, (last - first).total_seconds())
    order = list(MEANINGS)
    for mark in sorted(marks, key=lambda mark: order.index(mark.sign), reverse=True):
        position = int(width * (mark.at - first).total_seconds() / span)
        line[max(0, min(width - 1, position))] = mark.sign
    return "".join(line)


def _sign(entry: HistoryEntry) -> str:
    if entry.triggered_by == "auto_rollback":
        return "T"
    if "emergency" in entry.action.lower() and entry.command != "resume":
        return "S"
    before, after = entry.previous_percentage, entry.new_percentage
    if before is None or after is None or before == after:
        return ""
    return "▲" if after > before else "▼"
