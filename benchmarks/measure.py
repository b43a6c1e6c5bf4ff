"""A measured row of the table, and how two things are compared fairly."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        what: ours.
        against: the yardstick.
        ours: our figure, in `unit`.
        theirs: the yardstick's.
        unit: of both figures.
        ratio: what the goal is about: ours to theirs, or for rates and speed-ups as `what` says.
        goal: the bound of the ratio.
        at_least: whether the ratio should reach the goal rather than stay below it.
        note: what the reader should know.
    """

    what: str
    against: str
    ours: float
    theirs: float
    unit: str
    ratio: float
    goal: float
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool:
        return self.ratio >= self.goal if self.at_least else self.ratio <= self.goal


def seconds(action: Callable[[], object]) -> float:
    """Return how long an action takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def in_turn(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> tuple[float, float]:
    """Let both measure themselves, one after the other, and return the medians."""
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)
