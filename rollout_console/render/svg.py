"""Drawings for pages, as images of SVG: a notebook that others have run keeps those, with the words beside them.

An image does not know the page's colours: what is written in it is readable on light and on dark ones.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable
from dataclasses import dataclass

from rollout_console.render.formatting import format_number, format_percent, format_time
from rollout_console.render.layout import shorten_middle
from rollout_console.render.marks import SIGNS
from rollout_console.render.sanitize import sanitize
from rollout_console.results import ErrorTrend, Plan
from rollout_console.validation import in_zone

WIDTH, LEFT, RIGHT = 720, 60, 10  # of a drawing and of its margins, in its own units; text is 12 high
LETTER = 7.5  # width of a letter, at most
PLOT = WIDTH - LEFT - RIGHT
GOOD, BAD, INK = "#1a73e8", "#df3025", "#767676"
ROWS = 3  # of labels of marks; what finds no room keeps its line, without words


@dataclass(frozen=True)
class Drawing:
    """A drawing.

    Attributes:
        svg: what is drawn.
        alt: the same in words.
        style: of the image on a page.
    """

    svg: str
    alt: str
    style: str

    @property
    def image(self) -> str:
        """The drawing as an image that needs no other file."""
        svg = self.svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
        data = base64.b64encode(svg.encode()).decode()
        return f'<img style="{self.style}" alt="{html.escape(self.alt)}" src="data:image/svg+xml;base64,{data}">'


def error_rate_drawing(trend: ErrorTrend) -> Drawing:
    """Return the error rate of both arms over time, with the threshold and what happened meanwhile."""
    top, height = 20 + 16 * ROWS, 160
    rates = [100 * p.errors / p.jobs if p.jobs else None for p in trend.points]
    control = [100 * p.control_errors / p.control_jobs if p.control_jobs else None for p in trend.points]
    highest = max([trend.max_error_rate * 1.5, *(rate for rate in [*rates, *control] if rate is not None)]) or 1.0
    step = PLOT / max(1, len(trend.points))

    def level(rate: float) -> float:
        return top + height * (1 - rate / highest)

    parts = [
        _text(LEFT, 12, "columns: in the rollout; line: control; dashes: threshold"),
        _text(LEFT - 6, level(trend.max_error_rate) + 4, format_percent(trend.max_error_rate), "end"),
        _text(LEFT - 6, level(0) + 4, "0 %", "end"),
        _line(LEFT, level(0), WIDTH - RIGHT, level(0)),
    ]
    if level(trend.max_error_rate) - level(highest) > 14:
        parts.append(_text(LEFT - 6, level(highest) + 4, format_percent(highest), "end"))
    for number, rate in enumerate(rates):
        if rate is not None:
            tall = max(1.5, height * rate / highest) if rate else 0.5  # an error is never invisible
            colour = BAD if rate > trend.max_error_rate else GOOD
            parts.append(_box(LEFT + number * step, top + height - tall, max(1, step - 1), tall, colour))
    parts += _steps([None if rate is None else level(rate) for rate in control], step)
    parts.append(_line(LEFT, level(trend.max_error_rate), WIDTH - RIGHT, level(trend.max_error_rate), dashes="6 4"))
    if trend.points:
        parts += _marks(trend, top, top + height)
        parts.append(_text(LEFT, top + height + 18, format_time(trend.points[0].at)))
        parts.append(_text(WIDTH - RIGHT, top + height + 18, format_time(trend.ends_at), "end"))
    worst = f"at most {format_percent(max((rate for rate in rates if rate is not None), default=None))}"
    label = f"error rate over time: {worst}, threshold {format_percent(trend.max_error_rate)}"
    return _drawing(top + height + 26, label, parts)


def plan_drawing(plan: Plan) -> Drawing:
    """Return the steps of a plan as stairs: what is behind, where it stands, and when each may come."""
    height, top, each = 150, 20, PLOT / max(1, len(plan.steps))
    parts = []
    for number, step in enumerate(plan.steps):
        tall, x = height * step.percentage / 100, LEFT + number * each
        opacity = {"passed": 0.45, "current": 1.0, "ahead": 0.15}[step.state]
        parts.append(_box(x, top + height - tall, each - 6, tall, GOOD, opacity))
        room = int((each - 6) / LETTER)
        parts.append(_text(x, top + height - tall - 5, _cut(f"{step.percentage} %", room)))
        parts.append(_text(x, top + height + 16, _cut(sanitize(step.audience or "", 200), room)))
        earliest = "" if step.earliest is None else f"{in_zone(step.earliest):%m-%d %H:%M}"
        parts.append(_text(x, top + height + 32, _cut(earliest, room)))
    parts.append(_line(LEFT, top + height, WIDTH - RIGHT, top + height))
    steps = ", ".join(f"{step.percentage} %" for step in plan.steps)
    return _drawing(top + height + 40, f"steps of the plan: {steps}", parts)


def bar_drawing(share: float, width: int) -> Drawing:
    """Return a bar that is filled to a share.

    Args:
        share: from 0 to 1.
        width: of the whole bar, in letters.
    """
    frame = _box(0, 1, 100, 8, INK, 0.2)
    fill = _box(0, 1, 100 * share, 8, GOOD) if share > 0 else ""
    style = f"width:{width * 0.6:.1f}em;height:0.8em"
    svg = f'<svg viewBox="0 0 100 10" preserveAspectRatio="none">{frame}{fill}</svg>'
    return Drawing(svg, f"{format_number(100 * share)} %", style)


def _drawing(height: float, label: str, parts: Iterable[str]) -> Drawing:
    size = f'viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}" style="font:12px monospace"'
    style = f"display:block;width:100%;max-width:{WIDTH}px;height:auto"
    return Drawing(f"<svg {size}>{''.join(parts)}</svg>", label, style)


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    if not words:
        return ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{INK}">{html.escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, dashes: str = "none") -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{INK}" stroke-opacity="0.7" stroke-dasharray="{dashes}"/>'


def _box(x: float, y: float, width: float, height: float, colour: str, opacity: float = 1.0) -> str:
    size = f'width="{width:.1f}" height="{height:.1f}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{colour}" fill-opacity="{opacity:g}"/>'


def _steps(levels: list[float | None], step: float) -> list[str]:
    """Return a level line over each step that has one."""
    return [
        _line(LEFT + number * step, y, LEFT + (number + 1) * step, y)
        for number, y in enumerate(levels)
        if y is not None
    ]


def _marks(trend: ErrorTrend, top: float, bottom: float) -> list[str]:
    """Return a line for each mark, and its words in the first row that has room."""
    first, last = trend.points[0].at, trend.ends_at
    span = (last - first).total_seconds() or 1.0
    parts, free = [], [float(LEFT)] * ROWS
    for mark in trend.marks:
        x = LEFT + PLOT * min(1.0, max(0.0, (mark.at - first).total_seconds() / span))
        words = SIGNS[mark.kind].meaning + ("" if mark.percentage is None else f" {mark.percentage} %")
        wide = LETTER * len(words)
        begins = min(x, WIDTH - wide)
        row = next((row for row in range(ROWS) if free[row] <= begins), None)
        parts.append(_line(x, top if row is None else 20 + 16 * row, x, bottom, dashes="1 2"))
        if row is not None:
            parts.append(_text(begins + 2, 32 + 16 * row, words))
            free[row] = begins + wide + LETTER
    return parts


def _cut(text: str, letters: int) -> str:
    """Return text that is no wider than some letters; wide characters count as two."""
    return shorten_middle(text, letters) if letters > 1 else ""
