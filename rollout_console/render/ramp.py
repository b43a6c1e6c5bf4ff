"""What the commands of the ramp did, in a sentence."""

from __future__ import annotations

from rollout_console.render.changes import render_change, say_percentage, sentence
from rollout_console.render.difference import format_change
from rollout_console.render.dispatch import renderer
from rollout_console.render.progression import gate_lines
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.render.status import hold_phrase, state_line
from rollout_console.results import Advance, Change


@renderer.register
def render_advance(advance: Advance, screen: Screen) -> str:
    """Return the step that was taken, or the gates that are shut, each on a line with what to type."""
    if advance.outcome != "shut":
        return render_change(advance, screen)
    refused = f"not raised to {advance.next_percentage} %; nothing changed"
    lines = gate_lines(advance.shut, advance.status.server_time, screen)
    return "\n".join([f" {state_line(advance.status, screen)}  {refused}", *lines])


@sentence("advance")
def say_advanced(change: Change) -> str:
    """Say to which step, or that there is none left."""
    return say_percentage(change) if change.changed else "nothing changed: there is no further step; rollout.plan()"


@sentence("hold")
def say_held(change: Change) -> str:
    """Say that nobody raises it, and how to lift that."""
    done = "" if change.changed else "nothing changed: "
    return f"{done}{hold_phrase(change.status)}\n nobody raises it; to lift the hold: rollout.release()"


@sentence("release")
def say_released(change: Change) -> str:
    """Say that the ramp may rise again."""
    if not change.changed:
        return "nothing changed: the ramp is not held"
    return "released; when it may rise: rollout.plan()"


@sentence("plan")
def say_planned(change: Change) -> str:
    """Say what of the plan changed."""
    if change.change is None:
        return "nothing changed: the plan is as asked already; to see it: rollout.plan()"
    return f"{sanitize(format_change(change.change), 300)}; to see when: rollout.plan()"
