"""Traffic up, down and halted."""

from __future__ import annotations

from rollout_console import results
from rollout_console.console.commands.base import Commands
from rollout_console.console.registry import Group, command


class Control(Commands):
    """Traffic up, down and halted."""

    @command(Group.CONTROL, "rollout.setRollout(10)", purpose="percentage", verb="set")
    def setRollout(self, percentage: int, reason: str | None = None) -> results.Change:
        """Set the percentage of repositories in the rollout, 0 to 100.

        During an emergency stop the percentage is stored and traffic stays halted.
        """
        return self.client.set_rollout(percentage, reason)

    @command(Group.CONTROL, 'rollout.emergencyStop("errors in the logs")', purpose="halt", verb="stop")
    def emergencyStop(self, reason: str | None = None) -> results.Change:
        """Halt all traffic immediately, without confirmation. resume() restores the percentage."""
        return self.client.emergency_stop(reason)

    @command(Group.CONTROL, "rollout.resume()", purpose="end stop")
    def resume(self, percentage: int | None = None, reason: str | None = None) -> results.Change:
        """End the emergency stop, at the percentage that is set or at another one."""
        return self.client.resume(percentage, reason)
