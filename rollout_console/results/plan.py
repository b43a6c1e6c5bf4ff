"""R17: the plan of a rollout, and the gates before its next step."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from rollout_console.results.access import DecidedBy
from rollout_console.results.base import Record, Result
from rollout_console.results.changes import Change
from rollout_console.results.gates import Gate, OnBreach
from rollout_console.results.state import State

StepState = Literal["passed", "current", "ahead"]
AdvanceOutcome = Literal["advanced", "shut", "finished", "held", "idle"]


class PlanStep(Record, kw_only=True):
    """A step of the plan, with the hours that it takes at least.

    `earliest` is when it may come if every criterion is met by then; None behind us, during a stop, and in a hold
    without an end.
    """

    number: int
    percentage: int
    hours: int
    audience: str | None
    state: StepState
    earliest: datetime | None


class Plan(Result, kw_only=True):
    """`rollout.plan()` (R17): the steps, the gates before the next one, and what else decides when it comes.

    `since` is when traffic began to flow at this percentage; None while none flows. `next_percentage` is None at the
    end of the plan. `ready`: every gate is open.
    """

    rollout_percentage: int
    emergency_stop: bool
    phase: str
    state: State | None
    decided_by: DecidedBy | None
    since: datetime | None
    next_percentage: int | None
    ready: bool
    gates: list[Gate]
    steps: list[PlanStep]
    change_window: str | None
    held_reason: str | None
    held_by: str | None
    held_at: datetime | None
    held_until: datetime | None
    auto_advance: bool
    on_breach: OnBreach
    server_time: datetime


class Advance(Change, kw_only=True):
    """`rollout.advance()`: what came of it; `shut` are the gates that were shut, also if it was forced.

    The automatic advance is `held` where it held the ramp on a weak signal, and `idle` where there was nothing to do.
    """

    outcome: AdvanceOutcome
    next_percentage: int | None = None
