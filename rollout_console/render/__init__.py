"""Results as text and HTML: the only package that knows what a terminal looks like."""

from __future__ import annotations

from rollout_console.render.dispatch import renderer
from rollout_console.render.screen import Screen

__all__ = ["Screen", "render", "unfitted"]


def unfitted(result: object, screen: Screen) -> str:
    """Return a result as text, by its type; lines may still be longer than the screen is wide."""
    from rollout_console.render import every  # noqa: F401 registers them; nothing is shown before the first prompt

    return renderer(result, screen)


def render(result: object, screen: Screen) -> str:
    """Return a result as text that fits a screen."""
    return screen.fit(unfitted(result, screen))
