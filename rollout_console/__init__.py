"""Step-by-step rollouts: `connect()` for scripts, `%load_ext rollout_console` for IPython."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollout_console.errors import (
    BadArgument,
    BadCredentials,
    Blocked,
    Interrupted,
    LockTimedOut,
    NotConfigured,
    NotFound,
    NotPermitted,
    Refused,
    RolloutError,
    SchemaMismatch,
    TimedOut,
    Unreachable,
)

if TYPE_CHECKING:
    from rollout_console import results
    from rollout_console.client import JobReport, RolloutClient

__version__ = "0.1.0"
__all__ = [
    "BadArgument",
    "BadCredentials",
    "Blocked",
    "Interrupted",
    "JobReport",
    "LockTimedOut",
    "NotConfigured",
    "NotFound",
    "NotPermitted",
    "Refused",
    "RolloutClient",
    "RolloutError",
    "SchemaMismatch",
    "TimedOut",
    "Unreachable",
    "connect",
    "results",
]


def connect(
    url: str | None = None, key: str | None = None, feature: str | None = None, target: str | None = None
) -> RolloutClient:
    """Return a client; the first call connects. Use it in a `with` statement, or `close()` it.

    Args:
        url: `https://…` of a Supabase project, or `postgresql://…` of a database; None for the target that the
            environment names.
        key: the key of the Supabase project; None only without a Supabase URL.
        feature: the name of the feature that is rolled out; None for the one that the target or the environment names.
        target: a name in `targets.toml`, in place of url and key.

    Raises:
        NotConfigured: the settings contradict each other or name no usable target.
        BadCredentials: what is given as a key can't be one.
    """
    from rollout_console.adapters import open_adapter
    from rollout_console.client import RolloutClient
    from rollout_console.settings import Settings

    settings = Settings.from_environment({} if target is None else {"ROLLOUT_TARGET": target})
    if url is not None or key is not None:
        if target is not None:
            raise NotConfigured("a target is named, or given as url and key, but not both; type connect(target=...)")
        settings = settings.at(url, key)
    return RolloutClient(open_adapter(settings), feature or settings.feature)


def load_ipython_extension(ip: Any) -> None:
    """Put `rollout` into an IPython session or notebook."""
    from rollout_console.shell import load

    load(ip)


def unload_ipython_extension(ip: Any) -> None:
    """Take `rollout` out of the session again."""
    from rollout_console.shell import unload

    unload(ip)


def __getattr__(name: str) -> Any:
    # Loaded when asked for: an IPython prompt that only loads the extension need not wait for them.
    from importlib import import_module

    if name in {"JobReport", "RolloutClient"}:
        return getattr(import_module("rollout_console.client"), name)
    if name == "results":
        return import_module("rollout_console.results")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
