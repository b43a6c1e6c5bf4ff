"""What happened: to the rollout, to its jobs, to one repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollout_console import results
from rollout_console.client.calls import Calls
from rollout_console.client.command import Group, command
from rollout_console.errors import BadArgument
from rollout_console.validation import clean_text, described, flag, moment_text, whole

if TYPE_CHECKING:
    from uuid import UUID


class Story(Calls):
    """What happened, and what is said and undone about it."""

    @command(Group.STORY, "rollout.history()", purpose="changes")
    def history(self, limit: int = 20) -> results.History:
        """Show who changed what, when and why, newest first (R10).

        Args:
            limit: how many, 1 to 1,000.
        """
        limit = whole("limit", limit, "rollout.history(20)")
        return self._read("rollout_list_history", results.History, max_rows=limit)

    @command(Group.STORY, 'rollout.undo("1a2b3c4d")', purpose="take back")
    def undo(
        self, change: str | UUID | None = None, confirm: bool = False, reason: str | None = None
    ) -> results.Change:
        """Take back a change, by default your last; history() shows ids (R19).

        It is refused if the same fields have changed since. What would raise traffic, as undoing a stop or
        a rollback, is done with confirm=True only. An undo can be undone.

        Args:
            change: its id or the beginning of it; None for the last change of this operator.
            confirm: whether to do it even if it raises traffic.
            reason: for the history.

        Raises:
            NotFound: there is no such change among the last 1,000, or several begin like this.
            Refused: the fields have changed since, traffic would rise and `confirm` is not set, or
                the change is none that can be undone.
        """
        from uuid import UUID

        example = 'rollout.undo("1a2b3c4d")'
        confirmed = flag("confirm", confirm, example)
        if change is not None and not isinstance(change, str | UUID):
            raise BadArgument(f"undo takes the id of a change as text, not {described(change)}; type {example}")
        wanted = None if change is None else clean_text(str(change)).strip()
        return self._change("rollout_undo", reason, confirmed=confirmed, change=wanted, confirm=confirmed)

    @command(Group.STORY, 'rollout.note("the status page is red")', purpose="remark")
    def note(self, text: str) -> results.Change:
        """Write a note into the history; changes nothing (R10).

        Args:
            text: what was seen or decided, at most 2,000 characters.
        """
        return self._change("rollout_note", text)

    @command(Group.STORY, 'rollout.timeline("2h")', purpose="incident")
    def timeline(self, since: str = "2h", limit: int = 300) -> results.Timeline:
        """Show changes, notes, trips, alerts, new errors and the error rate in one order, oldest first.

        Args:
            since: a span up to now, as "30m", "2h" or "3d", or a time in ISO 8601, a local one if it names no zone.
            limit: how many events, 1 to 1,000: the newest; `left_out` says how many more there were.

        Raises:
            Refused: `since` can't be read or lies ahead, or the limit is out of its range.
        """
        if not isinstance(since, str):
            raise BadArgument(f'since is text, not {described(since)}; type for example rollout.timeline("2h")')
        return self._read(
            "rollout_timeline",
            results.Timeline,
            since=moment_text(since),
            max_rows=whole("limit", limit, 'rollout.timeline("2h", limit=300)'),
        )

    @command(Group.STORY, "rollout.errors()", purpose="kinds")
    def errors(self, limit: int = 10) -> results.Errors:
        """Show the errors of the jobs in kinds: how often, since when, where, and which are new.

        Messages that differ only in numbers, ids, names and quoted text are one kind.

        Args:
            limit: how many kinds, 1 to 200; those that fail in the rollout since the last restart come first.

        Raises:
            Refused: the limit is out of its range.
        """
        return self._read("rollout_errors", results.Errors, max_rows=whole("limit", limit, "rollout.errors(10)"))

    @command(Group.STORY, 'rollout.jobs("stuck")', purpose="outcomes")
    def jobs(self, state: results.JobState | None = None, limit: int | None = None) -> results.Jobs:
        """Show what became of the jobs: queued, running, late, stuck, completed, failed (R16).

        The application reports success when it queues a job; this reads its own table of jobs. With a
        state, the jobs in it are listed.

        Args:
            state: `queued`, `running`, `late`, `stuck`, `completed` or `failed`: the jobs to list; None for the last
                failures.
            limit: how many of them, 0 to 1,000; None for 20, or 5 of the last failures.

        Raises:
            Refused: there is no such state.
        """
        if state is not None and not isinstance(state, str):
            raise BadArgument(f'a state is a word, not {described(state)}; type for example rollout.jobs("stuck")')
        return self._read(
            "rollout_jobs",
            results.Jobs,
            state=None if state is None else clean_text(state),
            max_rows=None if limit is None else whole("limit", limit, 'rollout.jobs("stuck", 20)'),
        )

    @command(Group.STORY, 'rollout.explain("owner/name")', purpose="why")
    def explain(self, repository: str | UUID) -> results.Explanation:
        """Show whether a repository is eligible, and why (R1).

        Args:
            repository: its id or `owner/name`.

        Raises:
            NotFound: there is no such repository.
        """
        from uuid import UUID

        if not isinstance(repository, str | UUID):
            raise BadArgument(
                f'explain takes one repository as text, not {described(repository)}; type rollout.explain("owner/name")'
            )
        return self._read("rollout_explain", results.Explanation, repository=clean_text(str(repository)))

    @command(Group.STORY, "rollout.plot()", purpose="chart")
    def error_trend(self, points: int = 48) -> results.ErrorTrend:
        """Show the error rate over the window, with the threshold.

        Args:
            points: equal steps of time, 2 to 288.
        """
        points = whole("points", points, "rollout.plot(48)")
        return self._read("rollout_error_trend", results.ErrorTrend, points=points)
