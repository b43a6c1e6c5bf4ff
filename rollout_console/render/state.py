"""The state that the database found, in words: since when, by whom and why."""

from __future__ import annotations

from datetime import datetime, timedelta

from rollout_console.render.formatting import format_age, format_time
from rollout_console.render.sanitize import sanitize
from rollout_console.results import State
from rollout_console.validation import in_zone


def since_phrase(since: datetime, now: datetime) -> str:
    """Return since when, in the local zone: the time alone while that can't be misread."""
    if now - since < timedelta(hours=12):
        return f"since {in_zone(since):%H:%M}"
    return f"since {format_time(since)}"


def percentage_phrase(percentage: int, state: State | None, now: datetime) -> str:
    """Return the percentage; after a rollback with since when, so that 0 % is not taken for not started."""
    if state is None or state.name != "rolled_back":
        return f"{percentage} %"
    since = f" {since_phrase(state.since, now)}" if state.since is not None else ""
    return f"{percentage} %{since}, rolled back"


def rollback_phrase(state: State | None, now: datetime) -> str | None:
    """Return from where, how long ago, by whom and why a rollout was rolled back; None if it was not."""
    if state is None or state.name != "rolled_back":
        return None
    before = "" if state.from_percentage is None else f" from {state.from_percentage} %"
    age = "" if state.since is None else f" {format_age(state.since, now)}"
    reason = f": {sanitize(state.reason, 300)}" if state.reason else ""
    return f"rolled back{before}{age}, by {sanitize(state.by or 'unknown', 60)}{reason}"
