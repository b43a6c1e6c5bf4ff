"""Automatic rollback, and rollback by hand."""

from __future__ import annotations

from rollout_console import results
from rollout_console.console.commands.base import Commands
from rollout_console.console.registry import Group, command


class Safety(Commands):
    """Automatic rollback, and rollback by hand."""

    @command(Group.SAFETY, "rollout.enableAutoRollback()", purpose="on")
    def enableAutoRollback(self, reason: str | None = None) -> results.Change:
        """Switch automatic rollback on."""
        return self.client.enable_auto_rollback(reason)

    @command(Group.SAFETY, "rollout.disableAutoRollback()", purpose="off")
    def disableAutoRollback(self, reason: str | None = None) -> results.Change:
        """Switch automatic rollback off."""
        return self.client.disable_auto_rollback(reason)

    @command(Group.SAFETY, "rollout.rollbackToPercentage(5)", purpose="lower")
    def rollbackToPercentage(self, pct: int, reason: str | None = None) -> results.Change:
        """Lower the percentage. Refuses to raise it."""
        return self.client.rollback_to_percentage(pct, reason)

    @command(Group.SAFETY, "rollout.rollbackToZero()", purpose="0 %")
    def rollbackToZero(self, reason: str | None = None) -> results.Change:
        """Set 0 %: only the whitelist is eligible."""
        return self.client.rollback_to_zero(reason)
