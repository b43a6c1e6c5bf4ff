"""The Supabase door: supabase-py, RPC only."""

from __future__ import annotations

from typing import Any

from rollout_console.doors import Target


class SupabaseDoor:
    """Calls the SQL functions through a Supabase project's API."""

    def __init__(self, url: str, key: str, *, read_only: bool = False) -> None:
        self._url = url
        self._key = key
        self.target = Target("supabase", url.split("//")[-1].split(".")[0], read_only)

    def call(self, function: str, **parameters: object) -> Any:
        """See `Door.call`."""
        raise NotImplementedError

    def close(self) -> None:
        """See `Door.close`."""
