"""Changes as the history tells them: what, by whom, why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rollout_console.render.difference import format_change
from rollout_console.render.dispatch import renderer
from rollout_console.render.formatting import format_counted, format_duration, format_setting, format_time
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.results import EndedSession, History, HistoryEntry

# What these change, their names or their reasons say.
SAID_BY_NAME = (
    "emergencyStop", "resume", "hold", "release", "disableAutoRollback", "enableAutoRollback", "categorizeAll",
    "catchUp",
)  # fmt: skip


@renderer.register
def render_history(history: History, screen: Screen) -> str:
    """Return the changes, newest first, each with its reason below it."""
    if not history.entries:
        return " no changes yet"
    lines = []
    for entry in history.entries:
        summary = screen.paint(change_summary(entry), "title")
        lines.append(f" {sanitize(entry.short_id, 8)}  {format_time(entry.at)}  {summary}  by {change_author(entry)}")
        if entry.ended_sessions:
            lines.append(f"   in its way, and ended: {', '.join(map(session_phrase, entry.ended_sessions))}")
        lines += [f"   {told}" for told in change_details(entry)]
        if entry.reason:
            lines.append(f"   {sanitize(entry.reason, screen.room(2 * screen.width))}")
    return "\n".join(lines)


def change_summary(entry: HistoryEntry) -> str:
    """Return what a change was, in a few words."""
    tripped = entry.triggered_by == "auto_rollback"  # whoever reported the job or checked
    command = sanitize(entry.action if tripped else entry.command or entry.action, 40)
    if command == "undo" and entry.undoes:
        command += f" of {sanitize(entry.undoes[:8], 8)}"
    before, after = entry.previous_percentage, entry.new_percentage
    if before is not None and after is not None and before != after:
        return f"{command}: {before} % → {after} %" + (", in the history alone" if entry.is_claim else "")
    if entry.command in ("emergencyStop", "resume"):
        return f"{command} at {after} %"
    if entry.command in ("hold", "disableAutoRollback") and (ends := _end(entry.after or {})):
        return f"{command} until {format_time(ends)}"
    if names := [sanitize(name, 100) for name in entry.repositories]:
        until = f" until {format_time(ends)}" if (ends := _whitelisted_until(entry)) else ""
        return f"{command} {', '.join(names)}{until}"
    return f"{command}: {_changed_outside(entry)}" if entry.outside_console and entry.after else command


def change_details(entry: HistoryEntry) -> list[str]:
    """Return what became of the fields in a line, where the summary does not say it; none where it does."""
    moved = entry.previous_percentage != entry.new_percentage
    if moved or entry.outside_console or entry.command in SAID_BY_NAME or entry.repositories:
        return []
    return [told] if (told := format_change(entry)) else []


def _whitelisted_until(entry: HistoryEntry) -> datetime | None:
    """Return when those that a change has put on the whitelist leave it by themselves."""
    ends = (entry.after or {}).get("whitelist_until")
    before = (entry.before or {}).get("whitelist_until")
    if not isinstance(ends, dict) or not isinstance(before, dict):
        return None
    return _moment(next((end for name, end in ends.items() if before.get(name) != end), None))


def _end(became: dict[str, Any]) -> datetime | None:
    """Return when what a change began ends by itself."""
    return _moment(became.get("held_until") or became.get("breaker_off_until"))


def _moment(given: object) -> datetime | None:
    try:
        return datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:  # others may write rows, too
        return None


def _changed_outside(entry: HistoryEntry) -> str:
    """Return what a change was that no command names, in the words of the columns."""
    was, became = entry.before or {}, entry.after or {}
    return ", ".join(
        f"{sanitize(name, 40).replace('_', ' ')} {_shown(was.get(name))} → {_shown(value)}"
        for name, value in became.items()
        if was.get(name) != value
        and (name != "breaker_enabled" or "auto_rollback_enabled" not in became)  # the switch that follows it
    )


def _shown(value: object) -> str:
    return format_counted(len(value), "entry", "entries") if isinstance(value, list) else format_setting(value)


def session_phrase(session: EndedSession) -> str:
    """Return which database session it was: its process, what it calls itself, its state and for how long."""
    age = f" for {format_duration(session.seconds)}" if session.seconds is not None else ""
    return f"process {session.pid} ({sanitize(session.application, 60)}, {sanitize(session.state, 40)}{age})"


def change_phrase(entry: HistoryEntry, longest_reason: int) -> str:
    """Return what a change did, who made it, and its reason, in one line.

    Args:
        longest_reason: characters of the reason that are shown; none for 0.
    """
    reason = f": {sanitize(entry.reason, longest_reason)}" if entry.reason and longest_reason else ""
    return f"{change_summary(entry)}, by {change_author(entry)}{reason}"


def change_author(entry: HistoryEntry) -> str:
    """Return who made a change, as they call themselves, or what made it."""
    if entry.triggered_by == "auto_rollback":
        return "the application's own check" if entry.is_of_the_applications_check else "auto-rollback"
    if entry.triggered_by == "auto_advance":
        return "auto-advance"
    if entry.triggered_by == "auto_hold":  # of a breach, or of a sign
        return sanitize(str((entry.after or {}).get("held_by") or "auto-hold"), 40)
    if entry.triggered_by == "auto_end":
        return "itself"
    if entry.outside_console:
        return f"outside the console, as {sanitize(entry.database_role or 'unknown', 40)}"
    name = sanitize(entry.operator or entry.triggered_by or "unknown", 40)
    return f"{name}@{sanitize(entry.host, 40)}" if entry.host else name
