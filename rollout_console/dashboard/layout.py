"""Panels placed under and beside each other, so that they fill a terminal of any size and none covers another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rollout_console.render.layout import cells, clip, pad
from rollout_console.render.screen import Screen

TWO_COLUMNS_FROM, THREE_COLUMNS_FROM = 100, 161  # columns of the terminal
BETWEEN = " │ "


@dataclass(frozen=True)
class Panel:
    """A titled block of lines.

    Attributes:
        title: above the lines.
        draw: returns the lines for a width and a height in cells; what is more is cut.
        least: lines below which the panel is left out.
        wanted: lines beyond which it gains nothing.
    """

    title: str
    draw: Callable[[int, int], list[str]]
    least: int
    wanted: int


def columns_for(width: int) -> int:
    """Return how many columns of panels a terminal of this width has room for."""
    if width < TWO_COLUMNS_FROM:
        return 1
    return 2 if width < THREE_COLUMNS_FROM else 3


def column_width(width: int, columns: int) -> int:
    """Return the cells of each column."""
    return (width - len(BETWEEN) * (columns - 1)) // columns


def heights(panels: Sequence[Panel], height: int) -> list[int]:
    """Return the lines of each panel, title included; 0 where there is no room for one.

    Args:
        panels: the most important one first.
        height: lines for all of them.
    """
    given: list[int] = []
    for panel in panels:
        needed = panel.least + 1
        given.append(needed if needed <= height - sum(given) else 0)
    while sum(given) < height:
        growing = [i for i, panel in enumerate(panels) if given[i] and given[i] <= panel.wanted]
        if not growing:
            break
        for i in growing[: height - sum(given)]:
            given[i] += 1
    return given


def stack(panels: Sequence[Panel], ranks: Sequence[int], width: int, height: int, screen: Screen) -> list[str]:
    """Return panels under each other, in at most `height` lines of at most `width` cells.

    Args:
        panels: from top to bottom.
        ranks: how important each of them is, 0 the most: the others give way.
        width: cells.
        height: lines.
        screen: for its colours.
    """
    order = sorted(range(len(panels)), key=lambda i: ranks[i])
    by_rank = dict(zip(order, heights([panels[i] for i in order], height), strict=True))
    lines: list[str] = []
    for i, panel in enumerate(panels):
        if by_rank[i]:
            inside = panel.draw(width, by_rank[i] - 1)[: by_rank[i] - 1]
            lines += [_heading(panel.title, width, screen), *(clip(line, width) for line in inside)]
    return lines


def beside(columns: Sequence[Sequence[str]], width: int, screen: Screen) -> list[str]:
    """Return columns of lines beside each other, each of `width` cells."""
    tallest = max(map(len, columns), default=0)
    rows = [[column[row] if row < len(column) else "" for column in columns] for row in range(tallest)]
    edge = screen.paint(BETWEEN, "muted")
    return [edge.join([*(pad(cell, width) for cell in row[:-1]), clip(row[-1], width)]) for row in rows]


def _heading(title: str, width: int, screen: Screen) -> str:
    text = clip(f" {title} ", width)
    return screen.paint(text, "title") + screen.paint("─" * (width - cells(text)), "muted")
