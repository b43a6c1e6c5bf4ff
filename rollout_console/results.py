"""What commands return: the JSON of the SQL functions, typed. Attributes are the names of the SQL columns.

Rates are percent (5.0 is 5 %); a rate of None means that there were no jobs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import msgspec

R = TypeVar("R", bound="Result")
C = TypeVar("C", bound="Change")


class Record(msgspec.Struct, kw_only=True):
    """A part of a result. Fields that a newer database adds are ignored."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data


class Result(Record, kw_only=True):
    """What one command returned."""


def parse(kind: type[R], data: object) -> R:
    """Build a result from the JSON of a SQL function."""
    return msgspec.convert(data, kind)


class Health(Record, kw_only=True):
    """R7: what the jobs of the window say. `verdict` is no_data, small_sample, healthy or breach."""

    window_hours: int
    window_start: datetime
    since_restart: bool
    jobs: int
    errors: int
    successes: int
    error_rate: float | None
    error_rate_low: float | None
    error_rate_high: float | None
    success_rate: float | None
    max_error_rate: float
    minimum_sample: int
    breach: bool
    verdict: str


class HistoryEntry(Record, kw_only=True):
    """One row of the history (R10)."""

    id: str
    at: datetime
    action: str
    command: str | None
    previous_percentage: int | None
    new_percentage: int | None
    reason: str | None
    triggered_by: str | None
    operator: str | None
    host: str | None
    database_role: str | None
    outside_console: bool = False
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    evidence: dict[str, Any] | None = None


class CategorizationState(Record, kw_only=True):
    """Where the newest run of categorizeAll stands."""

    finished_at: datetime | None
    processed: int
    total: int


class Status(Result, kw_only=True):
    """`rollout.status()`: the columns of rollout_configuration, what is in effect, health, last change."""

    id: str
    feature_name: str
    rollout_percentage: int
    percentage_in_effect: int
    phase: str
    phase_percentages: list[int]
    is_active: bool
    rollout_strategy: str
    emergency_stop: bool
    emergency_stop_reason: str | None
    emergency_stopped_at: datetime | None
    auto_rollback_enabled: bool
    max_error_rate: float
    minimum_sample: int
    monitoring_window_hours: int
    target_repositories: list[str]
    excluded_repositories: list[str]
    whitelist_size: int
    blacklist_size: int
    total_repositories: int
    eligible_repositories: int
    metadata: dict[str, Any]
    created_at: datetime | None
    updated_at: datetime | None
    percentage_since: datetime | None
    restarted_at: datetime | None
    server_time: datetime
    health: Health
    categorization: CategorizationState | None
    last_change: HistoryEntry | None
    schema_version: int
    overrides: dict[str, str] = {}
    target: str = ""


class Criterion(Record, kw_only=True):
    """What is measured, held against what is wanted; `met` is None where there is nothing to judge."""

    name: str
    actual: float | None
    unit: str
    operator: str | None
    target: float | None
    upper_target: float | None
    met: bool | None
    note: str | None


class Stats(Result, kw_only=True):
    """`rollout.stats()`."""

    feature_name: str
    rollout_percentage: int
    emergency_stop: bool
    total_repositories: int
    eligible_repositories: int
    error_rate: float | None
    success_rate: float | None
    total_jobs: int
    categories: dict[str, int]
    category_order: list[str]
    processor_distribution: dict[str, int]
    health: Health
    criteria: list[Criterion]


class Category(Record, kw_only=True):
    """One size category (R3); counts of stars, contributors and so on are averages."""

    category: str
    rollout_order: int
    priority_level: int
    max_stars: int | None
    max_contributors: int | None
    max_pull_requests: int | None
    repositories: int
    eligible: int
    stars: float | None
    contributors: float | None
    pull_requests: float | None
    activity: float | None
    pinned: int


class Categories(Result, kw_only=True):
    """`rollout.categories()`."""

    rollout_percentage: int
    emergency_stop: bool
    categories: list[Category]


class ProcessorMetrics(Record, kw_only=True):
    """One processor over the window."""

    processor: str
    jobs: int
    errors: int
    successes: int
    error_rate: float | None
    error_rate_low: float | None
    error_rate_high: float | None
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
    """`rollout.showMetrics()`."""

    health: Health
    processors: list[ProcessorMetrics]
    criteria: list[Criterion]
    last_errors: list[JobError]


class TrendPoint(Record, kw_only=True):
    """Jobs and errors in one step of time."""

    at: datetime
    jobs: int
    errors: int


class ErrorTrend(Result, kw_only=True):
    """Jobs and errors over the window, for charts."""

    max_error_rate: float
    restarted_at: datetime | None
    points: list[TrendPoint]


