"""Results as text and HTML: the only package that knows what a terminal looks like."""

from __future__ import annotations

from rollout_console.render import (  # importing them registers their renderers
    categories,
    changes,
    chart,
    eligibility,
    features,
    health_check,
    history,
    progression,
    simulation,
    statistics,
    status,
    whitelist,
)
from rollout_console.render.dispatch import render
from rollout_console.render.html import render_html
from rollout_console.render.screen import Screen

__all__ = [
    "Screen",
    "categories",
    "changes",
    "chart",
    "eligibility",
    "features",
    "health_check",
    "history",
    "progression",
    "render",
    "render_html",
    "simulation",
    "statistics",
    "status",
    "whitelist",
]
