"""Errors of the jobs in kinds."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from rollout_console.results.base import Record, Result


class ErrorKind(Record, kw_only=True):
    """Errors whose messages differ only in numbers, ids, addresses and quoted text.

    `kind` is None for all kinds that came when there were too many. `errors` counts both arms since the kind was first
    seen, `since_restart` those that health judges, none of an ignored kind. `is_new`: first seen since traffic was last
    raised, at `first_percentage` in effect. `more_repositories`: there may be more of them than are named.
    """

    kind: str | None
    errors: int
    treatment: int
    control: int
    since_restart: int
    first_seen_at: datetime
    first_percentage: int
    is_new: bool
    last_seen_at: datetime
    sample: str
    processors: list[str]
    repositories: list[str]
    more_repositories: bool
    is_ignored: bool


class MainRepository(Record, kw_only=True):
    """The repository that has more than half of the treatment's errors in the window, `all_errors`."""

    repository: str
    errors: int
    all_errors: int


class Errors(Result, kw_only=True):
    """`rollout.errors()`: those that fail in the rollout since the last restart first; `total` counts all kinds."""

    as_written: ClassVar[bool] = True

    kinds: list[ErrorKind]
    total: int
    most_kinds: int
    main_repository: MainRepository | None = None
    restarted_at: datetime | None
    server_time: datetime
