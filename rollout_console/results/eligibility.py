"""R1: which repositories are eligible, would be at another percentage, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from rollout_console.results.access import DecidedBy
from rollout_console.results.base import Record, Result
from rollout_console.results.state import State

Strategy = Literal["repository_size", "percentage", "whitelist"]
Reason = Literal[
    "emergency_stop",
    "blacklist",
    "whitelist",
    "not_whitelisted",
    "zero_percent",
    "full_rollout",
    "hash_in",
    "hash_out",
    "not_categorized",
    "category_in",
    "category_out",
    "boundary_in",
    "boundary_out",
    "host_in",
    "host_out",
]


class CategoryMove(Record, kw_only=True):
    """How many repositories of a category would become eligible or stop being so."""

    category: str
    repositories: int
    entering: int
    leaving: int
    examples: list[str]


class Preview(Result, kw_only=True):
    """`rollout.preview()`; `list_examples`: a number of examples was asked for, so they are listed one a line.

    While the host's own function decides, nobody knows who would enter or leave: both are None, and of
    `repositories_asked` it lets `eligible_now` in.
    """

    from_percentage: int
    to_percentage: int
    strategy: str
    emergency_stop: bool
    whitelist_size: int
    list_examples: bool
    entering: int | None
    leaving: int | None
    state: State | None
    server_time: datetime
    decided_by: DecidedBy | None
    eligible_now: int | None = None
    repositories_asked: int | None = None
    categories: list[CategoryMove]


class Explanation(Result, kw_only=True):
    """`rollout.explain()`: `reason` names the first rule of R1 that decides.

    `bucket` is the repository's hash bucket, 0 to 9,999; `cutoff` the bucket below which its category is
    eligible; `enters_at` the smallest percentage at which it would be. `whitelisted_until` is when its entry of the
    whitelist expires, or has expired. `host_in` and `host_out`: the host's own function decides, and gives no reason.
    """

    repository_id: str
    full_name: str
    eligible: bool
    reason: Reason
    rollout_percentage: int
    strategy: str
    category: str | None
    bucket: int
    cutoff: int | None
    enters_at: int | None
    emergency_stop_reason: str | None
    whitelisted_until: datetime | None
    whitelist_expired: bool = False
    stars: int | None = None
    contributors: int | None = None
    pull_requests: int | None = None
    pinned_as_test: bool = False
    last_categorized_at: datetime | None = None
