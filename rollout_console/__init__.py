"""Step-by-step rollouts from a prompt: `connect()` for scripts, `%load_ext rollout_console` for IPython."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollout_console.errors import RolloutError

if TYPE_CHECKING:
    from rollout_console.client import RolloutClient

__version__ = "0.1.0.dev0"
__all__ = ["RolloutError", "connect", "load_ipython_extension", "unload_ipython_extension"]


def connect(**settings: str) -> RolloutClient:
    """Return the typed client for the target that the environment names.

    Args:
        settings: environment variables to override, for example
            `ROLLOUT_FEATURE="my_feature"`.

    Raises:
        RolloutError: the settings contradict each other or name no usable target.
    """
    from rollout_console.adapters import open_adapter
    from rollout_console.client import RolloutClient
    from rollout_console.settings import Settings

    chosen = Settings.from_environment(settings)
    return RolloutClient(open_adapter(chosen), feature=chosen.feature)


def load_ipython_extension(ip: Any) -> None:
    """Put `rollout` into an IPython session or notebook."""
    from rollout_console.shell import load

    load(ip)


def unload_ipython_extension(ip: Any) -> None:
    """Take `rollout` out of the session again."""
    from rollout_console.shell import unload

    unload(ip)
