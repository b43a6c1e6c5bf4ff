"""The overview as lines of text, for any size of terminal."""

from __future__ import annotations

from rollout_console import results
from rollout_console.refresh import Snapshot
from rollout_console.render.chart import error_chart
from rollout_console.render.phrases import duration, mark, measured, number, verdict, wanted, what, when, who
from rollout_console.render.reports import state_line
from rollout_console.render.screen import Screen
from rollout_console.text import ago, clean, count, local_time, percent

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
        return [f" {clean(snapshot.problem, 2 * width) if snapshot.problem else 'connecting …'}"]
    gap = [] if height < ROOMY else [""]
    lines = [*_header(seen, snapshot, every, screen, width), *_phases(seen.phases, screen), *gap]
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
    name = screen.paint(clean(status.feature_name, 40), "title")
    state = f"{state_line(status, screen)}  {_freshness(snapshot, every, screen)}"
    lines = [f" {name}  {state}  on {clean(status.target, 40)}"]
    set_and_in_effect = f"{status.rollout_percentage} % set, {status.percentage_in_effect} % in effect"
    eligible = f"{count(status.eligible_repositories)} of {count(status.total_repositories)} in"
    switch = "on" if status.auto_rollback_enabled else screen.paint("OFF", "warning")
    bar = screen.bar(status.percentage_in_effect, 100, max(10, width - 75))
    breaker = f"auto-rollback {switch} (> {number(status.max_error_rate)} %)"
    lines.append(f" {bar} {set_and_in_effect}, {eligible}, {breaker}")
    if status.emergency_stop:
        reason = clean(status.emergency_stop_reason or "no reason given", width)
        since = when(status.emergency_stopped_at, status.server_time)
        lines.append(" " + screen.paint(f"stopped {since}: {reason}"[: width - 2], "bad"))
    lines.append(f" {verdict(status.health, screen)}")
    return lines


def _freshness(snapshot: Snapshot[results.Overview], every: float, screen: Screen) -> str:
    age = snapshot.age()
    if snapshot.problem:
        return screen.paint(f" STALE, {age:.0f} s old: {clean(snapshot.problem, 60)} ", "warning")
    if age > STALE_AFTER * every + 1:
        return screen.paint(f" STALE, {age:.0f} s old ", "warning")
    return ""


def _phases(phases: results.Phases, screen: Screen) -> list[str]:
    signs = {"passed": "✓", "current": "▸", "ahead": " "}
    steps = "  ".join(f"{signs.get(p.state, ' ')}{p.phase}: {p.percentage} %" for p in phases.phases)
    if phases.next_percentage is None:
        return [f" phases {steps}"]
    if phases.ready:
        readiness = screen.paint(f"ready for {phases.next_percentage} %", "good")
    else:
        needs = [f"{c.name} {measured(c.actual, c.unit)}, wanted {wanted(c)}" for c in phases.criteria if not c.met]
        readiness = f"before {phases.next_percentage} %: {'; '.join(needs) or 'resume'}"
    return [f" phases {steps}", f" {mark(phases.ready or None, screen)} {readiness}"]


def _categories(found: results.Categories, screen: Screen, width: int) -> list[str]:
    bar = max(10, min(60, width - 40))
    return [
        f"  {c.category.ljust(11)}{screen.bar(c.eligible, c.repositories, bar)} "
        f"{count(c.eligible)} of {count(c.repositories)}"
        for c in found.categories
    ]


def _processors(metrics: results.Metrics, screen: Screen) -> list[str]:
    if not metrics.processors:
        return [" processors: no jobs in the window"]
    return [
        f" {clean(p.processor, 16).ljust(16)}{count(p.jobs):>9} jobs  {percent(p.error_rate):>8} errors  "
        f"{duration(p.average_seconds):>9}"
        for p in metrics.processors
    ]


def _changes(history: results.History, status: results.Status, width: int) -> list[str]:
    return [
        f"  {ago(e.at, status.server_time).rjust(11)}  {what(e)}, {who(e)}  {clean(e.reason or '', 80)}"[:width]
        for e in history.entries
    ]


def history_lines(history: results.History) -> list[str]:
    """Return the history as lines for a page of its own, one for each change."""
    return [
        f" {local_time(e.at)}  {what(e)}, by {who(e)}" + (f": {clean(e.reason, 200)}" if e.reason else "")
        for e in history.entries
    ]
