"""R3: the size categories, and the runs that bring them up to date."""

from __future__ import annotations

from datetime import datetime

from rollout_console.results.access import DecidedBy
from rollout_console.results.base import Record, Result


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
    """`rollout.categories()`, in rollout order; what has none is the last, where it may be eligible."""

    rollout_percentage: int
    emergency_stop: bool
    decided_by: DecidedBy | None
    categories: list[Category]


class CategorizationState(Record, kw_only=True):
    """Where the newest run of categorizeAll stands."""

    finished_at: datetime | None
    processed: int
    total: int


class Uncategorized(Record, kw_only=True):
    """How many repositories had no category when they were last counted."""

    repositories: int | None
    counted_at: datetime | None


class CatchUp(Result, kw_only=True):
    """What a monitor brought up to date: repositories looked at, moves such as "new → small", and how many are left."""

    processed: int
    transitions: dict[str, int]
    uncategorized: int


class CategorizationRun(Result, kw_only=True):
    """`rollout.categorizeAll()`: how far the run is and what it moved, for example "new → small"."""

    run_id: int
    done: bool
    processed: int
    total: int
    changed: int
    transitions: dict[str, int]
    started_at: datetime