class ListedRepository(Record, kw_only=True):
    """An entry of the whitelist or blacklist; `full_name` is None if the repository is gone."""

    repository_id: str
    full_name: str | None
    category: str | None


class Whitelist(Result, kw_only=True):
    """`rollout.showWhitelist()`."""

    whitelist: list[ListedRepository]
    blacklist: list[ListedRepository]


class History(Result, kw_only=True):
    """`rollout.history()`, newest first."""

    entries: list[HistoryEntry]


class CategoryMove(Record, kw_only=True):
    """How many repositories of a category would enter or leave."""

    category: str
    repositories: int
    entering: int
    leaving: int
    examples: list[str]


class Preview(Result, kw_only=True):
    """`rollout.preview()`."""

    from_percentage: int
    to_percentage: int
    strategy: str
    emergency_stop: bool
    whitelist_size: int
    entering: int
    leaving: int
    categories: list[CategoryMove]


class Explanation(Result, kw_only=True):
    """`rollout.explain()`: `reason` names the first rule of R1 that decides."""

    repository_id: str
    full_name: str
    eligible: bool
    reason: str
    rollout_percentage: int
    strategy: str
    category: str | None
    bucket: int
    cutoff: int | None
    enters_at: int | None
    emergency_stop_reason: str | None
    stars: int | None = None
    contributors: int | None = None
    pull_requests: int | None = None
    pinned_as_test: bool = False
    last_categorized_at: datetime | None = None


class Phase(Record, kw_only=True):
    """A step of the manual's progression; `state` is passed, current or ahead."""

    phase: int
    percentage: int
    audience: str
    state: str


class Phases(Result, kw_only=True):
    """`rollout.phases()` (R2)."""

    rollout_percentage: int
    emergency_stop: bool
    phase: str
    next_percentage: int | None
    ready: bool
    criteria: list[Criterion]
    phases: list[Phase]


class Overview(Result, kw_only=True):
    """All that the dashboard shows, of one moment."""

    status: Status
    categories: Categories
    phases: Phases
    metrics: Metrics
    trend: ErrorTrend
    history: History


class Change(Result, kw_only=True):
    """What a changing command answers: whether anything changed, its history row, the status after it.

    `function` names the SQL function; `applied` and `already` name the repositories of a list
    that it changed and that it found as asked.
    """

    function: str = ""
    changed: bool
    change: HistoryEntry | None
    status: Status
    applied: list[str] = []
    already: list[str] = []
    blacklisted: list[str] = []


class HealthCheck(Change, kw_only=True):
    """`rollout.checkHealth()`.

    `action` is none, rolled_back, auto_rollback_off, already_at_zero or already_stopped; `health`
    is what was found, before anything was done about it.
    """

    health: Health
    action: str
    criteria: list[Criterion]


class Simulation(Result, kw_only=True):
    """`rollout.simulate()`: how many jobs were sent before they ended or the breaker tripped."""

    jobs: int
    errors: int
    rolled_back: bool
    status: Status


class CategorizationRun(Result, kw_only=True):
    """`rollout.categorizeAll()`: how far the run is and what it moved, for example "new → small"."""

    run_id: int
    done: bool
    processed: int
    total: int
    changed: int
    transitions: dict[str, int]
    started_at: datetime


class VerifiedCounters(Record, kw_only=True):
    """Counters of one kind, and how many of them differ from what their rows add up to."""

    name: str
    counters: int
    differences: int


class Verification(Result, kw_only=True):
    """`rollout-console verify`."""

    feature_name: str
    checks: list[VerifiedCounters]


class SetupPlan(Result, kw_only=True):
    """What `rollout-console setup` finds and would do; `whitelist` and `start` are outcomes as below."""

    schema_version: int
    configured: bool
    rollout_percentage: int | None
    auto_rollback_enabled: bool
    repositories: int
    categorized: int
    candidates: list[str]
    whitelist: str
    start: str


class SetupStep(Change, kw_only=True):
    """A change that setup makes once.

    `outcome` of the start is started, or why not: stopped, as_asked, higher, running, rolled_back;
    of the whitelist it is added, or not_empty, stopped, rolled_back, emptied, no_candidates.
    """

    outcome: str


class MonitorAtWork(Record, kw_only=True):
    """A monitor that has been heard of lately."""

    id: str
    operator: str | None
    host: str | None
    every_seconds: int
    started_at: datetime
    seen_at: datetime


class MonitorBeat(Result, kw_only=True):
    """What a monitor learns with each sign of life: the others at work on the same feature."""

    others: list[MonitorAtWork]


class AlertClaims(Result, kw_only=True):
    """The events that the caller is the first to raise, and those that it has cleared."""

    raised: list[str]
    cleared: list[str]
