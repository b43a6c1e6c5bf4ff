"""What an alert says: what happened, by whom and why, the evidence, and the next command to paste."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from rollout_console.render.errors import main_errors, main_repository
from rollout_console.render.formatting import format_counted, format_number
from rollout_console.render.health import control_phrase, error_rate_phrase, evidence_phrase
from rollout_console.render.history import change_details, change_phrase, session_phrase
from rollout_console.render.sanitize import sanitize
from rollout_console.render.status import LOW, resumes_low
from rollout_console.results import AlertDue, Health, HealthCheck, HistoryEntry, parse

NEXT = "next, in the console: "
BREACH = "breach"
EARLY = "early"
BLIND = "blind"
SERVICE = "service"  # one that alerts go to
REMINDER = "reminder"  # of what is switched off without an end


@dataclass(frozen=True)
class Alert:
    """One message.

    Attributes:
        title: what happened, in a few words.
        text: the details, and what to type.
    """

    title: str
    text: str


@dataclass(frozen=True)
class Kind:
    """What is said of a change of one kind.

    Attributes:
        title: the first words.
        next: the command that one is likely to want then.
    """

    title: str
    next: Callable[[HistoryEntry], str]


def _undo(entry: HistoryEntry) -> str:
    return f'rollout.undo("{sanitize(entry.short_id, 8)}")'


def _lower(entry: HistoryEntry) -> str:
    return f"rollout.rollbackToPercentage({entry.previous_percentage})"


# By their names in ROLLOUT_ALERT_ON and in rollout.alert_kind.
CHANGES = {
    "trip": Kind("ROLLED BACK by itself", lambda _: "rollout.showMetrics()"),
    "rollback": Kind("rolled back", lambda _: "rollout.showMetrics()"),
    "stop": Kind("EMERGENCY STOP", lambda _: "rollout.showMetrics(), rollout.errors()"),
    "resume": Kind("resumed", lambda _: "rollout.checkHealth()"),
    "raising": Kind("raised", _lower),
    "advance": Kind("advanced", _lower),
    "auto_hold": Kind("HELD by itself", lambda _: "rollout.release(), or rollout.rollbackToZero()"),
    "ended": Kind("ended by itself", lambda _: "rollout.status()"),
    "hold": Kind("held", lambda _: "rollout.release()"),
    "release": Kind("released", lambda _: "rollout.status()"),
    "undo": Kind("undone", _undo),
    "settings": Kind("settings changed", _undo),
    "notes": Kind("note", lambda _: "rollout.history()"),
}
SWITCHED_OFF = Kind("auto-rollback is OFF", lambda _: "rollout.enableAutoRollback()")
SWITCHED_ON = Kind("auto-rollback is on again", lambda _: "rollout.status()")
PLAN_DONE = Kind("the plan is at its end", lambda _: "rollout.status()")
KINDS = (*CHANGES, BREACH, EARLY, BLIND, SERVICE, REMINDER)
DEFAULT = ("trip", "rollback", "stop", "resume", "auto_hold", BREACH, EARLY, BLIND, SERVICE, REMINDER)


def worded(due: AlertDue, check: HealthCheck) -> Alert:
    """Return what to say of a change or a state.

    Args:
        due: what happened.
        check: what the monitor has just found: the evidence of what brings none of its own.
    """
    if due.change is not None:
        return _of_change(CHANGES[due.kind], due.change, check)
    if due.kind == EARLY:
        return _early(due, check)
    if due.kind == SERVICE:
        return _of_service(due)
    if due.kind == REMINDER:
        return _reminder(due, check)
    if not due.over:
        return Alert(
            "BREACH, and auto-rollback is off",
            f"Traffic still flows.\n{_evidence(check.health)}\n{NEXT}rollout.rollbackToZero()",
        )
    title = "breach: rolled back or stopped" if check.health.check_rolls_back else "breach is over"
    return Alert(title, f"Rollout at {_at(check)}.\n{_evidence(check.health)}\n{NEXT}rollout.status()")


def _early(due: AlertDue, check: HealthCheck) -> Alert:
    if due.over:
        return Alert(
            "early sign is over",
            f"Rollout at {_at(check)}.\n{_evidence(check.health)}\n{NEXT}rollout.status()",
        )
    return Alert(
        "early sign: jobs fail more often in the rollout",
        f"Nothing is rolled back, and nothing is raised by itself. Rollout at {_at(check)}.\n"
        f"{_evidence(check.health)}\n{NEXT}rollout.errors()",
    )


def _of_service(due: AlertDue) -> Alert:
    name = sanitize(due.subject or "a service", 200)
    if due.over:
        return Alert("alerts arrive again", f"{name} takes alerts again. What waited for it was sent.")
    return Alert(
        "alerts do not arrive",
        f"{name} takes no alerts; each is retried for three days. Look at its URL in ROLLOUT_ALERT_URLS.\n"
        "next, in a shell: rollout-console verify --way-out",
    )


def _reminder(due: AlertDue, check: HealthCheck) -> Alert:
    said = f"{sanitize(due.subject or 'it is on again', 500)}. Rollout at {_at(check)}.\n{NEXT}"
    if due.state == "hold":
        return Alert("still HELD", f"{said}rollout.release()")
    return Alert("auto-rollback is still OFF", f"{said}rollout.enableAutoRollback()")


def _of_change(kind: Kind, entry: HistoryEntry, check: HealthCheck) -> Alert:
    lines = [f"{change_phrase(entry, 500)}. Rollout at {_at(check)} now."]
    lines += change_details(entry)
    if entry.ended_sessions:
        lines.append(f"in its way, and ended: {', '.join(map(session_phrase, entry.ended_sessions))}")
    lines.append(_evidence(_health_of(entry) or check.health))
    lines += [f"main error: {phrase}" for phrase in main_errors(entry.evidence or {})]
    lines += main_repository(entry.evidence or {})
    kind = _narrowed(kind, entry)
    after = f"; when fixed: rollout.{_resume(check)}" if kind is CHANGES["stop"] else ""
    lines.append(f"{NEXT}{kind.next(entry)}{after}")
    return Alert(kind.title, "\n".join(lines))


def _narrowed(kind: Kind, entry: HistoryEntry) -> Kind:
    """Return the kind of a change in other words, where those of its kind would mislead."""
    was, switched = ((side or {}).get("breaker_enabled") for side in (entry.before, entry.after))
    if kind is CHANGES["settings"] and isinstance(switched, bool) and was != switched:
        return SWITCHED_ON if switched else SWITCHED_OFF
    if kind is CHANGES["advance"] and entry.previous_percentage == entry.new_percentage:
        return PLAN_DONE
    return kind


def _resume(check: HealthCheck) -> str:
    return f"resume({LOW})" if resumes_low(check.status) else "resume()"


def _health_of(entry: HistoryEntry) -> Health | None:
    """Return the health that a change rests on, if it has one that can be read."""
    try:
        return parse(Health, entry.evidence) if entry.evidence else None
    except msgspec.ValidationError:  # others may write rows, too
        return None


def _evidence(health: Health) -> str:
    """Return both arms' rates with their samples, and the rule that they were judged by."""
    rule = (
        f"rule: more than {format_number(health.max_error_rate)} % of at least "
        f"{format_counted(health.minimum_sample, 'job', 'jobs')}, "
        f"guardrail {health.guardrail}"
    )
    found = (f"treatment: {error_rate_phrase(health)}", control_phrase(health), evidence_phrase(health), rule)
    return "; ".join(phrase for phrase in found if phrase)


def _at(check: HealthCheck) -> str:
    return f"{check.status.percentage_in_effect} %"
