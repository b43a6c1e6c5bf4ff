"""What a client reads of an incident: its errors and its course."""

from __future__ import annotations

from rollout_console import results
from rollout_console.client.calls import Calls
from rollout_console.errors import BadArgument
from rollout_console.validation import clean_text, described, whole


class Story(Calls):
    """The reports on what happened, each from one call."""

    def errors(self, limit: int = 10) -> results.Errors:
        """Return the errors of the jobs in kinds: messages that differ only in numbers, ids and names are one.

        Args:
            limit: how many kinds, 1 to 200; those that fail in the rollout since the last restart come first.

        Raises:
            Refused: the limit is out of its range.
        """
        return self._read("rollout_errors", results.Errors, max_rows=whole("limit", limit, "rollout.errors(10)"))

    def timeline(self, since: str = "2h", limit: int = 300) -> results.Timeline:
        """Return changes, notes, trips, alerts, errors that appeared and jobs that leaked, oldest first.

        Args:
            since: a span up to now, as "30m", "2h" or "3d", or a time in ISO 8601, in UTC if it names no zone.
            limit: how many events, 1 to 1,000: the newest; `left_out` says how many more there were.

        Raises:
            Refused: `since` can't be read or lies ahead, or the limit is out of its range.
        """
        if not isinstance(since, str):
            raise BadArgument(f'since is text, not {described(since)}; type for example rollout.timeline("2h")')
        return self._read(
            "rollout_timeline",
            results.Timeline,
            since=clean_text(since),
            max_rows=whole("limit", limit, 'rollout.timeline("2h", limit=300)'),
        )
