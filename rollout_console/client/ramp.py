"""The ramp (R17): its plan, one step up it, holds, and what a step would do; nothing here raises past a hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rollout_console import results
from rollout_console.client.calls import Calls, Percentage
from rollout_console.client.command import Group, command
from rollout_console.errors import BadArgument
from rollout_console.validation import clean_text, described, flag, moment, whole, whole_percentage

EXAMPLE = "rollout.plan([5, 10, 25, 50, 100], hours=24)"


class Ramp(Calls):
    """The plan and the way up it."""

    @command(Group.RAMP, "rollout.plan()", purpose="steps")
    def plan(self) -> results.Plan:
        """Show the plan, where the rollout stands in it, the gates before the next step, and when it may come."""
        return self._read("rollout_plan", results.Plan)

    def set_plan(
        self,
        steps: Sequence[int] | None = None,
        *,
        hours: int | Sequence[int] | None = None,
        window: str | None = None,
        freeze: str | datetime | None = None,
        reason: str | None = None,
    ) -> results.Change:
        """Change the plan; what is not given stays.

        Args:
            steps: percentages, 1 to 20 of them, 1 to 100, each higher than the one before.
            hours: how long each step takes at least, 1 to 720; one number, or one for each step. New steps
                take by default as long as the longest one so far.
            window: when the ramp may rise, as "Mon-Thu 09:00-16:00 Europe/Berlin"; "always" for any time.
            freeze: as in 0.1.0; `hold(reason, until=…)` takes its place, and the next release has only that.
            reason: for the history.

        Raises:
            Refused: the steps do not rise, or one of the arguments is out of its range; nothing was changed.
        """
        if isinstance(steps, int | float | str):
            raise BadArgument(f"steps are a list, not {described(steps)}; type for example {EXAMPLE}")
        if window is not None and not isinstance(window, str):
            raise BadArgument(
                f"a window is text, not {described(window)}; "
                'type for example rollout.plan(window="Mon-Thu 09:00-16:00 Europe/Berlin")'
            )
        return self._change(
            "rollout_set_plan",
            reason,
            percentages=None if steps is None else [whole_percentage(step, EXAMPLE) for step in _listed(steps)],
            hours=None if hours is None else [whole("hours", each, EXAMPLE) for each in _listed(hours)],
            change_window=None if window is None else clean_text(window),
            freeze_until=moment(freeze, 'rollout.hold("frozen", until="3d")'),
        )

    @command(Group.RAMP, "rollout.advance()", purpose="up")
    def advance(self, reason: str | None = None, force: bool = False, confirm: bool = False) -> results.Advance:
        """Go one step up the plan, or say which gates are shut and when they open.

        force=True goes past them with a reason, which is recorded with the gates; it passes no hold.

        Args:
            reason: for the history.
            force: whether to raise past shut gates.
            confirm: whether to do it even if the host's own function, while it decides, lets more repositories in.

        Raises:
            Refused: forced, and without a reason, or the ramp is held; or as `set_rollout`.
        """
        forced, confirmed = (
            flag(name, given, "rollout.advance()") for name, given in (("force", force), ("confirm", confirm))
        )
        return self._change_of(results.Advance, "rollout_advance", reason, confirmed=confirmed, force=forced)

    def auto_advance(self) -> results.Advance:
        """Do what the ramp does by itself where `auto_advance` is on: one step up, or a hold on a weak signal."""
        return self._call("rollout_auto_advance", results.Advance, context=self._context())

    @command(Group.RAMP, 'rollout.hold("looking at the errors")', purpose="wait")
    def hold(self, reason: str | None = None, *, until: str | datetime | None = None) -> results.Change:
        """Keep the percentage: nobody raises it until release().

        until="2h" ends it then, by itself; also "3d", "tomorrow 09:00", or a time as "2030-01-31T12:00Z".
        Lowering and stopping work all the same, and auto-rollback stays on.

        Args:
            reason: why, for those who would raise it.
            until: when it ends, as `add_to_whitelist` takes it; None for never.

        Raises:
            Refused: `until` is no time to come; nothing was changed.
        """
        return self._change("rollout_hold", reason, until=moment(until, 'rollout.hold("looking", until="2h")'))

    @command(Group.RAMP, "rollout.release()", purpose="go on")
    def release(self, reason: str | None = None) -> results.Change:
        """Lift a hold.

        If the ramp goes by itself, what speaks against it now does not hold it again until it has ended.

        Args:
            reason: for the history.
        """
        return self._change("rollout_release", reason)

    @command(Group.RAMP, "rollout.phases()", listed=False)
    def phases(self) -> results.Phases:
        """Show the progression and whether the next phase may begin (R2): plan() without its dates.

        For runbooks that name it; plan() shows all of it.
        """
        return self._read("rollout_phases", results.Phases)

    @command(Group.RAMP, "rollout.preview(25)", purpose="what if")
    def preview(self, percentage: Percentage, examples: int | None = None) -> results.Preview:
        """Show who would become eligible, or stop being so, at another percentage (R1).

        With a number of examples, as in preview(50, 20), so many of each category are listed, one a line.

        Args:
            percentage: a whole number, 0 to 100.
            examples: names for each category, 0 to 1,000; None for a few, in brief.
        """
        return self._read(
            "rollout_preview",
            results.Preview,
            percentage=whole_percentage(percentage, "rollout.preview(25)"),
            examples=None if examples is None else whole("examples", examples, "rollout.preview(25, 5)"),
        )


def _listed(given: object) -> list[object]:
    """Return several as a list, and one as a list of one."""
    return list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
