"""What is pasted line by line stops where an answer is to be read first: before a raise behind a lowering, and before
all that stands behind a `use` that has led nowhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rollout_console.console.spelling import STOP

if TYPE_CHECKING:
    from rollout_console.results import Change

ELSEWHERE = ("use", "features", "help")  # what leads on from a `use` that has led nowhere
LOWERING = ("emergencyStop", "rollbackToZero", "rollbackToPercentage")
READING = 2.0  # seconds that a hand takes at least to read a report and type the next line
PASTED = 0.5  # seconds within which only a paste has its next line


class Caution:
    """Remembers what lowered traffic last, or led nowhere, until there was time to read it; in a paste nobody reads.

    Args:
        clock: in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lowered: Change | None = None
        self._has_missed = False
        self._shown = self._ended = float("-inf")  # what is to be read, and what was entered last

    def new_cell(self) -> None:
        """Take note that the operator has entered something: forget what they had time to read."""
        now = self._clock()
        if now - self._shown > READING and now - self._ended > PASTED:
            self._lowered, self._has_missed = None, False

    def end_cell(self) -> None:
        """Take note that everything is shown: from here on it is being read, however long it took to come."""
        self._ended = self._clock()
        self._shown = min(self._shown, self._ended)

    def learn(self, result: object) -> None:
        """Take note of what lowers traffic or stops it, also where that was done already."""
        from rollout_console.results import Change

        if isinstance(result, Change) and _lowers(result):
            self._lowered, self._shown = result, float("inf")

    def miss(self) -> None:
        """Take note that a `use` has led nowhere: what comes with it is meant for another place."""
        self._has_missed, self._shown = True, float("inf")

    def move(self) -> None:
        """Take note that a `use` has led somewhere."""
        self._has_missed = False

    def objection(self, command: str, arguments: Mapping[str, object], call: str, place: str) -> str | None:
        """Return what to say in the place of a command that comes with what is to be read; see `Output.objection`.

        Args:
            command: its name.
            arguments: by name.
            call: as it was typed.
            place: where it would act.
        """
        if self._has_missed and command not in ELSEWHERE:
            verdict = "NOT STOPPED" if command == STOP else "not done"
            return f"{verdict}: rollout.use() before it failed, and this is {place}. Read first; to go on: {call}"
        if self._lowered is None or not _raises(command, arguments, self._lowered.status.rollout_percentage):
            return None
        return f"not done: it would raise what was lowered just now. Read first; to go on: {call}"


def _raises(command: str, arguments: Mapping[str, object], kept: int) -> bool:
    if command == "advance":
        return True
    if command == "undo":  # without it, the database refuses what raises traffic
        return arguments.get("confirm") is True
    if command not in ("setRollout", "resume"):
        return False
    given = arguments.get("percentage")
    if not isinstance(given, int | float | str):
        return True
    try:
        wanted = float(str(given).strip(" %"))
    except ValueError:
        return True
    return wanted > kept or (command == "resume" and wanted > 0)


def _lowers(result: Change) -> bool:
    change = result.change
    before, after = (change.previous_percentage, change.new_percentage) if change else (None, None)
    return result.command in LOWERING or (before is not None and after is not None and after < before)
