"""The banner: target and feature, and three commands to begin with."""

from __future__ import annotations

from rollout_console import __version__
from rollout_console.console.place import leads_to, limits
from rollout_console.errors import RolloutError
from rollout_console.render.sanitize import sanitize
from rollout_console.shell.session import Session

FIRE_DRILL = 'practise an incident in ten minutes: rollout.help("fire-drill")'


def banner(session: Session, problem: RolloutError | None = None) -> str:
    """Return the lines above the first prompt.

    Args:
        session: for its target, feature and screen.
        problem: why there is no target, if there is none.
    """
    screen, client = session.screen(), session.console.client
    target = client.adapter.target
    style = "good" if target.kind == "local" else "bad"
    leads = leads_to(target.kind, target.place, named=target.named is not None)
    refused = limits(target.read_only, target.require_reason)
    lines = [
        f"rollout-console {__version__}",
        f" target   {screen.paint(sanitize(target.name, 60), style)} ({leads})",
        f" feature  {sanitize(client.feature, 100)}",
    ]
    if refused:
        lines.append(f" limits   {screen.paint(refused, 'warning')}")
    if problem is not None:
        lines.append(screen.fit(" " + screen.paint(sanitize(str(problem), 1500), "warning")))
    if target.first_run:
        lines.append(f" new here? {FIRE_DRILL}")
    return "\n".join([*lines, ' begin    rollout.status()   rollout.help()   rollout.emergencyStop("reason")', ""])
