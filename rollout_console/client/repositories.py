"""Categories, test pins and lists of repositories (R3, R9)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from rollout_console import results
from rollout_console.client.calls import Calls, Repositories
from rollout_console.validation import moment, repository_names

BATCH_SECONDS = 2.0  # aim of a categorization batch: half of what hosted Supabase would allow at most
FIRST_BATCH = 2_000
LARGEST_BATCH = 50_000


class RepositoryChanges(Calls):
    """Changes of repositories: all that are named, or none."""

    def add_to_whitelist(
        self, repositories: Repositories, reason: str | None = None, *, until: str | datetime | None = None
    ) -> results.Change:
        """Add repositories to the whitelist: all of them or none (R9).

        Args:
            repositories: ids or `owner/name`, one or several.
            reason: for the history.
            until: when they stop being eligible by it: a span from now, as `"2s"`, `"30m"`, `"2h"` or
                `"3d"`, or a time in ISO 8601, in UTC if it names no zone; None for never.

        Raises:
            NotFound: one is unknown; nothing was changed.
        """
        names = repository_names(repositories, "addToWhitelist")
        ends = moment(until, 'rollout.addToWhitelist("owner/name", until="2h")')
        return self._change("rollout_add_to_whitelist", reason, repositories=names, until=ends)

    def remove_from_whitelist(self, repositories: Repositories, reason: str | None = None) -> results.Change:
        """Remove repositories from the whitelist: all of them or none (R9); see `add_to_whitelist`."""
        names = repository_names(repositories, "removeFromWhitelist")
        return self._change("rollout_remove_from_whitelist", reason, repositories=names)

    def add_to_blacklist(self, repositories: Repositories, reason: str | None = None) -> results.Change:
        """Add repositories to the blacklist, which wins over the whitelist (R9); see `add_to_whitelist`."""
        names = repository_names(repositories, "addToBlacklist")
        return self._change("rollout_add_to_blacklist", reason, repositories=names)

    def remove_from_blacklist(self, repositories: Repositories, reason: str | None = None) -> results.Change:
        """Remove repositories from the blacklist: all of them or none (R9); see `add_to_whitelist`."""
        names = repository_names(repositories, "removeFromBlacklist")
        return self._change("rollout_remove_from_blacklist", reason, repositories=names)

    def mark_as_test(self, repositories: Repositories, reason: str | None = None) -> results.Change:
        """Pin repositories as test (R3); see `add_to_whitelist`."""
        names = repository_names(repositories, "markAsTest")
        return self._change("rollout_mark_as_test", reason, repositories=names)

    def unmark_as_test(self, repositories: Repositories, reason: str | None = None) -> results.Change:
        """Lift the pin, and categorize the repositories by size again (R3); see `add_to_whitelist`."""
        names = repository_names(repositories, "unmarkAsTest")
        return self._change("rollout_unmark_as_test", reason, repositories=names)

    def categorize_all(
        self, on_progress: Callable[[results.CategorizationRun], None] | None = None
    ) -> results.CategorizationRun:
        """Categorize all repositories in batches, continuing an unfinished run (R3).

        Args:
            on_progress: called after each batch, which is committed by then.
        """
        size, run_id = FIRST_BATCH, None
        while True:
            begun = time.monotonic()
            run = self._call(
                "rollout_categorize_batch",
                results.CategorizationRun,
                batch_size=size,
                run_id=run_id,
                context=self._context(),
            )
            if on_progress is not None:
                on_progress(run)
            if run.done:
                return run
            took = max(time.monotonic() - begun, 0.001)
            size = max(100, min(LARGEST_BATCH, int(size * min(2.0, BATCH_SECONDS / took))))
            run_id = run.run_id
