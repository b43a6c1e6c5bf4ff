"""The course of an incident, event by event."""

from __future__ import annotations

from dataclasses import dataclass

from rollout_console.render.chart import render_error_trend
from rollout_console.render.dispatch import renderer
from rollout_console.render.errors import error_lines, kind_name, main_errors, main_repository
from rollout_console.render.formatting import format_counted
from rollout_console.render.history import change_author, change_details, change_summary
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.results import Event, HistoryEntry, Timeline
from rollout_console.validation import in_zone

REASON = 500  # characters
STYLES = {"trip": "bad", "leak": "bad", "alert": "muted", "error": "warning", "note": "good", "change": "title"}
KINDS_SHOWN = 5
MOST_EVENTS = 1000  # that a timeline can be asked for


@dataclass(frozen=True)
class Told:
    """An event in words, which can't act on a terminal.

    Attributes:
        what: in a few words.
        who: who or what did it; empty where nobody did.
        details: a line each.
    """

    what: str
    who: str = ""
    details: tuple[str, ...] = ()


@renderer.register
def render_timeline(timeline: Timeline, screen: Screen) -> str:
    """Return the events, oldest first, and below them the errors and the chart."""
    head = f" {screen.paint(sanitize(timeline.feature_name, 100), 'title')}  {percentages_phrase(timeline)}"
    lines = [head, *([f" {left_out_phrase(timeline)}"] if timeline.left_out else [])]
    for event in timeline.events:
        told = tell(event)
        by = f"  by {told.who}" if told.who else ""
        moment = f"{in_zone(event.at):%Y-%m-%d %H:%M:%S %Z}"
        lines.append(f" {screen.paint(moment, 'muted')}  {screen.paint(told.what, STYLES[event.type])}{by}")
        lines += [f"   {detail}" for detail in told.details]
    if not timeline.events:
        lines.append(" nothing happened")
    parts = ["\n".join(lines)]
    if timeline.errors:
        kinds = timeline.errors[:KINDS_SHOWN]
        shown = [line for kind in kinds for line in error_lines(kind, timeline.server_time, screen)]
        parts.append("\n".join([f" {screen.paint('errors', 'title')}, for all: rollout.errors()", *shown]))
    parts.append(render_error_trend(timeline.trend, screen))
    return "\n\n".join(parts)


def tell(event: Event) -> Told:
    """Return an event in words."""
    if event.change is not None:
        return _told_change(event.change, event.type == "trip")
    if event.error is not None:
        where = ", ".join(sanitize(name, 80) for name in event.error.repositories[:3]) or "no repository known"
        return Told(
            "new kind of error",
            details=(f"{kind_name(event.error)}; at {event.error.first_percentage} %; {where}",),
        )
    if event.leaks is not None:
        jobs = format_counted(event.leaks, "job", "jobs")
        return Told("LEAK", details=(f"{jobs} began in the rollout although it was stopped or lowered",))
    return Told("alert sent", details=(_alert_phrase(event.alert or "unknown"),))


def percentages_phrase(timeline: Timeline) -> str:
    """Return where the rollout stood before, and where it stands."""
    stopped = ", STOPPED" if timeline.emergency_stop else ""
    return f"{timeline.percentage_before} % → {timeline.rollout_percentage} %{stopped}"


def left_out_phrase(timeline: Timeline) -> str:
    """Return how many events are missing, and how to see them."""
    events = format_counted(timeline.left_out, "earlier event is", "earlier events are")
    more = f"limit={MOST_EVENTS} shows more" if len(timeline.events) < MOST_EVENTS else "a shorter span shows them"
    return f"{events} left out: {more}"


def _told_change(entry: HistoryEntry, tripped: bool) -> Told:
    details = [*change_details(entry), *([sanitize(entry.reason, REASON)] if entry.reason else [])]
    if tripped or entry.triggered_by == "auto_hold":
        details += [f"main error: {phrase}" for phrase in main_errors(entry.evidence or {})]
        details += main_repository(entry.evidence or {})
    what = f"TRIPPED: {change_summary(entry)}" if tripped else change_summary(entry)
    return Told(what, change_author(entry), tuple(details))


def _alert_phrase(event: str) -> str:
    """Return what an alert was for: its kind, and of a change the beginning of its id."""
    kind, _, change = event.partition(" ")
    return f"{sanitize(kind, 200)}, change {sanitize(change[:8], 8)}" if change else sanitize(kind, 200)
