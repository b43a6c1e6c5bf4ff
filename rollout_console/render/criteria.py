"""Criteria as a table: met or not, what is measured, what is wanted."""

from __future__ import annotations

from rollout_console.render.formatting import MINUTE, format_measure, format_number
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.results import Criterion, Unit

MARKS = {True: ("✓", "good"), False: ("✗", "bad"), None: ("·", "muted")}
BEHIND: dict[Unit, str] = {"percent": " %", "hours": " h", "seconds": " s", "jobs": ""}


def met_mark(met: bool | None, screen: Screen) -> str:
    """Return a sign for met, not met, nothing to judge."""
    sign, style = MARKS[met]
    return screen.paint(sign, style)


def format_target(criterion: Criterion) -> str:
    """Return what a criterion asks for, in its unit; empty without a target."""
    if criterion.operator is None:
        return ""
    figures, unit = [f for f in (criterion.target, criterion.upper_target) if f is not None], BEHIND[criterion.unit]
    if criterion.unit == "seconds" and min(figures) >= MINUTE:
        figures, unit = [seconds / MINUTE for seconds in figures], " min"
    sign = "" if criterion.operator == "between" else f"{criterion.operator} "
    return f"{sign}{'–'.join(map(format_number, figures))}{unit}"


def criteria_table(criteria: list[Criterion], screen: Screen, title: str) -> str:
    """Return criteria as a table under a title, with their notes below it."""
    rows = [
        [met_mark(c.met, screen), sanitize(c.name, 40), format_measure(c.actual, c.unit), format_target(c)]
        for c in criteria
    ]
    notes = [f" {sanitize(c.name, 40)}: {sanitize(c.note, 200)}" for c in criteria if c.note]
    return "\n".join([screen.table(["", title, "now", "wanted"], rows, narrow=[1]), *notes])
