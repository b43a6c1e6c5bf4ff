"""What a health check found and did."""

from __future__ import annotations

from rollout_console.render.criteria import criteria_table
from rollout_console.render.dispatch import renderer
from rollout_console.render.health import health_lines, stop_effect_phrase, warning_phrase
from rollout_console.render.screen import Screen
from rollout_console.render.status import LOW, resumes_low, state_line
from rollout_console.results import HealthAction, HealthCheck, Status

# What was done, how loudly to say so, and what to type.
ACTIONS: dict[HealthAction, tuple[str, str | None, str]] = {
    "none": ("no rollback needed", None, ""),
    "held": (
        "above the threshold, held by the guardrail: the evidence is weak",
        "warning",
        "; to roll back: rollout.rollbackToZero()",
    ),
    "rolled_back": (
        "ROLLED BACK to 0 %",
        "bad",
        "; to investigate: rollout.showMetrics(); when fixed: rollout.{start}",
    ),
    "stepped_back": (
        "ROLLED BACK to {percentage} %",
        "bad",
        "; to investigate: rollout.showMetrics(); when fixed: rollout.plan()",
    ),
    "ramp_held": (
        "breach: HELD at {percentage} %, traffic flows on",
        "bad",
        "; to leave: rollout.rollbackToZero(); when fixed: rollout.release()",
    ),
    "auto_rollback_off": (
        "breach, and auto-rollback is OFF: nothing was done",
        "bad",
        "; to act: rollout.rollbackToZero()",
    ),
    "read_only": (
        "breach, and this is a standby, which can't roll back",
        "bad",
        "; to act, on the primary: rollout.rollbackToZero()",
    ),
    "already_at_zero": ("breach, and the rollout is at 0 % already", None, "; when fixed: rollout.{start}"),
    "already_stopped": ("breach, and traffic is halted already", None, "; when fixed: rollout.{resume}"),
}


@renderer.register
def render_health_check(check: HealthCheck, screen: Screen) -> str:
    """Return the state, the health that was found, its criteria, and what was done."""
    done, style, what_next = ACTIONS[check.action]
    low = f"resume({LOW})" if resumes_low(check.status) else "resume()"
    what_next = what_next.format(start=_start(check.status), resume=low)
    done = done.format(percentage=check.status.rollout_percentage)
    verdict, *beside = health_lines(check.health, screen)
    beside += filter(None, [stop_effect_phrase(check.status, screen)])
    beside += [warning_phrase(warning, screen) for warning in check.status.warnings]
    return "\n".join(
        [
            f" {state_line(check.status, screen)}  {verdict}",
            *(f" {line}" for line in beside),
            criteria_table(check.criteria, screen, "criterion"),
            f" {screen.paint(done, style) if style else done}{what_next}",
        ]
    )


def _start(status: Status) -> str:
    """Return how to leave 0 %: at no more than what the rollout fell from."""
    if status.decided_by == "host":  # it may take a low percentage for all of them
        return "advance()"
    before = status.state.from_percentage if status.state is not None else None
    return f"setRollout({min(LOW, before) if before else LOW})"
