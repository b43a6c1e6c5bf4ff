"""All that the dashboard shows."""

from __future__ import annotations

from rollout_console.results.base import Result
from rollout_console.results.categories import Categories
from rollout_console.results.history import History
from rollout_console.results.plan import Plan
from rollout_console.results.statistics import ErrorTrend, Metrics
from rollout_console.results.status import Status


class Overview(Result, kw_only=True):
    """All that the dashboard shows, of one moment."""

    status: Status
    categories: Categories
    plan: Plan
    metrics: Metrics
    trend: ErrorTrend
    history: History
