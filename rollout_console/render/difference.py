"""What a change made of what, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rollout_console.render.formatting import format_counted, format_setting, format_time
from rollout_console.render.sanitize import sanitize
from rollout_console.results import HistoryEntry

WORDS = {
    "rollout_percentage": "percentage",
    "rollout_strategy": "strategy",
    "emergency_stop": "emergency stop",
    "emergency_stop_reason": "reason of the stop",
    "auto_rollback_enabled": "auto-rollback",
    "breaker_enabled": "auto-rollback of the console",
    "target_repositories": "whitelist",
    "excluded_repositories": "blacklist",
    "held_reason": "held for",
    "held_by": "held by",
    "held_until": "held until",
    "breaker_off_until": "auto-rollback off until",
    "change_window": "window",
    "whitelist_until": "ends on the whitelist",
}
ENDS = ("held_until", "breaker_off_until")
SHOWN = 6  # fields, if there are more


def format_change(entry: HistoryEntry) -> str:
    """Return each field of a change with its value before and after."""
    parts = list(_differences(entry.before or {}, entry.after or {}))
    more = [f"and {len(parts) - SHOWN} more"] if len(parts) > SHOWN else []
    return "; ".join([*parts[:SHOWN], *more])


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*after, *before]):
        was, became = before.get(name), after.get(name)
        shown = WORDS.get(name) or sanitize(name, 80)
        if was == became:
            continue
        if name in ("metadata", "plan") and (isinstance(became, dict) or isinstance(was, dict)):
            yield from _differences(*(side if isinstance(side, dict) else {} for side in (was, became)))
        elif name == "frozen_until":
            yield "no longer frozen" if became is None else f"frozen until {_time(became)}"
        elif name in ENDS:
            yield f"{shown} {_time(was)} → {_time(became)}"
        elif name == "steps":
            yield f"{shown} {_steps(was)} → {_steps(became)}"
        elif name == "whitelist_until" or isinstance(became, list):
            yield f"{shown}: {_moved(set(map(str, was or ())), set(map(str, became or ())))}"
        elif isinstance(became, dict) and "pinned" in became:
            yield f"{shown} {'pinned as test' if became['pinned'] else 'no longer pinned'}"
        else:
            yield f"{shown} {format_setting(was)} → {format_setting(became)}"


def _time(moment: object) -> str:
    """Return a time in the local zone; what is none, as it is."""
    try:
        return format_time(datetime.fromisoformat(str(moment)))
    except ValueError:
        return format_setting(moment)


def _steps(steps: object) -> str:
    """Return the percentages of a plan and their hours: once, where they are all the same."""
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        return "the manual's"
    each = [(f"{step.get('percentage')} %", f"{step.get('hours')} h") for step in steps]
    if len({hours for _, hours in each}) == 1:
        return sanitize(
            f"{', '.join(share for share, _ in each)} for {each[0][1]}{' each' if len(each) > 1 else ''}", 200
        )
    return sanitize(", ".join(f"{share} for {hours}" for share, hours in each), 200)


def _moved(was: set[str], became: set[str]) -> str:
    counts = {"added": len(became - was), "removed": len(was - became)}
    return ", ".join(f"{format_counted(n, 'entry', 'entries')} {what}" for what, n in counts.items() if n) or "changed"
