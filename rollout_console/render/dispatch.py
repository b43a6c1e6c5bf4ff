"""`render(result, screen)` finds the renderer of a result; the modules beside this one register theirs."""

from __future__ import annotations

from functools import singledispatch

import msgspec

from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen


@singledispatch
def renderer(result: object, screen: Screen) -> str:
    """Return a result as text, by its type; lines may still be longer than the screen is wide."""
    fields = msgspec.Struct.__repr__ if isinstance(result, msgspec.Struct) else repr  # a result's own is this report
    return sanitize(fields(result))


def render(result: object, screen: Screen) -> str:
    """Return a result as text that fits a screen."""
    return screen.fit(renderer(result, screen))
