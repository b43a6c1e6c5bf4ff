"""What happened to the rollout, marked on the time axis of a chart: the same letters in every report."""

from __future__ import annotations

from collections.abc import Set
from typing import NamedTuple

from rollout_console.results import ErrorTrend, MarkKind, TrendMark
from rollout_console.validation import in_zone


class Sign(NamedTuple):
    """The letter of a mark, what it means, and what joins that to the percentage."""

    letter: str
    meaning: str
    joint: str


# The most important one first: of several in one column it is shown.
SIGNS: dict[MarkKind, Sign] = {
    "trip": Sign("T", "tripped", ","),
    "stop": Sign("S", "stopped", " at"),
    "restart": Sign("R", "restart", " at"),
    "change": Sign("C", "changed", " to"),
}


def marks_line(trend: ErrorTrend, width: int) -> str:
    """Return a line of `width` cells, from the first point to the end of the last, each letter at its moment."""
    line = [" "] * width
    if trend.points:
        first, span = trend.points[0].at, (trend.ends_at - trend.points[0].at).total_seconds() or 1.0
        order = list(SIGNS)
        for mark in sorted(trend.marks, key=lambda mark: order.index(mark.kind), reverse=True):
            position = int(width * (mark.at - first).total_seconds() / span)
            line[max(0, min(width - 1, position))] = SIGNS[mark.kind].letter
    return "".join(line)


def legend(trend: ErrorTrend) -> str:
    """Return what the letters that are in use mean."""
    return "  ".join(meanings({mark.kind for mark in trend.marks}))


def meanings(kinds: Set[MarkKind]) -> list[str]:
    """Return the letter of each kind with what it means, the most important one first."""
    return [f"{sign.letter} {sign.meaning}" for kind, sign in SIGNS.items() if kind in kinds]


def told(mark: TrendMark) -> str:
    """Return when a mark was, what it means, and the percentage that it left."""
    letter, meaning, joint = SIGNS[mark.kind]
    percentage = "" if mark.percentage is None else f"{joint} {mark.percentage} %"
    return f"{letter} {in_zone(mark.at):%H:%M} {meaning}{percentage}"
