"""All that the dashboard shows."""

from __future__ import annotations

from msgspec import field

from rollout_console.results.base import Result
from rollout_console.results.categories import Categories
from rollout_console.results.history import History
from rollout_console.results.plan import Plan
from rollout_console.results.statistics import ErrorTrend, Metrics
from rollout_console.results.status import Status
from rollout_console.results.warnings import HealthWarning


class Overview(Result, kw_only=True):
    """All that the dashboard shows, of one moment; a part that can't be read is None, and named in `unreadable`."""

    status: Status
    categories: Categories | None
    plan: Plan | None
    metrics: Metrics | None
    trend: ErrorTrend | None
    history: History | None
    unreadable: list[HealthWarning] = field(default_factory=list)

    def missing(self, part: str) -> HealthWarning:
        """Return why a part is None, and what to type."""
        named = (problem for problem in self.unreadable if problem.name == part)
        return next(named, HealthWarning(name=part, message=f"{part}: can't be shown", command="rollout.status()"))
