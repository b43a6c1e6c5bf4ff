"""The plan, its gates, and the phases of the manual."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rollout_console.render.criteria import criteria_table, met_mark
from rollout_console.render.dispatch import renderer
from rollout_console.render.formatting import DAY, HOUR, MINUTE, NOTHING, format_time
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.render.state import percentage_phrase, rollback_phrase
from rollout_console.render.svg import plan_drawing
from rollout_console.results import DecidedBy, Gate, OnBreach, Phases, Plan, PlanStep, StepState

STEP_MARKS: dict[StepState, str] = {"passed": "✓", "current": "▸", "ahead": " "}
HERE = "rollout.plan()"  # which the plan itself need not say
ON_BREACH: dict[OnBreach, str] = {
    "zero": "goes to 0 %",
    "step_back": "goes to the step before, and is held",
    "hold": "keeps its percentage, and is held",
}


def breach_phrase(on_breach: OnBreach, decided_by: DecidedBy | None, percentage: int, steps: Iterable[int]) -> str:
    """Return what a breach does to the rollout: where there is no step before, that is 0 %.

    Args:
        on_breach: as it is set.
        decided_by: who decides; the host may let more repositories in at a lower percentage.
        percentage: the one that is set.
        steps: those of the plan.
    """
    if on_breach == "step_back" and decided_by == "host":
        return f"{ON_BREACH['zero']} (the host's own function decides)"
    if on_breach == "step_back" and percentage and not any(step < percentage for step in steps):
        return f"{ON_BREACH['zero']} (there is no step before)"
    return ON_BREACH[on_breach]


@renderer.register
def render_plan(plan: Plan, screen: Screen) -> str:
    """Return the steps with the earliest moment of each, the gates before the next one, and what to type."""
    now = plan.server_time
    rows = [[*_step(s), f"{s.hours} h", *_earliest(s, now)] for s in plan.steps]
    headers = ["", "step", "share", "audience", "at least", "earliest", "in"]
    align = ["left", "right", "right", "left", "right", "left", "right"]
    table = screen.table(headers, rows, align, narrow=[3], wrap=[3], drop=[3, 4])
    gates = [
        f" {met_mark(g.open, screen)} {sanitize(g.message, 300)}{'' if g.open else _until(g, now, HERE)}"
        for g in plan.gates
    ]
    before = [] if plan.next_percentage is None else [f" before {plan.next_percentage} %:", *gates]
    stairs = screen.draw(list, lambda: plan_drawing(plan))  # the table says it all on a terminal
    parts = [_head(plan, screen), stairs, table, *before, *_calendar(plan), _switches(plan), _next(plan, screen)]
    return "\n".join(filter(None, parts))


@renderer.register
def render_phases(phases: Phases, screen: Screen) -> str:
    """Return the phases as a table, the criteria, and whether the next may begin."""
    table = screen.table(
        ["", "phase", "share", "audience"],
        [_step(s) for s in phases.steps],
        ["left", "right", "right", "left"],
        narrow=[3],
        wrap=[3],
    )
    lines = [_head(phases, screen), table]
    if phases.next_percentage is not None and phases.rollout_percentage > 0:
        measured = {c.name for c in phases.criteria}
        shut = [g for g in phases.gates if not g.open and g.name not in measured]
        lines += ["\n" + criteria_table(phases.criteria, screen, "before the next phase")]
        lines += gate_lines(shut, phases.server_time, screen)
    return "\n".join([*lines, _next(phases, screen)])


def gate_lines(gates: list[Gate], now: datetime, screen: Screen) -> list[str]:
    """Return a line for each shut gate: what is wrong, when it opens, what to type."""
    return [f" {screen.paint(sanitize(g.message, 300), 'warning')}{_until(g, now)}" for g in gates]


def time_left(moment: datetime, now: datetime) -> str:
    """Return how long it is until a moment, in the largest fitting unit."""
    seconds = max(0, (moment - now).total_seconds())
    if seconds < 2 * HOUR:
        return f"{-(-seconds // MINUTE):.0f} min"
    return f"{seconds // HOUR:.0f} h" if seconds < 2 * DAY else f"{seconds // DAY:.0f} days"


def _head(plan: Plan, screen: Screen) -> str:
    said = percentage_phrase(plan.rollout_percentage, plan.state, plan.server_time)
    head = f" {said}" if said.endswith(plan.phase) else f" {said}, {sanitize(plan.phase, 40)}"
    if plan.emergency_stop:
        head += "  " + screen.paint(" STOPPED ", "stopped")
    if plan.held_reason is None:
        return head
    ends = f" until {format_time(plan.held_until)}" if plan.held_until else ""
    return f"{head}  {screen.paint(f'HELD{ends}', 'flag')}"


def _step(step: PlanStep) -> list[str]:
    return [STEP_MARKS[step.state], str(step.number), f"{step.percentage} %", sanitize(step.audience or NOTHING, 60)]


def _earliest(step: PlanStep, now: datetime) -> list[str]:
    """Return when a step may come, and how long that is from now."""
    if step.earliest is None:
        return [NOTHING, ""]
    return ["now", ""] if step.earliest <= now else [format_time(step.earliest), time_left(step.earliest, now)]


def _until(gate: Gate, now: datetime, here: str | None = None) -> str:
    opens = f"; opens {format_time(gate.opens_at)} (in {time_left(gate.opens_at, now)})" if gate.opens_at else ""
    return opens if gate.command == here else f"{opens}; type: {sanitize(gate.command, 200)}"


def _calendar(plan: Plan) -> list[str]:
    window = f" rises only {sanitize(plan.change_window, 60)}" if plan.change_window else ""
    return [window] if window else []


def _switches(plan: Plan) -> str:
    by_itself = "on" if plan.auto_advance else "off"
    if plan.decided_by == "host":
        by_itself = "off: the host's own function decides, and the audience of a step is that of ours"
    breach = breach_phrase(plan.on_breach, plan.decided_by, plan.rollout_percentage, [s.percentage for s in plan.steps])
    return f" auto-advance {by_itself}; on a breach the rollout {breach}"


def _then(shut: str) -> str:
    return "\n then: " if shut else ": "


def _next(plan: Plan, screen: Screen) -> str:
    if plan.next_percentage is None:
        return " the last step is reached"
    if plan.rollout_percentage == 0 and not plan.emergency_stop:
        shut = "".join(
            f"\n first: {sanitize(g.message, 300)}{_until(g, plan.server_time)}" for g in plan.gates if not g.open
        )
        if why := rollback_phrase(plan.state, plan.server_time):
            return f" {why}{shut}\n to start again at {plan.next_percentage} % after the fix: rollout.advance()"
        return f" traffic is at 0 %; the next step is {plan.next_percentage} %{shut}{_then(shut)}rollout.advance()"
    if not plan.ready:
        return f" not ready for {plan.next_percentage} % yet"
    return screen.paint(f" ready for {plan.next_percentage} %: rollout.advance()", "good")
