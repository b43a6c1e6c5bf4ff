"""Finds the renderer of a result; the modules beside this one register theirs."""

from __future__ import annotations

from functools import singledispatch

from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen


@singledispatch
def renderer(result: object, screen: Screen) -> str:
    """Return a result that has no renderer as text."""
    import msgspec

    fields = msgspec.Struct.__repr__ if isinstance(result, msgspec.Struct) else repr  # a result's own is this report
    return sanitize(fields(result))
