"""The adapters: Supabase, PostgreSQL and embedded PostgreSQL lead to the same SQL functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollout_console.adapters.base import Adapter, Target, Way
from rollout_console.errors import NotConfigured

if TYPE_CHECKING:
    from rollout_console.settings import Settings

__all__ = ["Adapter", "Target", "open_adapter"]


def open_adapter(settings: Settings) -> Adapter:
    """Return the adapter that the settings choose, protected as they say; the first call connects.

    Raises:
        NotConfigured: a Supabase URL without a key, a key without a URL, or a URL that is none.
        BadCredentials: what is set as a key can't be one.
    """
    adapter, protection = _choose(settings), settings.protection
    adapter.target = adapter.target._replace(
        named=settings.target,
        colour=settings.colour,
        read_only=adapter.target.read_only or protection.refuses_changes,
        require_reason=protection.require_reason,
    )
    if not protection:
        return adapter
    from rollout_console.adapters.protected import ProtectedAdapter

    return ProtectedAdapter(adapter, protection)


def _choose(settings: Settings) -> Adapter:
    if settings.supabase_url:
        if not settings.supabase_key:
            raise NotConfigured(_without_key(settings))
        from rollout_console.adapters.supabase import SupabaseAdapter

        api = SupabaseAdapter(settings.supabase_url, settings.supabase_key, read_only=settings.read_only)
        if not settings.database_url:
            return api
        from rollout_console.adapters.failover import FailoverAdapter

        return FailoverAdapter(api, _postgres(settings.database_url))
    if settings.database_url:
        return _postgres(settings.database_url)
    from rollout_console.adapters.embedded import EmbeddedAdapter

    return EmbeddedAdapter(settings.practice_home())


def _postgres(url: str) -> Way:
    from rollout_console.adapters.postgres import PostgresAdapter

    return PostgresAdapter(url)


def _without_key(settings: Settings) -> str:
    if settings.target:
        return f"target {settings.target} has a supabase_url but no supabase_key; add it to targets.toml"
    return "SUPABASE_URL is set but no key: set SUPABASE_SECRET_KEY, then start again"
