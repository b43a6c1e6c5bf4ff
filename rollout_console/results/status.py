"""The configuration, what is in effect, health and the last change."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import field

from rollout_console.results.access import DecidedBy
from rollout_console.results.base import Record, Result
from rollout_console.results.categories import CategorizationState, Uncategorized
from rollout_console.results.gates import OnBreach
from rollout_console.results.health import Guardrail, Health, StopEffect
from rollout_console.results.history import HistoryEntry
from rollout_console.results.state import State
from rollout_console.results.warnings import HealthWarning

JudgedReports = Literal["all", "outcomes"]


class Watch(Record, kw_only=True):
    """When health was last checked and by whom, how many monitors run, and whether anybody watches at all."""

    checked_at: datetime | None
    checked_by: str | None
    monitors: int
    is_watched: bool


class SwitchedOff(Record, kw_only=True):
    """Auto-rollback is off: since when, by whom and why, if the history tells; until when, None for no end.

    Whoever gave it another end without a reason is not named: what was said before still stands.
    """

    since: datetime | None = None
    by: str | None = None
    reason: str | None = None
    until: datetime | None = None


class Status(Result, kw_only=True):
    """`rollout.status()`: the columns of rollout_configuration, what is in effect, health, last change.

    `overrides`, `target`, `practice` and `require_reason` are of this side: the web application's environment variables
    that are set here (R15), the database that answered, whether that is the practice database, and whether it asks for
    a reason. `only_whitelisted` of the
    eligible repositories are so by the whitelist alone. While the host's own function decides, the repositories are
    those for which it was asked, and it is not known whether all were, unless `all_counted`. `state` is None where the
    history can't be read. A hold ends at `held_until`, and auto-rollback is on again at `breaker_off_until`; None for
    no end. `switched_off` tells of auto-rollback while it is off.
    """

    id: str
    feature_name: str
    rollout_percentage: int
    percentage_in_effect: int
    phase: str
    state: State | None
    phase_percentages: list[int]
    is_active: bool
    rollout_strategy: str  # any text: a column of the adopted table
    emergency_stop: bool
    emergency_stop_reason: str | None
    emergency_stopped_at: datetime | None
    auto_rollback_enabled: bool
    max_error_rate: float
    minimum_sample: int
    monitoring_window_hours: int
    guardrail: Guardrail
    follow_jobs: bool
    stuck_after_minutes: int
    act_on_warnings: bool
    keep_days: int
    most_jobs_of_a_row: int
    ignored_errors: list[str]
    ignored_job_types: list[str]
    target_repositories: list[str]
    excluded_repositories: list[str]
    whitelist_until: dict[str, datetime]
    whitelist_size: int
    blacklist_size: int
    total_repositories: int
    eligible_repositories: int
    all_counted: bool
    only_whitelisted: int
    metadata: dict[str, Any]
    created_at: datetime | None
    updated_at: datetime | None
    percentage_since: datetime | None
    restarted_at: datetime | None
    narrowed_at: datetime | None
    server_time: datetime
    health: Health
    stop_effect: StopEffect | None
    categorization: CategorizationState | None
    uncategorized: Uncategorized | None
    decided_by: DecidedBy | None
    last_change: HistoryEntry | None
    watch: Watch
    warnings: list[HealthWarning]
    application_check: bool
    judged_reports: JudgedReports
    held_reason: str | None
    held_by: str | None
    held_at: datetime | None
    held_until: datetime | None
    breaker_off_until: datetime | None
    switched_off: SwitchedOff | None
    auto_advance: bool
    on_breach: OnBreach
    schema_version: int
    overrides: dict[str, str] = field(default_factory=dict)
    target: str = ""
    practice: bool = False
    require_reason: bool = False


class FullStatus(Status, kw_only=True):
    """`rollout.status(full=True)`: the same, shown with all that is set."""
