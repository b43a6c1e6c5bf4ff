"""Repositories, jobs, errors and success metrics over the window."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import field

from rollout_console.results.access import DecidedBy
from rollout_console.results.base import Record, Result
from rollout_console.results.criteria import Criterion
from rollout_console.results.errors import ErrorKind
from rollout_console.results.health import Health, Rate

Arm = Literal["treatment", "control"]
MarkKind = Literal["trip", "stop", "restart", "change"]


class Stats(Result, kw_only=True):
    """`rollout.stats()`; `category_order` gives the keys of `categories` in rollout order.

    Repositories are counted as in `Status`. The rates are the treatment's; `total_jobs` and `processor_distribution`
    count both arms.
    """

    feature_name: str
    rollout_percentage: int
    emergency_stop: bool
    total_repositories: int
    eligible_repositories: int
    all_counted: bool
    decided_by: DecidedBy | None
    error_rate: float | None
    success_rate: float | None
    total_jobs: int
    categories: dict[str, int]
    category_order: list[str]
    processor_distribution: dict[str, int]
    health: Health
    criteria: list[Criterion]


class ProcessorMetrics(Rate, kw_only=True):
    """One arm of the jobs on one processor over the window."""

    processor: str
    arm: Arm
    successes: int
    success_rate: float | None
    average_seconds: float | None
    unit_cost: float | None


class JobError(Record, kw_only=True):
    """One of the last errors that jobs reported."""

    at: datetime
    processor: str
    repository_id: str | None
    repository: str | None
    message: str | None


class Metrics(Result, kw_only=True):
    """`rollout.showMetrics()`: `kinds` are the kinds of errors, `last_errors` the last ones with their messages."""

    health: Health
    processors: list[ProcessorMetrics]
    criteria: list[Criterion]
    last_errors: list[JobError]
    kinds: list[ErrorKind]
    server_time: datetime


class TrendPoint(Record, kw_only=True):
    """Jobs and errors of the treatment in one step of time, and of the control."""

    at: datetime
    jobs: int
    errors: int
    control_jobs: int
    control_errors: int


class TrendMark(Record, kw_only=True):
    """What happened to the rollout meanwhile, and the percentage that it left."""

    at: datetime
    kind: MarkKind
    percentage: int | None


class ErrorTrend(Result, kw_only=True):
    """`rollout.plot()`: jobs and errors over the window, oldest first, whatever restarts lie in it.

    Health begins anew at a restart, so it may judge fewer jobs than are shown: `marks` are the restarts, trips,
    stops and changes in the window, oldest first, at most 50.
    """

    max_error_rate: float
    restarted_at: datetime | None
    points: list[TrendPoint]
    marks: list[TrendMark] = field(default_factory=list)

    @property
    def ends_at(self) -> datetime:
        """Where the last point ends; there is at least one."""
        last = self.points[-1].at
        return last + (last - self.points[-2].at) if len(self.points) > 1 else last
