"""The doors to the SQL functions: Supabase, PostgreSQL, embedded PostgreSQL; only the way in differs."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from rollout_console.errors import NotConfigured
from rollout_console.settings import Settings


class Target(NamedTuple):
    """What is on the other side of a door.

    Attributes:
        kind: `local` (embedded), `postgres` or `supabase`.
        name: a short name without credentials, for banner and prompt.
        read_only: whether the key in use can only read.
    """

    kind: str
    name: str
    read_only: bool = False

    def __str__(self) -> str:
        return f"{self.name} (read-only key)" if self.read_only else self.name


class Door(Protocol):
    """A way to call the SQL functions."""

    target: Target

    def call(self, function: str, **parameters: object) -> Any:
        """Call one SQL function with named arguments, as one statement, and return its JSON.

        Raises:
            RolloutError: one of the package's errors, never the driver's.
        """

    def close(self) -> None:
        """Release what the door holds; calling it again opens the door anew."""


def open_door(settings: Settings) -> Door:
    """Return the door that the settings choose; the first call opens it.

    Raises:
        NotConfigured: a Supabase URL without a key, or one that is no URL.
        BadCredentials: what is set as a key can't be one.
    """
    if settings.supabase_url:
        if not settings.supabase_key:
            raise NotConfigured("SUPABASE_URL is set but no key: set SUPABASE_SECRET_KEY, then start again")
        from rollout_console.doors.break_glass import BreakGlassDoor
        from rollout_console.doors.supabase import SupabaseDoor

        api = SupabaseDoor(settings.supabase_url, settings.supabase_key, read_only=settings.read_only)
        return BreakGlassDoor(api, _postgres(settings.database_url) if settings.database_url else None)
    if settings.database_url:
        return _postgres(settings.database_url)
    from rollout_console.doors.embedded import EmbeddedDoor

    return EmbeddedDoor(settings.home)


def _postgres(url: str) -> Door:
    from rollout_console.doors.postgres import PostgresDoor

    return PostgresDoor(url)
