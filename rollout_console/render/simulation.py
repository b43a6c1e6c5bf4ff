"""What practice jobs did."""

from __future__ import annotations

from rollout_console.render.dispatch import renderer
from rollout_console.render.formatting import format_count, format_counted
from rollout_console.render.health import health_phrase
from rollout_console.render.screen import Screen
from rollout_console.render.status import state_line
from rollout_console.results import Simulation


@renderer.register
def render_simulation(run: Simulation, screen: Screen) -> str:
    """Return how many jobs were sent, and whether one tripped the breaker."""
    sent = f"{format_counted(run.jobs, 'job', 'jobs')} sent, {format_count(run.errors)} failed"
    if run.control_jobs:
        sent += f"; {format_count(run.control_jobs)} of the control"
    if run.in_flight:
        sent += f"; {format_count(run.in_flight)} failed that began before the restart"
    if run.rolled_back:
        sent += f"; job {format_count(run.jobs)} tripped the breaker"
        sent += "\n to see why: rollout.history(1), rollout.showMetrics()"
    return f" {state_line(run.status, screen)}  {sent}\n {health_phrase(run.status.health, screen)}"
