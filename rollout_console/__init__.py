"""Step-by-step rollouts: `connect()` for scripts, `%load_ext rollout_console` for IPython."""

from __future__ import annotations

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
    Unconfirmed,
    Unreachable,
)

# Not that of typing, which takes as long to load as the rest of --version; nor False, since jedi would skip the block.
TYPE_CHECKING = bool()  # noqa: UP018
if TYPE_CHECKING:
    from typing import Any

    from rollout_console import results
    from rollout_console.client import RolloutClient
    from rollout_console.client.connect import connect
    from rollout_console.client.job_report import JobReport

__version__ = "0.2.0"
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
    "Unconfirmed",
    "Unreachable",
    "connect",
    "results",
]

ELSEWHERE = {
    "JobReport": "rollout_console.client.job_report",
    "RolloutClient": "rollout_console.client",
    "connect": "rollout_console.client.connect",
}


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

    if name == "results":
        return import_module("rollout_console.results")
    if name == "connect":
        _show_results()
    if name in ELSEWHERE:
        return getattr(import_module(ELSEWHERE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _show_results() -> None:
    """Have results show themselves as reports where values are shown: in notebooks, marimo, bpython."""
    from rollout_console.results.base import Result

    def as_text(result: Any) -> str:
        from rollout_console.render import Screen, render

        return render(result, Screen())

    def as_html(result: Any) -> str:
        from rollout_console.render.html import render_html

        return render_html(result)

    Result.as_text, Result.as_html = as_text, as_html
