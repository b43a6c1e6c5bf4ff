"""The lines on top, over the whole width: the state and what it means, before anything else."""

from __future__ import annotations

from datetime import datetime, timedelta

from rollout_console import results
from rollout_console.dashboard.advice import in_keys
from rollout_console.refresh import Snapshot
from rollout_console.render.criteria import met_mark
from rollout_console.render.formatting import (
    format_age,
    format_count,
    format_counted,
    format_number,
    format_percent,
    format_time,
)
from rollout_console.render.health import VERDICTS, evidence_phrase, stop_effect_phrase
from rollout_console.render.layout import cells, clip, fold, pack, pad, shorten_middle
from rollout_console.render.progression import STEP_MARKS, time_left
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.render.state import rollback_phrase
from rollout_console.render.status import counted_phrase, flags, hold_phrase, off_phrase

WITH_CLOCK = 100  # columns from which the time of the data is shown
STALE_AFTER = 3  # refreshes that were missed
FOLDED = 2  # lines, at most, of a sentence
HANG = "   "
GAP, ON = "   ", " on "  # before the feature, and the target
PLACE, SHORTEST = 16, 6  # cells that feature and target take at least, and a name
TARGET = 12  # cells of the target for which the feature gives way
PROBLEM = 3  # lines, at most, of why there is nothing newer


def header(seen: results.Overview, snapshot: Snapshot[results.Overview], every: float, screen: Screen) -> list[str]:
    """Return the state and what it means, the most important line first.

    Args:
        seen: what is shown.
        snapshot: how old that is, and why there is nothing newer.
        every: the refresh interval in seconds; an overview that is much older is marked stale.
        screen: for its width and colours.
    """
    status, width = seen.status, screen.width
    stale = bool(snapshot.problem) or snapshot.age() > STALE_AFTER * every + 1
    lines = [_first_line(seen, _age(snapshot, screen, stale=stale), screen, stale=stale)]
    if snapshot.problem:
        problem = screen.paint(in_keys(sanitize(snapshot.problem, 500)), "warning")
        lines += _folded(f" {problem}", screen, PROBLEM)
    for line in meaning(status, screen):
        lines += _folded(f" {line}", screen)
    if effect := stop_effect_phrase(status, screen):
        lines.append(f" {effect}")
    lines.append(f" {_verdict(status, screen)}")
    lines += pack(_arms(status.health), width, gap=" │ ")
    lines += pack(_figures(status, screen), width)
    for warning in status.warnings:
        lines += _warning(warning, screen)
    lines += _plan(seen, screen)
    return [clip(line, width) for line in lines]


def _first_line(seen: results.Overview, age: str, screen: Screen, *, stale: bool) -> str:
    status = seen.status
    room = screen.width - cells(age) - 2
    ways = [
        (_state(status, screen, stale=stale), flags(status)),
        (_state(status, screen, stale=stale), flags(status, ends=False)),
        (_state(status, screen, stale=stale, short=True), flags(status, ends=False)),
    ]
    for state, said in ways:
        line = "  ".join([f" {state}", *(screen.paint(flag, "flag") for flag in said)])
        left = room - cells(line) - len(GAP)
        if left >= PLACE:
            break
    place = _place(status, left)
    return f"{pad(f'{line}{GAP}{place}' if place else line, room)} {age} "


