"""The monitors' own bookkeeping: heartbeats and claimed alerts."""

from __future__ import annotations

from datetime import datetime

from rollout_console.results.base import Record, Result


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


class AlertClaims(Result, kw_only=True):
    """The events that the caller is the first to raise, and those that it has cleared."""

    raised: list[str]
    cleared: list[str]
