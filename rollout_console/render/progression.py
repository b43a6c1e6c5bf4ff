"""The phases, and the criteria of the next one."""

from __future__ import annotations

from rollout_console.render.criteria import criteria_table
from rollout_console.render.dispatch import renderer
from rollout_console.render.outcomes import warning_lines
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.results import Phases, PhaseState

PHASE_MARKS: dict[PhaseState, str] = {"passed": "✓", "current": "▸", "ahead": " "}


@renderer.register
def render_phases(phases: Phases, screen: Screen) -> str:
    """Return the phases as a table, and whether the next may begin."""
    head = f" {phases.rollout_percentage} %, {sanitize(phases.phase, 40)}"
    if phases.emergency_stop:
        head += "  " + screen.paint(" STOPPED ", "stopped")
    rows = [[PHASE_MARKS[p.state], str(p.phase), f"{p.percentage} %", sanitize(p.audience, 60)] for p in phases.phases]
    table = screen.table(["", "phase", "share", "audience"], rows, ["left", "right", "right", "left"], narrow=[3])
    return "\n".join([head, table, *_next_phase(phases, screen)])


def _next_phase(phases: Phases, screen: Screen) -> list[str]:
    if phases.next_percentage is None:
        return [" the last phase is reached"]
    if phases.rollout_percentage == 0 and not phases.emergency_stop:
        return [f" not started; to begin: rollout.setRollout({phases.next_percentage})"]
    criteria = "\n" + criteria_table(phases.criteria, screen, "before the next phase")
    if not phases.ready:
        return [criteria, *warning_lines(phases.warnings, screen), f" not ready for {phases.next_percentage} % yet"]
    ready = f" ready for {phases.next_percentage} %: rollout.setRollout({phases.next_percentage})"
    return [criteria, screen.paint(ready, "good")]
