"""Phrases that several reports share."""

from __future__ import annotations

from datetime import datetime

from rollout_console import results
from rollout_console.render.screen import Screen
from rollout_console.text import ago, clean, count, local_time, percent

MARKS = {True: ("✓", "good"), False: ("✗", "bad"), None: ("·", "muted")}


def mark(met: bool | None, screen: Screen) -> str:
    """Return a sign for met, not met, nothing to judge."""
    sign, style = MARKS[met]
    return screen.paint(sign, style)


def when(moment: datetime | None, now: datetime | None = None) -> str:
    """Return a local time and how long ago it was."""
    if moment is None:
        return "never"
    return f"{local_time(moment)} ({ago(moment, now or datetime.now(moment.tzinfo))})"


def rate(health: results.Health) -> str:
    """Return the error rate with what it rests on, so that 1 error in 11 jobs reads as what it is."""
    if not health.jobs:
        return "no jobs"
    return (
        f"{percent(health.error_rate)} errors ({count(health.errors)} of {count(health.jobs)} jobs; "
        f"95 % interval {number(health.error_rate_low)}–{percent(health.error_rate_high)})"
    )


def verdict(health: results.Health, screen: Screen) -> str:
    """Return the health of the window in a phrase."""
    words = {
        "no_data": screen.paint("no jobs yet", "muted"),
        "small_sample": screen.paint(f"too few jobs to judge (fewer than {health.minimum_sample})", "muted"),
        "healthy": screen.paint("healthy", "good"),
        "breach": screen.paint("BREACH", "bad"),
    }
    word = words.get(health.verdict, clean(health.verdict))
    return word if not health.jobs else f"{word}: {rate(health)}"


def window(health: results.Health) -> str:
    """Return how far back health looks."""
    if health.since_restart:
        return f"since the restart {when(health.window_start)}"
    return f"last {health.window_hours} h"


def number(value: float | None) -> str:
    """Return a figure with at most two decimals."""
    return "–" if value is None else f"{value:,.2f}".rstrip("0").rstrip(".")


def duration(seconds: float | None) -> str:
    """Return a processing time in the unit that fits it."""
    if seconds is None:
        return "–"
    return f"{number(round(seconds, 1))} s" if seconds < 120 else f"{number(seconds / 60)} min"


def measured(value: float | None, unit: str) -> str:
    """Return a figure in its unit."""
    if value is None:
        return "–"
    match unit:
        case "percent":
            return percent(value)
        case "seconds":
            return duration(value)
        case "hours":
            return f"{number(value)} h" if value >= 2 else duration(value * 3600)
    return count(int(value))


def wanted(criterion: results.Criterion) -> str:
    """Return what a criterion asks for, in its unit."""
    if criterion.operator is None:
        return ""
    scale, unit = {"percent": (1, " %"), "hours": (1, " h"), "seconds": (60, " min")}.get(criterion.unit, (1, ""))
    figures = [number(f / scale) for f in (criterion.target, criterion.upper_target) if f is not None]
    sign = "" if criterion.operator == "between" else f"{criterion.operator} "
    return f"{sign}{'–'.join(figures)}{unit}"


def who(entry: results.HistoryEntry) -> str:
    """Return who made a change, as claimed, or what made it."""
    if entry.triggered_by == "auto_rollback":
        return "auto-rollback"
    if entry.outside_console:
        return f"outside the console, as {clean(entry.database_role or 'unknown', 40)}"
    name = clean(entry.operator or entry.triggered_by or "unknown", 40)
    return f"{name}@{clean(entry.host, 40)}" if entry.host else name


def what(entry: results.HistoryEntry) -> str:
    """Return what a change was, in a few words."""
    tripped = entry.triggered_by == "auto_rollback"  # whoever reported the job or checked
    command = clean(entry.action if tripped else entry.command or entry.action, 40)
    if entry.previous_percentage != entry.new_percentage and entry.previous_percentage is not None:
        return f"{command}: {entry.previous_percentage} % → {entry.new_percentage} %"
    return command
