"""What a command that changes something answers."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import field

from rollout_console.results.base import Record, Result, parse_list
from rollout_console.results.criteria import Criterion
from rollout_console.results.gates import Gate
from rollout_console.results.health import Health
from rollout_console.results.history import EndedSession, HistoryEntry
from rollout_console.results.status import Status

C = TypeVar("C", bound="Change")
NOTED = 160  # characters of a reason that are typed again, at most
HealthAction = Literal[
    "none",
    "held",
    "rolled_back",
    "stepped_back",
    "ramp_held",
    "auto_rollback_off",
    "already_at_zero",
    "already_stopped",
    "read_only",
]


class Moves(Record, kw_only=True):
    """What another strategy did: how many were eligible before, and how many entered and left."""

    eligible_before: int
    entering: int
    leaving: int


class Change(Result, kw_only=True):
    """What a changing command answers: whether anything changed, its history row, the status after it.

    `command` names the console's command; `applied` and `already` name the repositories of a list that it
    changed and that it found as asked. Where the percentage was raised, `shut` are the gates that were shut (R17),
    and `skipped_phase` is the percentage of the next step if it was skipped. `blacklisted` and
    `whitelisted` name those of a list that are on the other one as well, `until` is when they leave the whitelist.
    `moves` is there where the strategy has changed; `undone` is the change that an undo reverted,
    and `ended_sessions` were in the way of a stop (R18).
    """

    command: str
    changed: bool
    change: HistoryEntry | None
    status: Status
    applied: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    blacklisted: list[str] = field(default_factory=list)
    whitelisted: list[str] = field(default_factory=list)
    until: datetime | None = None
    moves: Moves | None = None
    undone: HistoryEntry | None = None
    ended_sessions: list[EndedSession] = field(default_factory=list)
    shut: list[Gate] = field(default_factory=list)
    skipped_phase: int | None = None


class Stop(Result, kw_only=True):
    """A stop or a fall to 0 % that was read back, and of which more can't be shown: `not_shown` says what (R18).

    It also says what is not recorded, and what to type.
    """

    command: str
    changed: bool
    emergency_stop: bool
    rollout_percentage: int | None
    reason: str | None = None
    practice: bool = False
    ended_sessions: list[EndedSession] = field(default_factory=list)
    not_shown: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, function: str, answer: dict[str, Any], row: dict[str, Any], reason: str | None) -> Stop:
        """Build it from what a function answered, whatever that is, and from the row that was read back."""
        percentage = row.get("rollout_percentage")
        stop = cls(
            command="emergencyStop" if function == "rollout_emergency_stop" else "rollbackToZero",
            changed=answer.get("changed") is not False,
            emergency_stop=row.get("emergency_stop") is True,
            rollout_percentage=percentage if isinstance(percentage, int) else None,
            reason=reason,
        )
        try:
            stop.ended_sessions = parse_list(EndedSession, answer.get("ended_sessions") or [])
        except msgspec.ValidationError:
            stop.not_shown.append("who was in its way can't be shown")
        if answer.get("recorded") is False:
            stop.not_shown.append("it is not recorded in the history")
        if not answer:  # the row was written past the function, which would have written the rest
            stop.not_shown.append(_unrecorded(reason))
        return stop


def _unrecorded(reason: str | None) -> str:
    if not reason:
        return "it is not recorded in the history, as far as is known"
    typed = json.dumps(reason[:NOTED], ensure_ascii=False)
    return f"its reason is not recorded, as far as is known; to record it: rollout.note({typed})"


class HealthCheck(Change, kw_only=True):
    """`rollout.checkHealth()`; `health` is what was found, before anything was done about it."""

    health: Health
    action: HealthAction
    criteria: list[Criterion]


class Simulation(Result, kw_only=True):
    """`rollout.simulate()`: how many jobs were sent before they ended or the breaker tripped.

    `control_jobs` and `in_flight` (begun before the last restart) come on top of `jobs`.
    """

    jobs: int
    errors: int
    control_jobs: int
    in_flight: int
    rolled_back: bool
    status: Status
