"""Repository management; of the repositories that are named, all are changed or none."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rollout_console import results
from rollout_console.client.calls import Calls, Repositories
from rollout_console.client.command import Group, command
from rollout_console.errors import BadArgument
from rollout_console.validation import clean_text, described, flag, moment, repository_names, whole

if TYPE_CHECKING:
    from uuid import UUID

BATCH_SECONDS = 2.0  # aim of a categorization batch: half of what hosted Supabase would allow at most
FIRST_BATCH = 2_000
LARGEST_BATCH = 50_000


class RepositoryLists(Calls):
    """Categories, test pins and lists."""

    @command(Group.REPOSITORIES, "rollout.categorizeAll()", purpose="sizes")
    def categorize_all(
        self, on_progress: Callable[[results.CategorizationRun], None] | None = None, confirm: bool = False
    ) -> results.CategorizationRun:
        """Bring the category of every repository up to date (R3).

        Works in batches that are each committed; called again, it goes on where it was interrupted.

        Args:
            on_progress: called after each batch, which is committed by then.
            confirm: whether to do it even if the host's own function, while it decides, lets more repositories in;
                once confirmed, it is for new repositories, too.

        Raises:
            Refused: as `set_rollout`.
        """
        confirmed = flag("confirm", confirm, "rollout.categorizeAll()")
        size, run_id = FIRST_BATCH, None
        while True:
            begun = time.monotonic()
            run = self._call(
                "rollout_categorize_batch",
                results.CategorizationRun,
                batch_size=size,
                run_id=run_id,
                context=self._context(confirmed),
            )
            if on_progress is not None:
                on_progress(run)
            if run.done:
                return run
            took = max(time.monotonic() - begun, 0.001)
            size = max(100, min(LARGEST_BATCH, int(size * min(2.0, BATCH_SECONDS / took))))
            run_id = run.run_id

    @command(Group.REPOSITORIES, 'rollout.markAsTest("owner/name")', purpose="test")
    def mark_as_test(self, repositories: Repositories, reason: str | None = None) -> results.Change:
        """Pin repositories as test, first in rollout order, until unmarkAsTest() (R3).

        Args:
            repositories: as those of `add_to_whitelist`: all or none.
            reason: for the history.
        """
        names = repository_names(repositories, "markAsTest")
        return self._change("rollout_mark_as_test", reason, repositories=names)

    @command(Group.REPOSITORIES, 'rollout.unmarkAsTest("owner/name")', purpose="undo it")
    def unmark_as_test(self, repositories: Repositories, reason: str | None = None) -> results.Change:
        """Remove the test pin; the repositories are categorized by size again (R3).

        Args:
            repositories: as those of `add_to_whitelist`: all or none.
            reason: for the history.
        """
        names = repository_names(repositories, "unmarkAsTest")
        return self._change("rollout_unmark_as_test", reason, repositories=names)

    @command(Group.REPOSITORIES, 'rollout.addToWhitelist(["owner/name"])', purpose="include")
    def add_to_whitelist(
        self, repositories: Repositories, reason: str | None = None, until: str | datetime | None = None
    ) -> results.Change:
        """Make repositories eligible at any percentage: ids or owner/name, one or a list (R9).

        until="2h" ends it then, by itself; also "30m", "2s", "3d", or a time as "2030-01-31T12:00Z".

        Args:
            repositories: ids or `owner/name`, one or several.
            reason: for the history.
            until: when they stop being eligible by it: a span from now, as `"2s"`, `"30m"`, `"2h"` or
                `"3d"`, or a time in ISO 8601, a local one if it names no zone; None for never.

        Raises:
            NotFound: one is unknown; nothing was changed.
        """
        names = repository_names(repositories, "addToWhitelist")
        ends = moment(until, 'rollout.addToWhitelist("owner/name", until="2h")')
        return self._change("rollout_add_to_whitelist", reason, repositories=names, until=ends)

    @command(Group.REPOSITORIES, 'rollout.removeFromWhitelist(["owner/name"])', purpose="take off")
    def remove_from_whitelist(self, repositories: Repositories, reason: str | None = None) -> results.Change:
        """Remove repositories from the whitelist (R9).

        Args:
            repositories: as those of `add_to_whitelist`: all or none.
            reason: for the history.
        """
        names = repository_names(repositories, "removeFromWhitelist")
        return self._change("rollout_remove_from_whitelist", reason, repositories=names)

    @command(Group.REPOSITORIES, "rollout.showWhitelist()", purpose="list")
    def show_whitelist(self, search: str | None = None, limit: int = 50) -> results.Whitelist:
        """Show whitelist and blacklist, with names and ids: the first fifty of each, or those that contain a text.

        Args:
            search: a text that names, in any case, or ids must contain; None for all.
            limit: entries of each list, 1 to 100,000.

        Raises:
            Refused: the limit is out of its range.
        """
        if search is not None and not isinstance(search, str):
            raise BadArgument(f'a search is a text, not {described(search)}; type rollout.showWhitelist("acme/")')
        return self._read(
            "rollout_show_whitelist",
            results.Whitelist,
            search=None if search is None else clean_text(search),
            max_rows=whole("limit", limit, "rollout.showWhitelist(limit=200)"),
        )

    @command(Group.SETTINGS, 'rollout.addToBlacklist(["owner/name"])', purpose="exclude")
    def add_to_blacklist(self, repositories: Repositories, reason: str | None = None) -> results.Change:
        """Keep repositories out at any percentage (R9).

        Args:
            repositories: as those of `add_to_whitelist`: all or none.
            reason: for the history.
        """
        names = repository_names(repositories, "addToBlacklist")
        return self._change("rollout_add_to_blacklist", reason, repositories=names)

    @command(Group.SETTINGS, 'rollout.removeFromBlacklist(["owner/name"])', purpose="let in")
    def remove_from_blacklist(self, repositories: Repositories, reason: str | None = None) -> results.Change:
        """Remove repositories from the blacklist (R9).

        Args:
            repositories: as those of `add_to_whitelist`: all or none.
            reason: for the history.
        """
        names = repository_names(repositories, "removeFromBlacklist")
        return self._change("rollout_remove_from_blacklist", reason, repositories=names)

    def eligible_repositories(self, ids: Sequence[str | UUID]) -> list[str]:
        """Return which of these repositories are eligible, as the application is answered for each (R1).

        Args:
            ids: up to 100,000 ids of repositories.

        Raises:
            Refused: there are more.
        """
        if isinstance(ids, str) or not isinstance(ids, Sequence):
            raise BadArgument(f"eligible_repositories takes a list of ids, not {described(ids)}")
        answer: list[str] = self.adapter.call(
            "rollout_eligible_repositories",
            changes=False,
            idempotent=True,
            ids=[_id(each) for each in ids],
            feature_name=self.feature,
        )
        return answer

    def find_repositories(self, prefix: str, limit: int = 20) -> list[str]:
        """Return names of repositories, for completion.

        Args:
            prefix: what the names begin with; where none does, what they hold, if it has three characters or more.
            limit: how many at most, 1 to 50.
        """
        names: list[str] = self.adapter.call(
            "rollout_find_repositories", changes=False, idempotent=True, prefix=clean_text(prefix), max_rows=limit
        )
        return names


def _id(given: object) -> str:
    from uuid import UUID

    try:
        return str(UUID(str(given)))
    except ValueError:
        raise BadArgument(
            f'an id of a repository is a UUID, not {described(given)}; for a name, type rollout.explain("owner/name")'
        ) from None
