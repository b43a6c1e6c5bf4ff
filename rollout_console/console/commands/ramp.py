"""The ramp: its plan, one step up it, holds, and what a step would do."""

from __future__ import annotations

from rollout_console import results
from rollout_console.console.commands.base import Commands
from rollout_console.console.registry import Group, command


class Ramp(Commands):
    """The ramp: its plan, one step up it, holds, and what a step would do."""

    @command(Group.RAMP, "rollout.plan()", purpose="steps")
    def plan(
        self,
        steps: list[int] | None = None,
        hours: int | list[int] | None = None,
        window: str | None = None,
        freeze: str | None = None,
        reason: str | None = None,
    ) -> results.Plan | results.Change:
        """Show the plan, its gates and when each step may come; with arguments, change it.

        plan([5, 10, 25, 50, 100], hours=24) sets steps, and how long each takes at least.
        window="Mon-Thu 09:00-16:00 Europe/Berlin" says when the ramp may rise, "always" lifts that.
        freeze="3d" forbids it for a time, "off" lifts that.
        """
        if all(given is None for given in (steps, hours, window, freeze)):
            return self.client.plan()
        return self.client.set_plan(steps, hours=hours, window=window, freeze=freeze, reason=reason)

    @command(Group.RAMP, "rollout.advance()", purpose="up")
    def advance(self, reason: str | None = None, force: bool = False) -> results.Advance:
        """Go one step up the plan, or say which gates are shut and when they open.

        force=True goes past them with a reason, which is recorded with the gates; it passes no hold.
        """
        return self.client.advance(reason, force=force)

    @command(Group.RAMP, 'rollout.hold("looking at the errors")', purpose="wait")
    def hold(self, reason: str | None = None) -> results.Change:
        """Keep the percentage: nobody raises it until release().

        Lowering and stopping work all the same, and auto-rollback stays on.
        """
        return self.client.hold(reason)

    @command(Group.RAMP, "rollout.release()", purpose="go on")
    def release(self, reason: str | None = None) -> results.Change:
        """Lift a hold.

        If the ramp goes by itself, what speaks against it now does not hold it again until it has ended.
        """
        return self.client.release(reason)

    @command(Group.RAMP, "rollout.phases()", purpose="criteria")
    def phases(self) -> results.Phases:
        """Show the progression and whether the next phase may begin."""
        return self.client.phases()

    @command(Group.RAMP, "rollout.preview(25)", purpose="what if")
    def preview(self, percentage: int, examples: int | None = None) -> results.Preview:
        """Show who would become eligible, or stop being so, at another percentage.

        With a number of examples, as in preview(50, 20), so many of each category are listed, one a line.
        """
        return self.client.preview(percentage, examples)
