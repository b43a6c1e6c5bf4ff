"""Safety controls."""

from __future__ import annotations

from datetime import datetime

from rollout_console import results
from rollout_console.adapters.ladder import ZERO
from rollout_console.client.calls import Percentage
from rollout_console.client.command import Group, command
from rollout_console.client.halt import Halting
from rollout_console.validation import flag, moment, whole_percentage


class Safety(Halting):
    """Automatic rollback, and rollback by hand."""

    @command(Group.SAFETY, "rollout.enableAutoRollback()", purpose="on")
    def enable_auto_rollback(self, reason: str | None = None) -> results.Change:
        """Switch automatic rollback on (R8)."""
        return self._change("rollout_set_auto_rollback", reason, enabled=True)

    @command(Group.SAFETY, "rollout.disableAutoRollback()", purpose="off")
    def disable_auto_rollback(
        self, reason: str | None = None, *, until: str | datetime | None = None
    ) -> results.Change:
        """Switch automatic rollback off (R8).

        until="2h" switches it on again then, by itself; also "3d", "tomorrow 09:00", or a time as "2030-01-31T12:00Z".

        Args:
            reason: for the history, and for those who ask why.
            until: when it is on again, as `add_to_whitelist` takes it; None for never.

        Raises:
            Refused: `until` is no time to come; nothing was changed.
        """
        ends = moment(until, 'rollout.disableAutoRollback("maintenance", until="2h")')
        return self._change("rollout_set_auto_rollback", reason, enabled=False, until=ends)

    @command(Group.SAFETY, "rollout.rollbackToPercentage(5)", purpose="lower")
    def rollback_to_percentage(
        self, percentage: Percentage, reason: str | None = None, confirm: bool = False
    ) -> results.Change | results.Stop:
        """Lower the percentage. Refuses to raise it (R6).

        Args:
            percentage: a whole number, 0 to 100.
            reason: for the history.
            confirm: whether to do it even if the host's own function, while it decides, lets more repositories in.

        Raises:
            Refused: it is higher than the one that is set; or as `set_rollout`.
        """
        wanted = whole_percentage(percentage, "rollout.rollbackToPercentage(5)")
        if wanted == 0:
            return self.rollback_to_zero(reason)
        confirmed = flag("confirm", confirm, "rollout.rollbackToPercentage(5)")
        return self._change("rollout_rollback", reason, confirmed=confirmed, percentage=wanted)

    @command(Group.SAFETY, "rollout.rollbackToZero()", purpose="0 %")
    def rollback_to_zero(self, reason: str | None = None) -> results.Change | results.Stop:
        """Set 0 %: only the whitelist is eligible (R6).

        Raises:
            RolloutError: it was not confirmed: `verdict` and `by_hand` as of an emergency stop.
        """
        return self._halt(ZERO, reason, percentage=0)
