"""Results as text for a terminal: the only package that knows what one looks like."""

from __future__ import annotations

from rollout_console.render import changes, chart, reports
from rollout_console.render.base import render
from rollout_console.render.screen import Screen

__all__ = ["Screen", "changes", "chart", "render", "reports"]
