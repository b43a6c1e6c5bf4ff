"""The panels below the header: error rate, kinds of errors, changes, processors, categories."""

from __future__ import annotations

from rollout_console import results
from rollout_console.dashboard.layout import Panel
from rollout_console.dashboard.marks import legend, marks_line, marks_of
from rollout_console.render.chart import MARGIN, error_chart
from rollout_console.render.errors import kind_name
from rollout_console.render.formatting import format_age, format_count, format_duration, format_percent
from rollout_console.render.history import change_author, change_summary
from rollout_console.render.layout import pack, shorten_middle
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen

CHART_LEAST, CHART_WANTED = 5, 14  # lines, of which two are marks and times
AXIS = 2
WITH_DURATION = 56  # columns from which a processor's average time is shown


def chart(seen: results.Overview, screen: Screen) -> Panel:
    """Return the error rate of the window as a chart, with marks below it for what was changed."""
    marks, trend, status = marks_of(seen.trend, seen.history.entries), seen.trend, seen.status

    def draw(width: int, height: int) -> list[str]:
        *lines, times = error_chart(trend, screen, width - 1, max(3, height - AXIS))
        line = marks_line(marks, trend.points[0].at, status.server_time, width - 1 - MARGIN)
        return [*lines, " " * MARGIN + line, times]

    judged = "; judged since R" if status.health.since_restart and trend.restarted_at else ""
    title = f"error rate, last {status.monitoring_window_hours} h{judged}   {legend(marks)}".rstrip()
    return Panel(title, draw, CHART_LEAST, CHART_WANTED)


def changes(seen: results.Overview) -> Panel:
    """Return the last changes, each with its reason."""
    now, entries = seen.status.server_time, seen.history.entries

    def line(entry: results.HistoryEntry) -> str:
        reason = f": {sanitize(entry.reason, 200)}" if entry.reason else ""
        return f" {format_age(entry.at, now).rjust(11)}  {change_summary(entry)}{reason}  (by {change_author(entry)})"

    return Panel(
        "last changes",
        lambda width, height: [line(entry) for entry in entries[:height]] or [" no changes yet"],
        min(2, len(entries) or 1),
        len(entries) or 1,
    )


def kinds(seen: results.Overview, screen: Screen) -> Panel:
    """Return the kinds of errors, the treatment's count and the control's before each."""
    found = seen.metrics.kinds

    def line(kind: results.ErrorKind, width: int) -> str:
        new = screen.paint("NEW ", "bad") if kind.is_new else ""
        name = shorten_middle(kind_name(kind), max(12, width - 21))
        return f" {format_count(kind.treatment):>7} | {format_count(kind.control):<7} {new}{name}"

    return Panel(
        "errors: treatment | control",
        lambda width, height: [line(kind, width) for kind in found[:height]] or [" none are known"],
        1,
        len(found) or 1,
    )


def processors(seen: results.Overview) -> Panel:
    """Return each processor's jobs, error rate and average time, by arm."""
    found = seen.metrics.processors

    def line(p: results.ProcessorMetrics, width: int) -> str:
        text = (
            f" {shorten_middle(sanitize(p.processor, 60), 12):<12} {p.arm:<9} {format_count(p.jobs):>9} jobs"
            f"{format_percent(p.error_rate):>9}"
        )
        return f"{text} {format_duration(p.average_seconds):>9}" if width >= WITH_DURATION else text

    return Panel(
        "processors: jobs, errors" + (", average time" if found else ""),
        lambda width, height: [line(p, width) for p in found[:height]] or [" no jobs in the window"],
        1,
        len(found) or 1,
    )


def categories(seen: results.Overview, screen: Screen, width: int) -> Panel:
    """Return how many repositories of each category are eligible: a bar each, or in few lines all figures."""
    found = seen.categories.categories
    figures = [f"{c.category} {format_count(c.eligible)}/{format_count(c.repositories)}" for c in found]
    brief = pack(figures, width)

    def draw(width: int, height: int) -> list[str]:
        if height < len(found):
            return brief
        bar = max(8, min(40, width - 36))
        return [
            f" {c.category.ljust(11)} {screen.bar(c.eligible, c.repositories, bar)} "
            f"{format_count(c.eligible)} of {format_count(c.repositories)}"
            for c in found
        ]

    return Panel("eligible by category", draw, len(brief), max(len(found), len(brief)))
