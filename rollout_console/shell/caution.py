"""A block that lowers and raises in one paste stops before the raise: what it shows in between is to be read first."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollout_console.results import Change

# What lets more traffic in, or takes a protection away; the history suggests none of these.
RAISING = ("setRollout", "resume", "advance", "release", "undo", "disableAutoRollback")
LOWERING = ("emergencyStop", "rollbackToZero", "rollbackToPercentage")
READING = 2.0  # seconds that a hand takes at least to read a report and type the next line


class Caution:
    """Remembers what lowered traffic last, for as long as lines come faster than anybody reads.

    Args:
        clock: in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lowered: Change | None = None
        self._ended = float("-inf")

    def new_cell(self) -> None:
        """Take note that the operator has entered something; what came before is read once they took their time."""
        if self._clock() - self._ended > READING:
            self._lowered = None

    def end_cell(self) -> None:
        """Take note that everything is shown: from here on it is being read, however long it took to come."""
        self._ended = self._clock()

    def learn(self, result: object) -> None:
        """Take note of what lowers traffic or stops it, also where that was done already."""
        from rollout_console.results import Change

        if isinstance(result, Change) and _lowers(result):
            self._lowered = result

    def objection(self, command: str, first: object, call: str) -> str | None:
        """Return what to say in the place of a raise that comes with the lowering; see `Output.objection`."""
        if self._lowered is None or command not in RAISING or not self._raises(command, first):
            return None
        return f"not done: it would raise what this block has just lowered. Read first; to go on: {call}"

    def _raises(self, command: str, first: object) -> bool:
        if command in ("setRollout", "resume") and self._lowered is not None and isinstance(first, int | float | str):
            kept = self._lowered.status
            try:
                wanted = float(str(first).strip(" %"))
            except ValueError:
                return True
            return wanted > kept.rollout_percentage or (command == "resume" and wanted > 0)
        return command != "disableAutoRollback"


def _lowers(result: Change) -> bool:
    change = result.change
    before, after = (change.previous_percentage, change.new_percentage) if change else (None, None)
    return result.command in LOWERING or (before is not None and after is not None and after < before)
