"""The panels below the header: error rate, kinds of errors, changes, processors, categories."""

from __future__ import annotations

from datetime import datetime

from rollout_console import results
from rollout_console.dashboard.layout import Panel
from rollout_console.render.chart import MARGIN, error_chart
from rollout_console.render.criteria import format_target, met_mark
from rollout_console.render.errors import kind_name, repositories_phrase
from rollout_console.render.formatting import format_age, format_count, format_duration, format_measure, format_percent
from rollout_console.render.history import change_phrase
from rollout_console.render.layout import cells, fold, pack, pad, shorten_middle
from rollout_console.render.marks import SIGNS, legend, marks_line
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen

TITLES = {"trend": "error rate", "history": "last changes", "metrics": "errors", "categories": "eligible by category"}
CHART_LEAST, CHART_WANTED = 5, 24  # lines, of which two are marks and times
AXIS = 2
WITH_DURATION = 56  # columns from which a processor's average time is shown


def missing(part: str, problem: results.HealthWarning) -> Panel:
    """Return the line in the place of a part that can't be read."""
    said = f" {sanitize(problem.message, 300)}; press : and type {problem.command.removeprefix('rollout.')}"
    return Panel(TITLES[part], lambda width, height: fold(said, width, "   ")[:height], 1, 3)


def chart(trend: results.ErrorTrend, status: results.Status, screen: Screen, width: int) -> Panel:
    """Return the error rate of the window as a chart, with marks below it for what was changed."""
    signs = legend(trend)
    judged = "; judged since R" if status.health.since_restart and SIGNS["restart"].letter in signs else ""
    title = f"error rate, last {status.monitoring_window_hours} h{judged}"
    beside_title = cells(f" {title}   {signs} ") <= width
    below = [f" {signs}"] if signs and not beside_title else []

    def draw(width: int, height: int) -> list[str]:
        explained = below if height > CHART_LEAST else []
        *lines, times = error_chart(trend, screen, width - 1, max(3, height - AXIS - len(explained)))
        return [*lines, " " * MARGIN + marks_line(trend, width - 1 - MARGIN), times, *explained]

    return Panel(f"{title}   {signs}" if signs and beside_title else title, draw, CHART_LEAST, CHART_WANTED)


def changes(history: results.History, now: datetime) -> Panel:
    """Return the last changes, each with its reason: whole where there is room, or else cut."""
    entries = history.entries

    def line(entry: results.HistoryEntry) -> str:
        return f" {format_age(entry.at, now).rjust(11)}  {change_phrase(entry, 300)}"

    def draw(width: int, height: int) -> list[str]:
        lines = [line(entry) for entry in entries[:height]] or [" no changes yet"]
        whole = [part for line in lines for part in fold(line, width, " " * 14)]
        return whole if len(whole) <= height else lines

    return Panel("last changes", draw, min(2, len(entries) or 1), 3 * len(entries) or 1)


def kinds(metrics: results.Metrics, screen: Screen) -> Panel:
    """Return the kinds of errors with the treatment's count and the control's; their repositories if there is room."""
    found = metrics.kinds

    def lines(kind: results.ErrorKind, width: int, *, where: bool) -> list[str]:
        new = screen.paint("NEW ", "bad") if kind.is_new else ""
        name = shorten_middle(kind_name(kind), max(12, width - 22 - 4 * kind.is_new))
        line = f" {format_count(kind.treatment):>7} | {format_count(kind.control):<7} {new}{name}"
        return [line, f"{' ' * 19}{repositories_phrase(kind, width - 20)}"] if where else [line]

    def draw(width: int, height: int) -> list[str]:
        where = height >= 2 * len(found)
        return [line for kind in found for line in lines(kind, width, where=where)] or [" no errors"]

    return Panel("errors: treatment | control", draw, 1, 2 * len(found) or 1)


def criteria(metrics: results.Metrics, screen: Screen) -> Panel:
    """Return the success metrics: what is measured, and what is wanted."""
    found = metrics.criteria

    def line(c: results.Criterion) -> str:
        return f" {met_mark(c.met, screen)} {sanitize(c.name, 40)}: {format_measure(c.actual, c.unit)} {wanted(c)}"

    def wanted(c: results.Criterion) -> str:
        return f"(wanted {target})" if (target := format_target(c)) else ""

    return Panel("success metrics", lambda width, height: [line(c) for c in found[:height]], 1, len(found))


def processors(metrics: results.Metrics) -> Panel:
    """Return each processor's jobs, error rate and average time, by arm."""
    found = metrics.processors
    longest = max((cells(sanitize(p.processor, 60)) for p in found), default=0)

    def line(p: results.ProcessorMetrics, width: int) -> str:
        text = f" {p.arm:<9} {format_count(p.jobs):>9} jobs{format_percent(p.error_rate):>9}"
        if width >= WITH_DURATION:
            text += f" {format_duration(p.average_seconds):>9}"
        room = max(12, min(longest, width - cells(text) - 2))
        return f" {pad(shorten_middle(sanitize(p.processor, 60), room), room)}{text}"

    return Panel(
        "processors: jobs, errors" + (", average time" if found else ""),
        lambda width, height: [line(p, width) for p in found[:height]] or [" no jobs in the window"],
        1,
        len(found) or 1,
    )


def categories(shown: results.Categories, screen: Screen, width: int) -> Panel:
    """Return how many repositories of each category are eligible: a bar each, or in few lines all figures."""
    found = shown.categories
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
