"""`rollout-console verify`: counters compared with the rows that they count, and who can do what."""

from __future__ import annotations

from rollout_console.results.access import AccessRight, DecidedBy
from rollout_console.results.base import Record, Result


class VerifiedCounters(Record, kw_only=True):
    """Counters of one kind, how many of them differ from what their rows add up to, and what to type then."""

    name: str
    counters: int
    differences: int
    remedy: str


class Verification(Result, kw_only=True):
    """`rollout-console verify`: `rules` is their checksum; `differences` is what the last migration left otherwise."""

    feature_name: str
    checks: list[VerifiedCounters]
    rules: str
    differences: list[str]
    access: list[AccessRight]
    notes: list[str]
    decided_by: DecidedBy
