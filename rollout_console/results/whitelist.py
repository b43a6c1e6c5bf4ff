"""R9: whitelist and blacklist."""

from __future__ import annotations

from rollout_console.results.base import Record, Result


class ListedRepository(Record, kw_only=True):
    """An entry of the whitelist or blacklist; `full_name` is None if the repository is gone."""

    repository_id: str
    full_name: str | None
    category: str | None


class Whitelist(Result, kw_only=True):
    """`rollout.showWhitelist()`."""

    whitelist: list[ListedRepository]
    blacklist: list[ListedRepository]
