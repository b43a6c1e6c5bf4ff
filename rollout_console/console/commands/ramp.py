"""The progression, and what a step would do."""

from __future__ import annotations

from rollout_console import results
from rollout_console.console.commands.base import Commands
from rollout_console.console.registry import Group, command


class Ramp(Commands):
    """The progression, and what a step would do."""

    @command(Group.RAMP, "rollout.phases()")
    def phases(self) -> results.Phases:
        """Show the progression and whether the next phase may begin."""
        return self.client.phases()

    @command(Group.RAMP, "rollout.preview(25)")
    def preview(self, percentage: int, examples: int = 5) -> results.Preview:
        """Show who would become eligible, or stop being so, at another percentage."""
        return self.client.preview(percentage, examples)
