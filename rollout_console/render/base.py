"""`render(result, screen)`: one text for each kind of result, registered by the modules beside this one."""

from __future__ import annotations

from functools import singledispatch

from rollout_console.render.screen import Screen
from rollout_console.text import clean


@singledispatch
def render(result: object, screen: Screen) -> str:
    """Return a result as text."""
    return clean(repr(result))
