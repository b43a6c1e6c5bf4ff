"""The overview as lines of text, for any size of terminal."""

from __future__ import annotations

from rollout_console import results
from rollout_console.refresh import Snapshot
from rollout_console.render.chart import error_chart
from rollout_console.render.criteria import met_mark
from rollout_console.render.formatting import (
    format_age,
    format_count,
    format_duration,
    format_moment,
    format_number,
    format_percent,
    format_time,
)
from rollout_console.render.health import control_phrase, evidence_phrase, health_phrase, stop_effect_phrase
from rollout_console.render.history import change_author, change_summary
from rollout_console.render.progression import STEP_MARKS, time_left
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.render.status import hold_phrase, state_line

STALE_AFTER = 3  # refreshes that were missed
ROOMY = 28  # lines from which there is room for blank ones


def draw(snapshot: Snapshot[results.Overview], every: float, screen: Screen, width: int, height: int) -> list[str]:
    """Return at most `height` lines, what matters in an incident first: it is never cut off.

    Args:
        snapshot: the newest overview, or why there is none.
        every: the refresh interval in seconds; an overview that is much older is marked stale.
        screen: for its colours.
        width: of the terminal, in columns.
        height: of the terminal, in lines.
    """
    seen = snapshot.value
    if seen is None:
        return [f" {sanitize(snapshot.problem, 2 * width) if snapshot.problem else 'connecting …'}"]
    gap = [] if height < ROOMY else [""]
    lines = [*_header(seen, snapshot, every, screen, width), *_plan(seen.plan, screen), *gap]
    lines += [*_categories(seen.categories, screen, width), *gap, *_processors(seen.metrics, screen), *gap]
    room = height - len(lines) - 2  # below the two titles
    chart_height = max(3, min(12, room // 2 - 1))
    if room >= chart_height + 3:
        lines += [screen.paint(" error rate", "title"), *error_chart(seen.trend, screen, width - 1, chart_height)]
    lines += [screen.paint(" last changes", "title"), *_changes(seen.history, seen.status, width)]
    return lines[:height]


def _header(
    seen: results.Overview, snapshot: Snapshot[results.Overview], every: float, screen: Screen, width: int
) -> list[str]:
    status = seen.status
    name = screen.paint(sanitize(status.feature_name, 40), "title")
    state = f"{state_line(status, screen)}  {_freshness(snapshot, every, screen)}"
    lines = [f" {name}  {state}  on {sanitize(status.target, 40)}"]
    set_and_in_effect = f"{status.rollout_percentage} % set, {status.percentage_in_effect} % in effect"
    eligible = f"{format_count(status.eligible_repositories)} of {format_count(status.total_repositories)} in"
    switch = "on" if status.auto_rollback_enabled else screen.paint("OFF", "warning")
    bar = screen.bar(status.percentage_in_effect, 100, max(10, width - 75))
    breaker = f"auto-rollback {switch} (> {format_number(status.max_error_rate)} %)"
    lines.append(f" {bar} {set_and_in_effect}, {eligible}, {breaker}")
    if status.emergency_stop:
        reason = sanitize(status.emergency_stop_reason or "no reason given", width)
        since = format_moment(status.emergency_stopped_at, status.server_time)
        lines.append(" " + screen.paint(f"stopped {since}: {reason}"[: width - 2], "bad"))
    if status.held_reason is not None:
        lines.append(" " + screen.paint(hold_phrase(status)[: width - 2], "warning"))
    lines.append(f" {health_phrase(status.health, screen)}")
    beside = [evidence_phrase(status.health), control_phrase(status.health) if status.health.control.jobs else ""]
    if any(beside):
        lines.append(f" {'; '.join(filter(None, beside))}")
    for warning in status.warnings:
        said = f"warning: {sanitize(warning.name, 40)}; at the prompt: {sanitize(warning.command, 80)}"
        lines.append(f" {screen.paint(said[: width - 2], 'warning')}")
    if effect := stop_effect_phrase(status, screen):
        lines.append(f" {effect}")
    return lines


def _freshness(snapshot: Snapshot[results.Overview], every: float, screen: Screen) -> str:
    age = snapshot.age()
    if snapshot.problem:
        return screen.paint(f" STALE, {age:.0f} s old: {sanitize(snapshot.problem, 60)} ", "warning")
    if age > STALE_AFTER * every + 1:
        return screen.paint(f" STALE, {age:.0f} s old ", "warning")
    return ""


def _plan(plan: results.Plan, screen: Screen) -> list[str]:
    steps = "  ".join(f"{STEP_MARKS[s.state]}{s.number}: {s.percentage} %{_wait(s, plan)}" for s in plan.steps)
    if plan.next_percentage is None:
        return [f" plan {steps}"]
    shut = "; ".join(sanitize(g.message, 200) for g in plan.gates if not g.open)
    by_itself = " by itself" if plan.auto_advance else ""
    readiness = f"before {plan.next_percentage} %{by_itself}: {shut}"
    if plan.ready:
        readiness = screen.paint(f"ready for {plan.next_percentage} %{by_itself}", "good")
    return [f" plan {steps}", f" {met_mark(plan.ready or None, screen)} {readiness}"]


def _wait(step: results.PlanStep, plan: results.Plan) -> str:
    """Return the time left before the next step."""
    if step.percentage != plan.next_percentage or step.earliest is None or step.earliest <= plan.server_time:
        return ""
    return f" (in {time_left(step.earliest, plan.server_time)})"


def _categories(found: results.Categories, screen: Screen, width: int) -> list[str]:
    bar = max(10, min(60, width - 40))
    return [
        f"  {c.category.ljust(11)}{screen.bar(c.eligible, c.repositories, bar)} "
        f"{format_count(c.eligible)} of {format_count(c.repositories)}"
        for c in found.categories
    ]


def _processors(metrics: results.Metrics, screen: Screen) -> list[str]:
    if not metrics.processors:
        return [" processors: no jobs in the window"]
    return [
        f" {sanitize(p.processor, 14).ljust(15)}{p.arm.ljust(10)}{format_count(p.jobs):>9} jobs  "
        f"{format_percent(p.error_rate):>8} errors  {format_duration(p.average_seconds):>9}"
        for p in metrics.processors
    ]


def _changes(history: results.History, status: results.Status, width: int) -> list[str]:
    lines = [
        f"  {format_age(e.at, status.server_time).rjust(11)}  {change_summary(e)}, {change_author(e)}  "
        f"{sanitize(e.reason or '', 80)}"
        for e in history.entries
    ]
    return [line[:width] for line in lines]


def history_lines(history: results.History) -> list[str]:
    """Return the history as lines for a page of its own, one for each change."""
    return [
        f" {format_time(e.at)}  {change_summary(e)}, by {change_author(e)}"
        f"{': ' + sanitize(e.reason, 200) if e.reason else ''}"
        for e in history.entries
    ]
