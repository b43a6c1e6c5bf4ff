"""The course of an incident."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from rollout_console.results.base import Record, Result
from rollout_console.results.errors import ErrorKind
from rollout_console.results.history import HistoryEntry
from rollout_console.results.statistics import ErrorTrend

EventType = Literal["change", "note", "trip", "alert", "error", "leak"]


class Event(Record, kw_only=True):
    """One thing that happened.

    `change` is the row of history of a change, a note or a trip of the breaker; `alert` the event that an alert was
    sent for; `error` a kind of error that was seen for the first time; `leaks` how many jobs began in the rollout
    although it was stopped or lowered.
    """

    at: datetime
    type: EventType
    change: HistoryEntry | None
    alert: str | None
    error: ErrorKind | None
    leaks: int | None


class Timeline(Result, kw_only=True):
    """`rollout.timeline()`: what happened since a moment, oldest first, with the errors seen since and their rate."""

    as_written: ClassVar[bool] = True

    feature_name: str
    since: datetime
    server_time: datetime
    percentage_before: int
    rollout_percentage: int
    emergency_stop: bool
    events: list[Event]
    left_out: int
    errors: list[ErrorKind]
    trend: ErrorTrend


class Postmortem(Timeline, kw_only=True):
    """`rollout.timeline(markdown=True)`: the same, shown as Markdown."""
