"""The error rate over time, as columns under a threshold line.

Drawn here rather than by a plotting library: the terminal ones keep one global figure and change
their interface between versions, and this is one kind of chart.
"""

from __future__ import annotations

from itertools import groupby, pairwise

from rollout_console.render.dispatch import renderer
from rollout_console.render.formatting import format_count, format_counted, format_number, format_percent, format_time
from rollout_console.render.layout import pack
from rollout_console.render.marks import marks_line, meanings, told
from rollout_console.render.screen import Screen
from rollout_console.render.svg import error_rate_drawing
from rollout_console.results import ErrorTrend

EIGHTHS = " ▁▂▃▄▅▆▇█"
MARGIN = 9  # columns for the scale on the left
MARKS_TOLD = 4


def error_chart(trend: ErrorTrend, screen: Screen, width: int, height: int) -> list[str]:
    """Return the lines of the chart.

    Args:
        trend: the points, oldest first.
        screen: for its colours.
        width: columns, scale included; at least 30.
        height: lines above the time axis; at least 3.
    """
    rates = [100 * p.errors / p.jobs if p.jobs else None for p in trend.points]
    top = max(trend.max_error_rate * 1.5, *(rate or 0 for rate in rates)) or 1.0
    columns = _stretch(rates, width - MARGIN)
    threshold_row = min(height - 1, int(height * trend.max_error_rate / top))
    lines = []
    for row in reversed(range(height)):
        label = {height - 1: _label(top), threshold_row: _label(trend.max_error_rate)}.get(row, "")
        empty = "┄" if row == threshold_row else " "
        runs = [
            screen.paint("".join(_cell(rate, row, height * (rate or 0) / top, empty) for rate in run), style)
            for style, run in groupby(columns, lambda rate: "bad" if (rate or 0) > trend.max_error_rate else "good")
        ]
        lines.append(f"{label:>{MARGIN - 2}} ┤{''.join(runs)}")
    return [*lines, _axis(trend, width)]


def _label(rate: float) -> str:
    exact = format_percent(rate)
    return exact if len(exact) <= MARGIN - 2 else f"{rate:.0f} %"


def _cell(rate: float | None, row: int, level: float, empty: str) -> str:
    if rate is None:
        return empty
    if rate == 0:
        return "·" if row == 0 else empty
    filled = round(8 * min(1.0, max(0.0, level - row)))
    if row == 0:
        filled = max(1, filled)  # an error is never invisible
    return EIGHTHS[filled] if filled else empty


def _stretch(values: list[float | None], width: int) -> list[float | None]:
    """Return a value for each column: of several points in one column the worst."""
    if len(values) <= width:
        return [values[position * len(values) // width] for position in range(width)] if values else []
    ends = [position * len(values) // width for position in range(width + 1)]
    columns = [[v for v in values[a:b] if v is not None] for a, b in pairwise(ends)]
    return [max(column, default=None) for column in columns]


def _axis(trend: ErrorTrend, width: int) -> str:
    last = "now"
    first = format_time(trend.points[0].at)[: width - MARGIN - len(last) - 1]
    return " " * MARGIN + first + last.rjust(width - MARGIN - len(first))


@renderer.register
def render_error_trend(trend: ErrorTrend, screen: Screen) -> str:
    """Return the chart, or in a pipe a line for each step."""
    jobs, errors = sum(p.jobs for p in trend.points), sum(p.errors for p in trend.points)
    control = sum(p.control_jobs for p in trend.points), sum(p.control_errors for p in trend.points)
    threshold = f"threshold {format_number(trend.max_error_rate)} %"
    head = (
        f" error rate {_window(trend)}: {format_count(errors)} of {format_counted(jobs, 'job', 'jobs')}, {threshold};"
        f" control {format_count(control[1])} of {format_count(control[0])}"
    )
    if not screen.bars:  # in a pipe: figures, one line a step
        rows = [
            f"{format_time(p.at)}  {format_counted(p.jobs, 'job', 'jobs')}  "
            f"{format_counted(p.errors, 'error', 'errors')}  "
            f"{format_percent(100 * p.errors / p.jobs if p.jobs else None)}"
            for p in trend.points
        ]
        return "\n".join([head, *rows])
    width = screen.width - 2
    chart = screen.draw(
        lambda: [*error_chart(trend, screen, width, 8), *mark_lines(trend, width)], lambda: error_rate_drawing(trend)
    )
    return "\n".join([head, chart, *_judged(trend)])


def mark_lines(trend: ErrorTrend, width: int) -> list[str]:
    """Return a letter for each mark below the columns of the chart, and what each means; of the last ones when it was.

    Args:
        trend: its points, oldest first, and its marks.
        width: that of the chart, scale included.
    """
    if not trend.marks or not trend.points:
        return []
    line = " " * MARGIN + marks_line(trend, width - MARGIN)
    last = trend.marks[-MARKS_TOLD:]
    earlier = {mark.kind for mark in trend.marks} - {mark.kind for mark in last}
    return [line.rstrip(), *pack([*meanings(earlier), *map(told, last)], width, gap=",  ")]


def _window(trend: ErrorTrend) -> str:
    return f"from {format_time(trend.points[0].at)} to now" if trend.points else "over the window"


def _judged(trend: ErrorTrend) -> list[str]:
    """Say where health begins, if that is later than the chart does."""
    restarted = trend.restarted_at
    if restarted is None or not trend.points or restarted <= trend.points[0].at:
        return []
    return [f" health judges only jobs since the restart, {format_time(restarted)}"]
