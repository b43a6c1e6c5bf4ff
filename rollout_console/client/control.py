"""Rollout control; each change is one call, one transaction and one row of history (R10)."""

from __future__ import annotations

from rollout_console import results
from rollout_console.adapters.ladder import STOP
from rollout_console.client.calls import Percentage
from rollout_console.client.command import Group, command
from rollout_console.client.halt import Halting
from rollout_console.validation import flag, whole_percentage


class Control(Halting):
    """Traffic up, down and halted."""

    @command(Group.CONTROL, "rollout.setRollout(10)", purpose="%", verb="set")
    def set_rollout(self, percentage: Percentage, reason: str | None = None, confirm: bool = False) -> results.Change:
        """Set the percentage of repositories in the rollout, 0 to 100 (R4).

        During an emergency stop the percentage is stored and traffic stays halted.

        Args:
            percentage: a whole number, 0 to 100.
            reason: for the history.
            confirm: whether to do it even if the host's own function, while it decides, lets more repositories in.

        Raises:
            Refused: the host's own function would let more repositories in, and `confirm` is not set.
        """
        wanted = whole_percentage(percentage, "rollout.setRollout(10)")
        confirmed = flag("confirm", confirm, "rollout.setRollout(10)")
        return self._change("rollout_set_percentage", reason, confirmed=confirmed, percentage=wanted)

    @command(Group.CONTROL, 'rollout.emergencyStop("errors in the logs")', purpose="halt", verb="stop")
    def emergency_stop(self, reason: str | None = None) -> results.Change | results.Stop:
        """Halt all traffic immediately, without confirmation. resume() restores the percentage (R5).

        Raises:
            RolloutError: the stop was not confirmed: `verdict` says what is known, `by_hand` how to stop without
                this console.
        """
        return self._halt(STOP, reason)

    @command(Group.CONTROL, "rollout.resume()", purpose="end stop")
    def resume(
        self, percentage: Percentage | None = None, reason: str | None = None, confirm: bool = False
    ) -> results.Change:
        """End the emergency stop, at the percentage that is set or at another one (R5).

        Args:
            percentage: a whole number, 0 to 100; None for the one that is kept.
            reason: for the history.
            confirm: whether to do it even if the host's own function, while it decides, lets more repositories in.

        Raises:
            Refused: there is no stop, and the percentage is another than the one that is set; or as `set_rollout`.
        """
        wanted = None if percentage is None else whole_percentage(percentage, "rollout.resume(5)")
        confirmed = flag("confirm", confirm, "rollout.resume()")
        return self._change("rollout_resume", reason, confirmed=confirmed, percentage=wanted)
