"""R10: who changed what, when and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from msgspec import field

from rollout_console.results.base import Record, Result


class EndedSession(Record, kw_only=True):
    """A database session that was in the way of a stop and was ended (R18); `seconds` is its transaction's age."""

    pid: int
    application: str
    state: str
    seconds: int | None = None


class HistoryEntry(Record, kw_only=True):
    """One row of the history (R10). Others can write rows, too: any text may stand in `action` and `command`.

    `undoes` is the id of the change that an undo reverted; `ended_sessions` were in the way of a stop; `repositories`
    has the names of those that were put on a list, taken off or marked, and none if they are many; `until` is when a
    hold, or an entry of the whitelist, ends by itself.
    """

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
    undoes: str | None = None
    evidence: dict[str, Any] | None = None
    ended_sessions: list[EndedSession] = field(default_factory=list)
    repositories: list[str] = field(default_factory=list)
    until: datetime | None = None

    @property
    def short_id(self) -> str:
        """What `rollout.undo()` takes: the beginning of the id."""
        return self.id[:8]

    @property
    def is_claim(self) -> bool:
        """Whether others wrote it since the adoption, and no change with it was recorded: a write during a stop."""
        return self.before is None and self.database_role is not None

    @property
    def is_of_the_applications_check(self) -> bool:
        """Whether it is a rollback that the web application's own check made or wrote, and not the breaker."""
        return self.triggered_by == "auto_rollback" and (self.outside_console or self.before is None)


class History(Result, kw_only=True):
    """`rollout.history()`, newest first."""

    rows: ClassVar[str | None] = "entries"
    as_written: ClassVar[bool] = True

    entries: list[HistoryEntry]
