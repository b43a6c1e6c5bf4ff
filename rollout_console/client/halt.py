"""The commands that halt: they depend on the row that they change, and on no answer beside it (R18)."""

from __future__ import annotations

from typing import Any

from rollout_console import results
from rollout_console.adapters.ladder import BRIEF, UNSURE, Halt, Halted, Ladder
from rollout_console.client.by_hand import halt_by_hand
from rollout_console.client.calls import Calls
from rollout_console.errors import Interrupted, RolloutError, SchemaMismatch, first_clause


class Halting(Calls):
    """Halts by whatever way works, and says what it has read back."""

    def _halt(self, halt: Halt, reason: str | None, **parameters: Any) -> results.Change | results.Stop:
        """Halt, and show the status after it where that can be had.

        Raises:
            RolloutError: it was not confirmed; `verdict` says what is known, `by_hand` how to do it without this
                console.
        """
        try:
            given = self._given(_text(reason))
            ways = self.adapter.ways(halt.function, {"reason": given, **parameters})
            context = {**self._context(), "reads_status": True}  # 0.1.0 had it in the stop's own answer
            halted = Ladder(ways, self.feature, halt).climb(reason=given, context=context, **parameters)
        except RolloutError as error:
            error.verdict = error.verdict or halt.not_done
            error.by_hand = halt_by_hand(self.feature, halt.values, error)
            raise
        except KeyboardInterrupt:
            interrupted = Interrupted("interrupted; to see where things stand, type rollout.status()")
            interrupted.verdict = UNSURE
            interrupted.by_hand = halt_by_hand(self.feature, halt.values, interrupted)
            raise interrupted from None
        self.adapter.tell(halted.notice)
        return self._shown(halt, halted, given, context["operation_id"])

    def _shown(self, halt: Halt, halted: Halted, reason: str | None, operation: str) -> results.Change | results.Stop:
        stop = results.Stop.of(halt.function, halted.answer, halted.row, reason)
        stop.practice = self.adapter.target.kind == "local"
        try:
            answer = halted.way.call_within(2 * BRIEF, "rollout_status", changes=False, feature_name=self.feature)
            status = self._typed("rollout_status", results.Status, answer)
        except KeyboardInterrupt:
            stop.not_shown.append("its status was not waited for; to see it, type rollout.status()")
            return stop
        except Exception as error:  # whatever it is, the stop is made
            stop.not_shown.append(f"its status can't be shown: {_why(error)}")
            return stop
        change = status.last_change
        is_recorded = change is not None and change.id == operation
        if stop.not_shown and (halted.answer or not is_recorded):
            return stop
        return results.Change(
            command=stop.command,
            changed=stop.changed,
            change=change if is_recorded else None,
            status=status,
            ended_sessions=stop.ended_sessions,
        )


def _why(error: Exception) -> str:
    """Return what is wrong; what to type next only where that is not the stop once more."""
    return str(error) if isinstance(error, SchemaMismatch) else first_clause(error)


def _text(reason: object) -> str | None:
    """Return a reason as text, whatever it is: nothing that was typed keeps a stop away."""
    try:
        return None if reason is None else str(reason)
    except Exception:  # of its own __str__
        return type(reason).__name__
