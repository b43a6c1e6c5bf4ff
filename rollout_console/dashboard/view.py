"""The overview as lines of text, for any size of terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from rollout_console import results
from rollout_console.dashboard import panels
from rollout_console.dashboard.advice import in_keys
from rollout_console.dashboard.header import header
from rollout_console.dashboard.layout import Panel, beside, column_width, columns_for, stack
from rollout_console.refresh import Snapshot
from rollout_console.render.layout import fold
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen

T = TypeVar("T")

# The panels of each column from top to bottom, for one to three columns.
ARRANGEMENTS = {
    1: [["kinds", "chart", "changes", "processors", "categories", "criteria"]],
    2: [["chart", "changes"], ["kinds", "processors", "categories", "criteria"]],
    3: [["chart", "processors"], ["kinds", "categories", "criteria"], ["changes"]],
}
RANKS = {
    "changes": 0,
    "kinds": 1,
    "chart": 2,
    "processors": 3,
    "categories": 4,
    "criteria": 5,
}  # where there is no room for all


def draw(snapshot: Snapshot[results.Overview], every: float, screen: Screen, width: int, height: int) -> list[str]:
    """Return at most `height` lines of at most `width` cells, what matters in an incident first: it is never cut off.

    Args:
        snapshot: the newest overview, or why there is none.
        every: the refresh interval in seconds; an overview that is much older is marked stale.
        screen: for its colours.
        width: of the terminal, in columns.
        height: of the terminal, in lines.
    """
    seen = snapshot.value
    if seen is None:
        said = in_keys(sanitize(snapshot.problem, 1000)) if snapshot.problem else "connecting …"
        return fold(f" {said}", width, " ")[:height]
    screen = replace(screen, width=width)
    top = header(seen, snapshot, every, screen)[:height]
    columns = columns_for(width)
    each = column_width(width, columns)

    def of(part: str, found: T | None, panel: Callable[[T], Panel]) -> Panel:
        return panels.missing(part, seen.missing(part)) if found is None else panel(found)

    drawn = {
        "chart": of("trend", seen.trend, lambda trend: panels.chart(trend, seen.status, screen, each)),
        "changes": of("history", seen.history, lambda history: panels.changes(history, seen.status.server_time)),
        "kinds": of("metrics", seen.metrics, lambda metrics: panels.kinds(metrics, screen)),
        "criteria": of("metrics", seen.metrics, lambda metrics: panels.criteria(metrics, screen)),
        "processors": of("metrics", seen.metrics, panels.processors),
        "categories": of("categories", seen.categories, lambda found: panels.categories(found, screen, each)),
    }
    stacks = [
        stack([drawn[name] for name in names], [RANKS[name] for name in names], each, height - len(top), screen)
        for names in ARRANGEMENTS[columns]
    ]
    return [*top, *beside(stacks, each, screen)]
