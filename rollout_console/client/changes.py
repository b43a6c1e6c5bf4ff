"""What a client changes; each method is one call, one transaction and one row of history (R10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollout_console import results
from rollout_console.client.by_hand import stop_by_hand
from rollout_console.client.calls import Calls, Percentage
from rollout_console.errors import BadArgument, Blocked, Refused, RolloutError
from rollout_console.validation import (
    clean_text,
    described,
    whole,
    whole_percentage,
)

if TYPE_CHECKING:
    from uuid import UUID


class Changes(Calls):
    """The changes, each with a `reason` for the history."""

    def set_rollout(self, percentage: Percentage, reason: str | None = None) -> results.Change:
        """Set the percentage (R4).

        Args:
            percentage: a whole number, 0 to 100.
            reason: for the history.
        """
        wanted = whole_percentage(percentage, "rollout.setRollout(10)")
        return self._change("rollout_set_percentage", reason, percentage=wanted)

    def emergency_stop(self, reason: str | None = None) -> results.Change:
        """Halt all traffic; the percentage is kept (R5).

        Raises:
            RolloutError: as any change; if the database was not reached, the key not accepted or the rollout
                locked by a session that the role may not end, `by_hand` says how to stop without this console.
        """
        try:
            return self._change("rollout_emergency_stop", reason)
        except RolloutError as error:
            if isinstance(error, Blocked) or not isinstance(error, BadArgument | Refused):
                error.by_hand = stop_by_hand(reason, self.feature)
            raise

    def resume(self, percentage: Percentage | None = None, reason: str | None = None) -> results.Change:
        """End the emergency stop (R5).

        Args:
            percentage: a whole number, 0 to 100; None for the one that is kept.
            reason: for the history.

        Raises:
            Refused: there is no stop, and the percentage is another than the one that is set.
        """
        wanted = None if percentage is None else whole_percentage(percentage, "rollout.resume(5)")
        return self._change("rollout_resume", reason, percentage=wanted)

    def rollback_to_percentage(self, percentage: Percentage, reason: str | None = None) -> results.Change:
        """Lower the percentage (R6).

        Raises:
            Refused: it is higher than the one that is set.
        """
        wanted = whole_percentage(percentage, "rollout.rollbackToPercentage(5)")
        return self._change("rollout_rollback", reason, percentage=wanted)

    def rollback_to_zero(self, reason: str | None = None) -> results.Change:
        """Set 0 % (R6)."""
        return self._change("rollout_rollback", reason, percentage=0)

    def enable_auto_rollback(self, reason: str | None = None) -> results.Change:
        """Switch the breaker on (R8)."""
        return self._change("rollout_set_auto_rollback", reason, enabled=True)

    def disable_auto_rollback(self, reason: str | None = None) -> results.Change:
        """Switch the breaker off (R8)."""
        return self._change("rollout_set_auto_rollback", reason, enabled=False)

    def check_health(self, triggered_by: str = "manual") -> results.HealthCheck:
        """Check the criteria of health, and roll back if they call for it (R7, R8).

        Args:
            triggered_by: for the history, who asked: `manual`, or a program's name.
        """
        context = {**self._context(), "triggered_by": triggered_by}
        return self._call("rollout_check_health", results.HealthCheck, context=context)

    def undo(
        self, change: str | UUID | None = None, *, confirm: bool = False, reason: str | None = None
    ) -> results.Change:
        """Take a change back, if nothing has changed the same fields since (R19).

        Args:
            change: its id or the beginning of it; None for the last change of this operator.
            confirm: whether to do it even if it raises traffic, as undoing a stop or a rollback does.
            reason: for the history.

        Raises:
            NotFound: there is no such change among the last 1,000, or several begin like this.
            Refused: the fields have changed since, traffic would rise and `confirm` is not set, or
                the change is none that can be undone.
        """
        from uuid import UUID

        example = 'rollout.undo("1a2b3c4d")'
        if not isinstance(confirm, bool):
            raise BadArgument(f"confirm is True or False, not {described(confirm)}; type {example}")
        if change is not None and not isinstance(change, str | UUID):
            raise BadArgument(f"undo takes the id of a change as text, not {described(change)}; type {example}")
        wanted = None if change is None else clean_text(str(change)).strip()
        return self._change("rollout_undo", reason, change=wanted, confirm=confirm)

    def note(self, text: str) -> results.Change:
        """Write a note into the history; changes nothing (R10).

        Args:
            text: what was seen or decided, at most 2,000 characters.
        """
        return self._change("rollout_note", text)

    def simulate(
        self,
        jobs: int = 200,
        error_rate: float = 2.0,
        control: int = 0,
        control_error_rate: float = 1.0,
        healthy_first: int = 0,
        in_flight: int = 0,
    ) -> results.Simulation:
        """Send practice jobs; on the sample data only.

        Args:
            jobs: how many of the treatment, 1 to 10,000.
            error_rate: percent of them that fail, 0 to 100.
            control: how many of the control beside them, 0 to 10,000.
            control_error_rate: percent of those that fail, 0 to 100.
            healthy_first: how many of the jobs succeed before the first can fail, 0 to 10,000.
            in_flight: failures to send first, of jobs that began before the last restart, 0 to 10,000.

        Raises:
            Refused: the database is not the practice database.
        """
        example = "rollout.simulate(200, 20)"
        for rate in (error_rate, control_error_rate):
            if isinstance(rate, bool) or not isinstance(rate, int | float):
                raise BadArgument(f"error_rate is a percentage from 0 to 100, not {described(rate)}; type {example}")
        # Has no operation id: sent twice, it reports its jobs twice.
        return self._call(
            "rollout_simulate",
            results.Simulation,
            idempotent=False,
            jobs=whole("jobs", jobs, example),
            error_rate=error_rate,
            control=whole("control", control, example),
            control_error_rate=control_error_rate,
            healthy_first=whole("healthy_first", healthy_first, example),
            in_flight=whole("in_flight", in_flight, example),
        )
