"""Results as text and HTML: the only package that knows what a terminal looks like."""

from __future__ import annotations

from rollout_console.render import (  # noqa: F401 importing them registers their renderers
    categories,
    changes,
    chart,
    eligibility,
    errors,
    features,
    guardrail,
    health_check,
    history,
    incident,
    outcomes,
    progression,
    ramp,
    settings,
    simulation,
    statistics,
    status,
    timeline,
    whitelist,
)
from rollout_console.render.dispatch import render
from rollout_console.render.html import render_html
from rollout_console.render.incident import postmortem
from rollout_console.render.screen import Screen

__all__ = ["Screen", "postmortem", "render", "render_html"]
