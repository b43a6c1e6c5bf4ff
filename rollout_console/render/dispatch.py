"""`render(result, screen)` finds the renderer of a result; the modules beside this one register theirs."""

from __future__ import annotations

from functools import singledispatch

from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen


@singledispatch
def render(result: object, screen: Screen) -> str:
    """Return a result as text for a screen."""
    return sanitize(repr(result))
