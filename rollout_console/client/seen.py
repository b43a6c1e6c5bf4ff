"""R20: what this side has seen of a rollout, sent with what raises or unprotects: nothing given up comes back."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any, NamedTuple

MARGIN = 2.0  # seconds beyond the patience: an answer's way here, and what the clocks of two servers differ by

# What `rollout.refuse_given_up` may refuse; what only lowers or protects does not ask what was seen.
RAISING = frozenset({
    "rollout_set_percentage", "rollout_resume", "rollout_advance", "rollout_release", "rollout_undo", "rollout_begin",
    "rollout_add_to_whitelist", "rollout_remove_from_blacklist", "rollout_seed_whitelist", "rollout_configure",
    "rollout_set_plan", "rollout_set_auto_rollback", "rollout_hold",
})  # fmt: skip


def raises(function: str, parameters: dict[str, object]) -> bool:
    """Return whether a call can raise or unprotect; a hold can, by an end that is sooner than the one there was."""
    return (
        function in RAISING
        and parameters.get("enabled") is not True
        and (function != "rollout_hold" or parameters.get("until") is not None)
    )


class Seen(NamedTuple):
    """The newest change that an answer told of, and the database's clock then.

    Attributes:
        change: its id; None if there was none.
        server_time: when the database answered, by its clock.
        heard: when that arrived, by the clocks of this side: one that nobody sets, and one that goes on in sleep.
    """

    change: str | None
    server_time: datetime
    heard: tuple[float, float]

    @classmethod
    def now(cls, change: str | None, server_time: datetime) -> Seen:
        """Return what an answer tells that has just arrived."""
        return cls(change, server_time, (time.monotonic(), time.time()))

    def sent(self, patience: float) -> dict[str, Any]:
        """Return it as a change carries it that is given up after so many seconds."""
        steady, wall = self.heard
        since = max(time.monotonic() - steady, time.time() - wall)
        until = self.server_time + timedelta(seconds=since + patience + MARGIN)
        return {"seen": self.change, "seen_at": self.server_time.isoformat(), "valid_until": until.isoformat()}
