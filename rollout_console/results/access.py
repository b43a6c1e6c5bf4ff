"""R11: what each role can do with each table, and whose decision the application gets."""

from __future__ import annotations

from typing import Literal

from rollout_console.results.base import Record, Result

Allowed = Literal["yes", "no", "by policy"]
DecidedBy = Literal["host", "readers", "everyone"]


class AccessRight(Record, kw_only=True):
    """What a role can do with the rows of a table: yes, no, or those that a policy of the host lets through."""

    table_name: str
    role: str
    read: Allowed
    insert: Allowed
    update: Allowed
    delete: Allowed


class RoleDecisions(Record, kw_only=True):
    """How many repositories a role is told to be eligible: now, and by each choice of ours."""

    role: str
    now: int
    readers: int
    everyone: int


class DecisionComparison(Result, kw_only=True):
    """Whose decision the application gets, and what the others would answer; `asked` repositories were asked for."""

    feature_name: str
    decided_by: DecidedBy
    emergency_stop: bool
    asked: int
    roles: list[RoleDecisions]


class DecisionChoice(Result, kw_only=True):
    """The answer to `rollout-console migrate --decision readers` and the like."""

    changed: bool
    decided_by: DecidedBy
    was: DecidedBy
