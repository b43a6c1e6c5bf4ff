"""`rollout-console setup`: what it would do, and what became of each step."""

from __future__ import annotations

from typing import Literal

from rollout_console.results.access import DecidedBy
from rollout_console.results.base import Result
from rollout_console.results.changes import Change

StartOutcome = Literal["started", "stopped", "as_asked", "higher", "running", "rolled_back"]
WhitelistOutcome = Literal["added", "not_empty", "stopped", "rolled_back", "emptied", "no_candidates"]


class SetupPlan(Result, kw_only=True):
    """What `rollout-console setup` finds and would do."""

    schema_version: int
    configured: bool
    rollout_percentage: int | None
    auto_rollback_enabled: bool
    repositories: int
    categorized: int
    candidates: list[str]
    whitelist: WhitelistOutcome
    start: StartOutcome
    decided_by: DecidedBy | None


class SetupStep(Change, kw_only=True):
    """A change that setup makes once; `outcome` says what became of it, or why it was left alone."""

    outcome: StartOutcome | WhitelistOutcome
