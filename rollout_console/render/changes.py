"""What a command did, in a sentence: the state first, then the cause, then what to type."""

from __future__ import annotations

from collections.abc import Callable

from rollout_console import results
from rollout_console.render.base import render
from rollout_console.render.phrases import verdict, when, window
from rollout_console.render.reports import criteria, state_line
from rollout_console.render.screen import Screen
from rollout_console.text import clean, count


@render.register
def _(change: results.Change, screen: Screen) -> str:
    sentence = SENTENCES.get(change.command, _plain)(change, screen)
    return f" {state_line(change.status, screen)}  {sentence}"


def _admitted(change: results.Change) -> str:
    status = change.status
    return f"{count(status.eligible_repositories)} of {count(status.total_repositories)} repositories are in"


def _plain(change: results.Change, screen: Screen) -> str:
    return "done" if change.changed else "nothing changed"


def _percentage(change: results.Change, screen: Screen) -> str:
    status = change.status
    if not change.changed:
        said = f"nothing changed: the rollout is at {status.rollout_percentage} % already"
    else:
        assert change.change is not None
        said = f"{change.change.previous_percentage} % → {change.change.new_percentage} %; {_admitted(change)}"
    if status.emergency_stop:
        said += "\n stored, but traffic stays halted by the emergency stop; to let it flow: rollout.resume()"
    return said


def _stopped(change: results.Change, screen: Screen) -> str:
    status = change.status
    reason = clean(status.emergency_stop_reason or "", 300)
    if not change.changed:
        return f"stopped already, since {when(status.emergency_stopped_at, status.server_time)}: {reason}"
    kept = f"{status.rollout_percentage} % is kept; when ready: rollout.resume(), or lower: rollout.resume(5)"
    return f"no repository is in. Reason: {reason}\n {kept}"


def _resumed(change: results.Change, screen: Screen) -> str:
    status = change.status
    if not change.changed:
        return f"nothing changed: there is no emergency stop; {_admitted(change)}"
    said = f"resumed at {status.rollout_percentage} %; {_admitted(change)}; health starts afresh"
    if status.rollout_percentage == 0:
        said += "\n at 0 % only the whitelist is in; to start: rollout.setRollout(5)"
    return said


def _auto_rollback(change: results.Change, screen: Screen) -> str:
    switch = "on" if change.status.auto_rollback_enabled else "off"
    if not change.changed:
        return f"nothing changed: auto-rollback is {switch} already"
    if switch == "on":
        threshold = f"{change.status.max_error_rate:g} %"
        return f"auto-rollback is on: above {threshold} errors the rollout goes to 0 % by itself"
    return "auto-rollback is OFF: a breach is only reported; to switch it on: rollout.enableAutoRollback()"


def _listed(done: str, redundant: str) -> Callable[[results.Change, Screen], str]:
    def sentence(change: results.Change, screen: Screen) -> str:
        parts = [] if change.changed else ["nothing changed"]
        if change.changed and change.applied:
            parts.append(f"{done}: {_names(change.applied)}")
        if change.already:
            parts.append(f"{redundant}: {_names(change.already)}")
        if change.blacklisted:
            parts.append(f"on the blacklist too, which wins: {_names(change.blacklisted)}")
        return "; ".join(parts)

    return sentence


def _names(names: list[str]) -> str:
    shown = ", ".join(clean(name, 80) for name in names[:10])
    return shown if len(names) <= 10 else f"{shown} and {count(len(names) - 10)} more"


SENTENCES: dict[str, Callable[[results.Change, Screen], str]] = {
    "setRollout": _percentage,
    "rollbackToPercentage": _percentage,
    "emergencyStop": _stopped,
    "resume": _resumed,
    "enableAutoRollback": _auto_rollback,
    "disableAutoRollback": _auto_rollback,
    "addToWhitelist": _listed("on the whitelist now", "on it already"),
    "removeFromWhitelist": _listed("off the whitelist now", "was not on it"),
    "markAsTest": _listed("pinned as test", "pinned already"),
    "unmarkAsTest": _listed("no longer pinned, categorized by size", "was not pinned"),
}


@render.register
def _(check: results.HealthCheck, screen: Screen) -> str:
    actions = {
        "rolled_back": screen.paint("ROLLED BACK to 0 %", "bad")
        + "; to investigate: rollout.showMetrics(); when fixed: rollout.setRollout(5)",
        "auto_rollback_off": screen.paint("breach, and auto-rollback is OFF: nothing was done", "bad")
        + "; to act: rollout.rollbackToZero()",
        "already_at_zero": "breach, and the rollout is at 0 % already; when fixed: rollout.setRollout(5)",
        "already_stopped": "breach, and traffic is halted already; when fixed: rollout.resume(5)",
        "none": "nothing to do",
    }
    return "\n".join(
        [
            f" {state_line(check.status, screen)}  {verdict(check.health, screen)}",
            f" {window(check.health)}",
            criteria(check.criteria, screen, "criterion"),
            f" {actions.get(check.action, clean(check.action))}",
        ]
    )


@render.register
def _(run: results.Simulation, screen: Screen) -> str:
    said = f" {state_line(run.status, screen)}  {count(run.jobs)} jobs sent, {count(run.errors)} failed"
    if run.rolled_back:
        said += f"; job {count(run.jobs)} tripped the breaker\n to see why: rollout.history(1), rollout.showMetrics()"
    return f"{said}\n {verdict(run.status.health, screen)}"


@render.register
def _(run: results.CategorizationRun, screen: Screen) -> str:
    if not run.done:
        done = f"{count(run.processed)} of {count(run.total)} categorized"
        return f" {done}; to go on, type rollout.categorizeAll()"
    if not run.changed:
        return f" {count(run.processed)} repositories looked at; nothing changed"
    moves = ", ".join(f"{clean(move, 40)}: {count(n)}" for move, n in sorted(run.transitions.items()))
    said = f" {count(run.processed)} repositories looked at, {count(run.changed)} brought up to date"
    return f"{said}\n {moves}" if moves else said
