"""What an operator should look at although no rule acts on it."""

from __future__ import annotations

from rollout_console.results.base import Record


class HealthWarning(Record, kw_only=True):
    """What is wrong, and what to type."""

    name: str
    message: str
    command: str
