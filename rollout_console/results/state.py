"""The state of a rollout in a word, and since when, by whom and why."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from rollout_console.results.base import Record

StateName = Literal["stopped", "rolled_back", "held", "not_started", "running"]


class State(Record, kw_only=True):
    """What a rollout is in; the first of these that fits.

    `stopped` by an emergency stop; `rolled_back`, by an operator or the breaker, to the percentage that is set; `held`;
    `not_started` at 0 %, or `running`. `since`, `by` and `reason` are of one change, the last that said why, as a
    second stop does. `since` is None where nobody knows; `from_percentage` is what the percentage was before it
    was last changed.
    """

    name: StateName
    since: datetime | None
    by: str | None
    reason: str | None
    from_percentage: int | None
