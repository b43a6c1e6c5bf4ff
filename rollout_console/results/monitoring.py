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
    """An alert that the caller has to send to a service: for a change, or for a state that was entered or is `over`.

    `receiver` is the service's id; `state` is the state's name; `subject` is the service that it is about,
    or what a reminder reminds of.
    """

    receiver: str
    event: str
    kind: str
    over: bool = False
    state: str | None = None
    subject: str | None = None
    change: HistoryEntry | None = None


class AlertClaims(Result, kw_only=True):
    """The alerts that the caller has to send; `operation` is what it confirms them by.

    `retry_seconds`: after which something more can be sent; None if nothing waits.
    """

    operation: str
    alerts: list[AlertDue]
    retry_seconds: float | None = None


class AlertsConfirmed(Result, kw_only=True):
    """How many of the claimed alerts are not sent, and in how many seconds they can be."""

    unsent: int
    retry_seconds: float | None = None
