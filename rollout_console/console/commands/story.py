"""What happened: to the rollout, to its jobs, to one repository."""

from __future__ import annotations

from msgspec import structs

from rollout_console import results
from rollout_console.console.commands.base import Commands
from rollout_console.console.registry import Group, command
from rollout_console.render.live import watch


class Story(Commands):
    """What happened: to the rollout, to its jobs, to one repository."""

    @command(Group.STORY, "rollout.history()", purpose="changes")
    def history(self, limit: int = 20) -> results.History:
        """Show who changed what, when and why, newest first."""
        return self.client.history(limit)

    @command(Group.STORY, 'rollout.undo("1a2b3c4d")', purpose="take back")
    def undo(self, change: str | None = None, confirm: bool = False, reason: str | None = None) -> results.Change:
        """Take back a change, by default your last; history() shows ids.

        It is refused if the same fields have changed since. What would raise traffic, as undoing a stop or
        a rollback, is done with confirm=True only. An undo can be undone.
        """
        return self.client.undo(change, confirm=confirm, reason=reason)

    @command(Group.STORY, 'rollout.note("the status page is red")', purpose="remark")
    def note(self, text: str) -> results.Change:
        """Write a note into the history; changes nothing."""
        return self.client.note(text)

    @command(Group.STORY, 'rollout.timeline("2h")', purpose="incident")
    def timeline(self, since: str = "2h", markdown: bool = False, limit: int = 300) -> results.Timeline:
        """Show changes, notes, trips, alerts, new errors and the error rate in one order.

        since is a span up to now ("30m", "2h", "3d") or a time in ISO 8601. With markdown=True it is the first
        draft of a post-mortem.
        """
        found = self.client.timeline(since, limit)
        return results.Postmortem(**structs.asdict(found)) if markdown else found

    @command(Group.STORY, "rollout.errors()", purpose="kinds")
    def errors(self, limit: int = 10) -> results.Errors:
        """Show the errors of the jobs in kinds: how often, since when, where, and which are new.

        Messages that differ only in numbers, ids, names and quoted text are one kind.
        """
        return self.client.errors(limit)

    @command(Group.STORY, 'rollout.jobs("stuck")', purpose="outcomes")
    def jobs(self, state: results.JobState | None = None, limit: int | None = None) -> results.Jobs:
        """Show what became of the jobs: queued, running, late, stuck, completed, failed.

        The application reports success when it queues a job; this reads its own table of jobs. With a
        state, the jobs in it are listed.
        """
        return self.client.jobs(state, limit)

    @command(Group.STORY, 'rollout.explain("owner/name")', purpose="why")
    def explain(self, repository: str) -> results.Explanation:
        """Show whether a repository is eligible, and why."""
        return self.client.explain(repository)

    @command(Group.STORY, "rollout.plot()", purpose="chart")
    def plot(self, points: int = 48) -> results.ErrorTrend:
        """Show the error rate over the window, with the threshold."""
        return self.client.error_trend(points)

    @command(Group.STORY, "rollout.watch()", purpose="live", own_screen=True)
    def watch(self, every: float = 2.0) -> results.Status | None:
        """Show the status live, until Ctrl-C."""
        return watch(self.client, self.output.live(), every, self.output.learn)
