"""A criterion: what is measured, compared with what is wanted."""

from __future__ import annotations

from typing import Literal

from rollout_console.results.base import Record

Unit = Literal["percent", "hours", "seconds", "jobs"]
Operator = Literal["<", "<=", ">", ">=", "between"]


class Criterion(Record, kw_only=True):
    """What is measured, compared with what is wanted; `met` is None where there is nothing to judge.

    `operator` is None if there is no target; `upper_target` belongs to `between`.
    """

    name: str
    actual: float | None
    unit: Unit
    operator: Operator | None
    target: float | None
    upper_target: float | None
    met: bool | None
    note: str | None
