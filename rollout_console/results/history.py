"""R10: who changed what, when and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from rollout_console.results.base import Record, Result


class HistoryEntry(Record, kw_only=True):
    """One row of the history (R10). Others can write rows, too: any text may stand in `action` and `command`.

    `undoes` is the id of the change that an undo reverted.
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

    @property
    def short_id(self) -> str:
        """What `rollout.undo()` takes: the beginning of the id."""
        return self.id[:8]


class History(Result, kw_only=True):
    """`rollout.history()`, newest first."""

    rows: ClassVar[str | None] = "entries"

    entries: list[HistoryEntry]
