"""R9: whitelist and blacklist."""

from __future__ import annotations

from datetime import datetime

from rollout_console.results.access import DecidedBy
from rollout_console.results.base import Record, Result


class ListedRepository(Record, kw_only=True):
    """An entry of the whitelist or blacklist; `full_name` is None if the repository is gone.

    `until` is when the entry stops deciding, None for never; `expired` whether that has come.
    """

    repository_id: str
    full_name: str | None
    category: str | None
    until: datetime | None = None
    expired: bool = False


class Whitelist(Result, kw_only=True):
    """`rollout.showWhitelist()`: of each list the first entries by name, and how many it has.

    `search` is the text that names or ids had to contain, None for any. The host's own function, if it decides, knows
    no ends.
    """

    whitelist_entries: int
    blacklist_entries: int
    search: str | None
    whitelist: list[ListedRepository]
    blacklist: list[ListedRepository]
    decided_by: DecidedBy | None = None
