"""The monitors' own bookkeeping: heartbeats and claimed alerts."""

from __future__ import annotations

from datetime import datetime

from rollout_console.results.base import Record, Result
from rollout_console.results.history import HistoryEntry


class MonitorAtWork(Record, kw_only=True):
    """A monitor whose heartbeat is recent."""

    id: str
    operator: str | None
    host: str | None
    every_seconds: int
    started_at: datetime
    seen_at: datetime


class MonitorBeat(Result, kw_only=True):
    """The answer to a heartbeat: the other monitors at work on the same feature."""

    others: list[MonitorAtWork]


class AlertDue(Record, kw_only=True):
    """An alert that the caller has to send: for a change, or for a state that was entered or is `over`."""

    event: str
    kind: str
    over: bool = False
    change: HistoryEntry | None = None


class AlertClaims(Result, kw_only=True):
    """The alerts that the caller has to send; `operation` is what it confirms them by."""

    operation: str
    alerts: list[AlertDue]


class AlertsConfirmed(Result, kw_only=True):
    """How many of the claimed alerts are not sent."""

    unsent: int


class NewestChange(Result, kw_only=True):
    """The id of a feature's newest change."""

    id: str | None
