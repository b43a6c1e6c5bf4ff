"""All features of a target, and the test repositories of one."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from rollout_console.results.base import Record, Result
from rollout_console.results.health import Health
from rollout_console.results.history import HistoryEntry
from rollout_console.results.state import State
from rollout_console.results.statistics import Metrics


class Feature(Record, kw_only=True):
    """One feature: what is set, what is in effect, health, last change."""

    feature_name: str
    rollout_percentage: int
    percentage_in_effect: int
    emergency_stop: bool
    auto_rollback_enabled: bool
    state: State | None
    held: bool = False
    health: Health
    last_change: HistoryEntry | None


class Features(Result, kw_only=True):
    """`rollout.features()`, by name."""

    rows: ClassVar[str | None] = "features"

    features: list[Feature]
    server_time: datetime


class Phase4Repository(Record, kw_only=True):
    """A repository of the category test; `pinned` if by hand and not by size."""

    repository_id: str
    full_name: str
    pinned: bool
    eligible: bool


class Phase4(Result, kw_only=True):
    """`rollout.monitorPhase4()`: `total` counts all test repositories, `repositories` are the first of them."""

    rollout_percentage: int
    percentage_in_effect: int
    emergency_stop: bool
    auto_rollback_enabled: bool
    breaker_off_until: datetime | None
    held_reason: str | None
    held_until: datetime | None
    state: State | None
    server_time: datetime
    total: int
    repositories: list[Phase4Repository]
    metrics: Metrics
