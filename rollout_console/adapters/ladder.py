"""The ladder of a stop: each way to the database, by the function and by the row alone, until one works (R18)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from rollout_console.adapters.base import Way
from rollout_console.errors import NOT_STOPPED, Blocked, RolloutError, Unreachable, first_clause, in_a_line
from rollout_console.protection import STOP_FUNCTION

BUDGET = 10.0  # seconds for all rungs and the reading back
FIRST = 4.5  # seconds of them for a way that has another one behind it: a stop waits 4 s for a lock
BRIEF = 1.0  # seconds for the row on a way on which the function was not reached, and for reading back
LAST = 2.5  # seconds that are left for what comes after a way: to read back by each, and a little to spare
WENT_ROUND = "the API {failed}: went through PostgreSQL directly"


class Halt(NamedTuple):
    """What is to be done, by the function or by the row alone.

    Attributes:
        function: the SQL function.
        values: what it writes into the row.
        not_done: what is said first where it was not done.
    """

    function: str
    values: Mapping[str, object]
    not_done: str

    def is_in(self, row: Mapping[str, object]) -> bool:
        """Whether the row that was read back is as wanted."""
        return all(row.get(name) == value for name, value in self.values.items())


STOP = Halt(STOP_FUNCTION, {"emergency_stop": True}, NOT_STOPPED)
ZERO = Halt("rollout_rollback", {"rollout_percentage": 0}, "NOT AT ZERO: as far as is known, the percentage stands")
KEPT = "traffic is halted by an emergency stop, which keeps its percentage; to go on at 0 %, type rollout.resume(0)"
UNSURE = "SENT, NOT CONFIRMED: what became of it can't be read"


class Halted(NamedTuple):
    """A halt that was read back.

    Attributes:
        answer: of the function; empty if the row was written past it.
        row: as it was read back, `emergency_stop` and `rollout_percentage`.
        way: by which it was made.
        notice: what the operator should know of that, or None.
    """

    answer: dict[str, Any]
    row: dict[str, Any]
    way: Way
    notice: str | None


class Ladder:
    """Tries each rung within one budget.

    Args:
        ways: the ways to the database, the first choice first.
        feature: whose rollout is halted.
        halt: what is to be done.
    """

    def __init__(self, ways: tuple[Way, ...], feature: str, halt: Halt) -> None:
        self._ways, self._feature, self._halt = ways, feature, halt
        self._deadline = time.monotonic() + BUDGET
        self._failures: dict[Way, RolloutError] = {}  # the first of each way
        self._unsure = False

    def climb(self, **parameters: Any) -> Halted:
        """Halt, and read back.

        Raises:
            RolloutError: the rule's own refusal, or of the first way that failed; `verdict` says what is known.
        """
        answer, way = self._send(parameters)
        row, reader = self._read_back(way)
        if reader is not None and self._halt.is_in(row):
            way = way or reader
            return Halted(answer or {}, row, way, self._notice(way))
        error = self._error(sent=answer is not None, row=None if reader is None else row)
        error.verdict = UNSURE if reader is None and (answer is not None or self._unsure) else self._halt.not_done
        raise error

    def _send(self, parameters: dict[str, Any]) -> tuple[dict[str, Any] | None, Way | None]:
        for way in self._ways:
            left = self._left() - LAST
            seconds = max(BRIEF, left if way is self._ways[-1] else min(left, FIRST))
            answer = self._tried(
                way, partial(way.call_within, seconds, self._halt.function, feature_name=self._feature, **parameters)
            )
            if answer is not None:
                return answer, way
            failure = self._failures[way]
            # The row alone would wait for the same session, or for a server that has let the time pass.
            left = self._left() - LAST
            if isinstance(failure, Blocked) or left < BRIEF:
                continue
            seconds = BRIEF if isinstance(failure, Unreachable) else min(left, FIRST / 2)
            row = self._tried(way, partial(way.write_row, seconds, self._feature, self._halt.values))
            if row == {} or (row is not None and self._halt.is_in(row)):  # else a stop keeps its percentage
                return {}, way
        return None, None

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _tried(self, way: Way, rung: Callable[[], Any]) -> dict[str, Any] | None:
        """Return what a rung answered; None if it failed, which is an answer in the rule's own words alone."""
        try:
            answer = rung()
        except RolloutError as error:
            if error.ruled and not isinstance(error, Blocked):
                error.verdict = self._halt.not_done
                raise
            self._unsure = self._unsure or error.unsure
            self._failures.setdefault(way, error)
            return None
        except Exception as error:  # of a library, which a stop survives like any other failure
            self._failures.setdefault(way, Unreachable(in_a_line(error)))
            self._unsure = True
            return None
        if isinstance(answer, dict):
            return answer
        if answer is not None:
            return {}  # made, and answered in a form that is not known
        self._failures.setdefault(way, Unreachable("the database answered nothing; check the network"))
        return None

    def _read_back(self, way: Way | None) -> tuple[dict[str, Any], Way | None]:
        """Return the row, and the way by which it was read; None where no way reads it."""
        for reader in sorted(self._ways, key=lambda each: each is not way):
            try:
                row = reader.read_row(BRIEF, self._feature)
            except Exception:  # the next way, or nothing, says what became of it
                continue
            if isinstance(row, dict) and self._halt.values.keys() <= row.keys():
                return row, reader
        return {}, None

    def _notice(self, way: Way) -> str | None:
        first = self._ways[0]
        if way is first or first not in self._failures:
            return None
        failure = self._failures[first]
        failed = "is unreachable" if isinstance(failure, Unreachable) else f"failed ({first_clause(failure)})"
        return WENT_ROUND.format(failed=failed)

    def _error(self, *, sent: bool, row: Mapping[str, object] | None) -> RolloutError:
        if sent:
            said = "it was made, and can't be read back" if row is None else "it was made, and reads as undone"
            return Unreachable(f"{said}; look: rollout.status()")
        failures = [self._failures[way] for way in self._ways]
        if self._halt is ZERO and row is not None and row.get("emergency_stop"):
            return type(failures[0])(f"{first_clause(failures[0])}; {KEPT}")
        return failures[0] if len(failures) == 1 else both_failed(*failures)


def both_failed(api: RolloutError, postgres: RolloutError) -> RolloutError:
    """Return the error for what failed over the API and over PostgreSQL directly."""
    return type(api)(
        f"{first_clause(api)}; PostgreSQL directly: {first_clause(postgres)}; "
        "check the network and SUPABASE_DB_URL, then type the command again"
    )
