"""The first lines: where we are, and three commands to begin with."""

from __future__ import annotations

from rollout_console import __version__
from rollout_console.console import Rollout
from rollout_console.errors import RolloutError
from rollout_console.text import clean


def banner(console: Rollout, problem: RolloutError | None = None) -> str:
    """Return the lines above the first prompt."""
    screen = console.screen()
    target = console.client.adapter.target
    kinds = {
        "local": "the practice database on this machine, sample data",
        "postgres": "PostgreSQL, directly",
        "supabase": "Supabase project",
        "none": "not connected",
    }
    style = "good" if target.kind == "local" else "bad"
    lines = [
        f"rollout-console {__version__}",
        f" target   {screen.paint(str(target), style)} ({kinds[target.kind]})",
        f" feature  {clean(console.client.feature, 100)}",
    ]
    if problem is not None:
        lines.append(" " + screen.paint(str(problem), "warning"))
    return "\n".join([*lines, ' begin    rollout.status()   rollout.help()   rollout.emergencyStop("reason")', ""])
