"""The figures as a picture: a bar for each comparison, from its goal, on a logarithmic scale. Plain SVG."""

from __future__ import annotations

import math
from html import escape

from benchmarks.measure import Row

LABELS, PLOT, FIGURES, LINE, TOP, BOTTOM = 400, 440, 100, 26, 64, 44
WIDTH = LABELS + PLOT + FIGURES
DECADES = 2  # to either side of the goal
MET, MISSED = "#2e7d5b", "#c2562f"
STYLE = """
    text { font: 12px ui-sans-serif, system-ui, sans-serif; fill: #333 }
    .title { font-size: 16px; font-weight: 600 } .faint { fill: #888; font-size: 11px } .figure { font-weight: 600 }
    @media (prefers-color-scheme: dark) { text { fill: #ddd } .faint { fill: #999 } .paper { fill: #16181c } }
"""


def svg(rows: list[Row]) -> str:
    height = TOP + LINE * len(rows) + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="Measured ratios against their goals"><style>{STYLE}</style>',
        f'<rect class="paper" width="{WIDTH}" height="{height}" fill="#fff"/>',
        _text(20, 28, "Measured against the goals", "title"),
        _text(20, 47, "right of the line: better than the goal; left of it: missed; times on a log scale", "faint"),
        *_grid(height),
    ]
    for number, row in enumerate(rows):
        parts += _bar(row, TOP + LINE * number)
    return "\n".join([*parts, "</svg>", ""])


def headroom(row: Row) -> float:
    """Return how many times better than its goal a row is, below 1 if it missed; none of nothing is the best."""
    if row.goal == 0 or row.ratio == 0:
        return 10.0**DECADES if row.met else 10.0**-DECADES
    return row.ratio / row.goal if row.at_least else row.goal / row.ratio


def _grid(height: int) -> list[str]:
    parts = []
    for decade in range(-DECADES, DECADES + 1):
        x = _x(10.0**decade)
        line = f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{height - BOTTOM + 4}" '
        parts.append(line + f'stroke="#999" stroke-opacity="{1 if decade == 0 else 0.3}"/>')
        label = "goal" if decade == 0 else f"{10.0**decade:g} ×"
        parts.append(_text(x, height - BOTTOM + 20, label, "faint", "middle"))
    return parts


def _bar(row: Row, top: int) -> list[str]:
    goal, end = _x(1), _x(headroom(row))
    left, length = min(goal, end), max(abs(end - goal), 1.5)
    label = row.what if len(row.what) <= 62 else row.what[:61] + "…"
    return [
        _text(LABELS - 12, top + 16, label, "", "end"),
        f'<rect x="{left:.1f}" y="{top + 5}" width="{length:.1f}" height="{LINE - 10}" rx="2" '
        f'fill="{MET if row.met else MISSED}"><title>{escape(row.what)} against {escape(row.against)}</title></rect>',
        _text(WIDTH - 20, top + 16, figure(row.ratio), "figure", "end"),
    ]


def figure(number: float) -> str:
    """Return a number as short as it can be read."""
    return f"{number:,.0f}" if number >= 100 or number == int(number) else f"{number:.2f}"


def _x(value: float) -> float:
    place = max(-DECADES, min(DECADES, math.log10(value)))
    return LABELS + PLOT * (place + DECADES) / (2 * DECADES)


def _text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'
