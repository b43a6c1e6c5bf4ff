"""R2: the phases, and whether the next may begin."""

from __future__ import annotations

from typing import Literal

from rollout_console.results.base import Record, Result
from rollout_console.results.criteria import Criterion
from rollout_console.results.warnings import HealthWarning

PhaseState = Literal["passed", "current", "ahead"]


class Phase(Record, kw_only=True):
    """A step of the progression."""

    phase: int
    percentage: int
    audience: str
    state: PhaseState


class Phases(Result, kw_only=True):
    """`rollout.phases()` (R2); `next_percentage` is None in the last phase. It is not ready while a warning stands."""

    rollout_percentage: int
    emergency_stop: bool
    phase: str
    next_percentage: int | None
    ready: bool
    criteria: list[Criterion]
    warnings: list[HealthWarning]
    phases: list[Phase]
