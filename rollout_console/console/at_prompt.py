"""The commands that are more at a prompt than a method of the client, or make sense only there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from rollout_console import results
from rollout_console.client import RolloutClient, SettingValues
from rollout_console.client.command import Group, at_prompt, command
from rollout_console.console.place import Console, client_at, no_such_feature
from rollout_console.errors import Interrupted, NotFound, RolloutError

if TYPE_CHECKING:
    from rollout_console.console.help import Help
    from rollout_console.console.reports import Place, Said


class AtPrompt:
    """What a console does by itself.

    Args:
        console: whose client is asked, and whose output shows it.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    @at_prompt(RolloutClient.categorize_all, own_screen=True)
    def categorize_all(self, confirm: bool = False) -> results.CategorizationRun:
        """Bring the category of every repository up to date.

        Works in batches that are each committed: after Ctrl-C, type it again and it goes on.
        """
        from rollout_console.render.progress import CategorizationProgress

        output = self._console.output
        try:
            with CategorizationProgress(output.screen(), output.stream) as progress:
                return self._console.client.categorize_all(progress.advance, confirm)
        except KeyboardInterrupt:
            raise Interrupted("interrupted; finished batches stay; to go on, type rollout.categorizeAll()") from None

    @at_prompt(RolloutClient.status)
    def status(self, full: bool = False) -> results.Status:
        """Show what runs, why, since when and by whom; with full=True, all that is set."""
        found = self._console.client.status()
        return results.FullStatus(**fields_of(found)) if full else found

    @at_prompt(RolloutClient.plan)
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
        client = self._console.client
        if all(given is None for given in (steps, hours, window, freeze)):
            return client.plan()
        return client.set_plan(steps, hours=hours, window=window, freeze=freeze, reason=reason)

    @at_prompt(RolloutClient.timeline)
    def timeline(self, since: str = "2h", limit: int = 300, markdown: bool = False) -> results.Timeline:
        """Show changes, notes, trips, alerts, new errors and the error rate in one order.

        since is a span up to now ("30m", "2h", "3d") or a time in ISO 8601. As Markdown it is the first draft of a
        post-mortem.

        Args:
            markdown: whether to show it as Markdown.
        """
        found = self._console.client.timeline(since, limit)
        return results.Postmortem(**fields_of(found)) if markdown else found

    @command(Group.STORY, "rollout.watch()", purpose="live", own_screen=True)
    def watch(self, every: float = 2.0, times: int | None = None) -> results.Status | None:
        """Show the status live, until Ctrl-C or so many times; once in a notebook that a program runs."""
        from rollout_console.render.live import watch

        output = self._console.output
        return watch(self._console.client, output.live(), every, output.learn, times)

    @at_prompt(RolloutClient.configure)
    def configure(
        self, *, reason: str | None = None, confirm: bool = False, **values: Unpack[SettingValues]
    ) -> results.Change | results.Settings:
        """Change settings, all that are given or none; without arguments, show them all."""
        client = self._console.client
        if all(value is None for value in values.values()):
            return client.settings()
        return client.configure(reason=reason, confirm=confirm, **values)

    @command(Group.PLACES, "rollout.use()", purpose="switch", verb=None)
    def use(self, target: str | None = None, feature: str | None = None) -> Place:
        """Go to another target or feature; without arguments, show where one is.

        Targets are those of targets.toml: rollout.use("staging"). Features are those that
        features() shows: rollout.use(feature="other").
        """
        from rollout_console.console.reports import Place

        here = self._console.client
        try:
            there = client_at(here, target, feature)
        except RolloutError as error:
            self._console.miss(error, target)
            raise
        try:
            status = there.status()
        except NotFound:
            if there.adapter is not here.adapter:
                there.close()
            missing = no_such_feature(there.feature)
            self._console.miss(missing, target)
            raise missing from None
        except (RolloutError, KeyboardInterrupt):
            self._console.go(there)  # what is typed next is meant for it, though it does not answer now
            raise
        self._console.go(there)
        return Place.of(there, status)

    @command(Group.REPOSITORIES, "rollout.clearCache()", listed=False)
    def clear_cache(self) -> Said:
        """Say that there is no cache: every command asks the database."""
        from rollout_console.console.reports import Said

        return Said("there is no cache here: every command asks the database; nothing to do")

    @command(Group.SAFETY, 'rollout.help("setRollout")', purpose="this")
    def help(self, topic: str | None = None) -> Help:
        """Show all commands, or more about one, a group, or a part of the runbook: help("recovery")."""
        from rollout_console.console.help import help_for

        return help_for(topic, self._console.commands)


def fields_of(result: results.Result) -> dict[str, Any]:
    """Return what a result holds, by name."""
    from msgspec import structs

    return structs.asdict(result)
