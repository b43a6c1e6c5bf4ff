"""R2: the phases, and whether the next may begin."""

from __future__ import annotations

from rollout_console.results.criteria import Criterion
from rollout_console.results.plan import Plan


class Phases(Plan, kw_only=True):
    """`rollout.phases()` (R2): the plan with the criteria of a phase."""

    criteria: list[Criterion]