def _place(status: results.Status, room: int) -> str:
    """Return feature and target in so many cells: where both are too long, each gives way."""
    feature, target = sanitize(status.feature_name, 100), sanitize(status.target, 100)
    both = room - len(ON)
    if both < 2 * SHORTEST:
        return shorten_middle(target or feature, room) if room >= SHORTEST else ""
    of_target = min(cells(target), max(both - cells(feature), min(both // 2, TARGET)))
    return f"{shorten_middle(feature, both - of_target)}{ON}{shorten_middle(target, of_target)}"


def _state(status: results.Status, screen: Screen, *, stale: bool, short: bool = False) -> str:
    percentage = status.rollout_percentage
    if status.emergency_stop:
        return screen.paint(" STOPPED " if short else f" STOPPED ({percentage} % is kept) ", "stopped")
    if status.state is not None and status.state.name == "rolled_back":
        return screen.paint("ROLLED BACK" if short else f"ROLLED BACK to {percentage} %", "bad")
    running = "muted" if stale else "good"  # nobody knows whether it still does
    return screen.paint(f"RUNNING at {percentage} %", running) if percentage else screen.paint("AT 0 %", "warning")


def _age(snapshot: Snapshot[results.Overview], screen: Screen, *, stale: bool) -> str:
    age = f"{snapshot.age():.0f} s old"
    if screen.width >= WITH_CLOCK:
        age = f"{datetime.now() - timedelta(seconds=snapshot.age()):%H:%M:%S}, {age}"
    return screen.paint(f"STALE, {age}", "flag") if stale else age


def meaning(status: results.Status, screen: Screen) -> list[str]:
    """Return why it is as it is, for each state that somebody or something has brought about."""
    width, now = screen.width, status.server_time
    lines = []
    if status.emergency_stop:
        reason = sanitize(status.emergency_stop_reason or "no reason given", width)
        stopped = status.emergency_stopped_at  # unknown for a stop that is older than this console
        since = f" {format_age(stopped, now)}" if stopped is not None else ""
        lines.append(screen.paint(f"no repository is eligible; stopped{since}: {reason}", "bad"))
    elif rollback := rollback_phrase(status.state, now):
        lines.append(screen.paint(rollback, "bad"))
    if status.held_reason is not None:
        lines.append(screen.paint(hold_phrase(status), "warning"))
    if not status.auto_rollback_enabled:
        lines.append(screen.paint(f"auto-rollback is {off_phrase(status)}", "warning"))
    return lines


def _figures(status: results.Status, screen: Screen) -> list[str]:
    eligible = f"{format_count(status.eligible_repositories)} of {format_count(status.total_repositories)} eligible"
    eligible += counted_phrase(status)
    switch = "on" if status.auto_rollback_enabled else screen.paint("OFF", "warning")
    return [
        f"{status.rollout_percentage} % set, {status.percentage_in_effect} % in effect,",
        f"{eligible},",
        f"auto-rollback {switch} (> {format_number(status.max_error_rate)} %)",
    ]


def _verdict(status: results.Status, screen: Screen) -> str:
    health = status.health
    words, style = VERDICTS[health.verdict]
    verdict = screen.paint(words.format(health=health), style)
    judged, window = health.recent or health, f"in the last {health.window_hours} h"
    if health.since_restart:
        window = f"since the restart, {format_age(health.window_start, status.server_time)}"
    if not judged.jobs:
        return f"{verdict} {window}"
    if health.recent:
        window = f"since {format_time(health.recent.since)}"
    cause = "probably not the rollout: the control fails, too" if health.control.failing else ""
    said = [f"{verdict}: {format_percent(judged.error_rate)} errors {window}", evidence_phrase(health), cause]
    return "; ".join(filter(None, said))


def _arms(health: results.Health) -> list[str]:
    least = format_counted(health.minimum_sample, "job", "jobs")
    threshold = f"threshold {format_number(health.max_error_rate)} %, ≥ {least}"
    return [_arm("treatment", health), _arm("control", health.control), threshold]


def _arm(name: str, rate: results.Rate) -> str:
    if not rate.jobs:
        return f"{name} no jobs"
    return f"{name} {format_percent(rate.error_rate)} ({format_count(rate.errors)} of {format_count(rate.jobs)})"


def _warning(warning: results.HealthWarning, screen: Screen) -> list[str]:
    command = sanitize(warning.command, 300)
    todo = f"press : and type {command.removeprefix('rollout.')}" if command.startswith("rollout.") else command
    text = f" {screen.paint('warning', 'warning')}: {sanitize(warning.message, 200)}"
    if todo == command and len(fold(f"{text}; {todo}", screen.width, HANG)) > FOLDED:
        todo = "press : and type status()"  # a statement of SQL in half is of no use; there it is whole
    room = screen.width * FOLDED - cells(todo) - 20  # what is to be typed is never cut for the sake of the message
    return _folded(f"{clip(text, max(30, room))}; {todo}", screen)


def missing_lines(seen: results.Overview, part: str, screen: Screen) -> list[str]:
    """Return the line in the place of a part that can't be read."""
    return _warning(seen.missing(part), screen)


def _folded(text: str, screen: Screen, most: int = FOLDED) -> list[str]:
    """Return a sentence in few lines; an ellipsis says that there is more."""
    lines = fold(text, screen.width, HANG)
    return lines if len(lines) <= most else [*lines[: most - 1], clip(f"{lines[most - 1]} …", screen.width)]


def _plan(seen: results.Overview, screen: Screen) -> list[str]:
    plan = seen.plan
    if plan is None:
        return missing_lines(seen, "plan", screen)
    steps = [f"{STEP_MARKS[s.state]}{s.number}: {s.percentage} %{_wait(s, plan)}" for s in plan.steps]
    passed = sum(s.state == "passed" for s in plan.steps)
    while passed and cells(line := f" plan {'  '.join(steps)}") > screen.width:
        steps, passed = ["…", *steps[1 + (steps[0] == "…") :]], passed - 1
    line = f" plan {'  '.join(steps)}"
    if plan.next_percentage is None:
        return [line]
    mark, by_itself = met_mark(plan.ready or None, screen), " by itself" if plan.auto_advance else ""
    if plan.phase == "rolled back":
        return [line, " to start again after the fix, press s"]
    if plan.ready:
        return [line, f" {mark} {screen.paint(f'ready for {plan.next_percentage} %{by_itself}', 'good')}"]
    shut = "; ".join(sanitize(g.message, 200) for g in plan.gates if not g.open)
    return [line, *_folded(f" {mark} before {plan.next_percentage} %{by_itself}: {shut}", screen)]


def _wait(step: results.PlanStep, plan: results.Plan) -> str:
    """Return the time left before the next step."""
    if step.percentage != plan.next_percentage or step.earliest is None or step.earliest <= plan.server_time:
        return ""
    return f" (in {time_left(step.earliest, plan.server_time)})"
