"""What the client returns: the JSON of the SQL functions, typed. Attributes are the names of the SQL columns.

Rates are percent (5.0 is 5 %); a rate of None means that there were no jobs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rollout_console.results.public import *  # noqa: F403
    from rollout_console.results.public import __all__ as __all__


def __dir__() -> list[str]:
    found: list[str] = __getattr__("__all__")
    return found


def __getattr__(name: str) -> Any:
    # The first prompt, and a stop before it is sent, need no results, and msgspec takes longer than all else of ours.
    from importlib import import_module

    found = globals()[name] = getattr(import_module("rollout_console.results.public"), name)
    return found
