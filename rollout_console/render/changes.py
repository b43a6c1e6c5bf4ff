"""What a command did, in a sentence: the state first, then the cause, then what to type."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rollout_console.render.difference import format_change
from rollout_console.render.dispatch import renderer
from rollout_console.render.formatting import (
    format_age,
    format_count,
    format_moment,
    format_number,
    format_time,
)
from rollout_console.render.history import change_summary, session_phrase
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.render.status import (
    LOW,
    NEVER_ACTS,
    eligible_by_phrase,
    never_acts,
    on_breach_phrase,
    resumes_low,
    state_line,
)
from rollout_console.results import Change, Stop

Sentence = Callable[[Change], str]
SENTENCES: dict[str, Sentence] = {}
NAMED = 10  # repositories that are named, if there are more


@renderer.register
def render_change(change: Change, screen: Screen) -> str:
    """Return the state after a change, and the sentence of its command; first of all that it was for practice."""
    practice = f"{screen.paint('PRACTICE', 'good')} " if change.status.practice else ""
    said = f" {practice}{state_line(change.status, screen)}  {SENTENCES.get(change.command, say_done)(change)}"
    return "\n".join([*(screen.paint(f" warning: {caution}", "warning") for caution in _cautions(change)), said])


@renderer.register
def render_stop(stop: Stop, screen: Screen) -> str:
    """Return a stop of which no more than the row is known, and what could not be shown."""
    percentage = "?" if stop.rollout_percentage is None else f"{stop.rollout_percentage} %"
    practice = f"{screen.paint('PRACTICE', 'good')} " if stop.practice else ""
    if stop.emergency_stop:
        head = f" {practice}{screen.paint(f' STOPPED ({percentage} is kept) ', 'stopped')}  all traffic is halted"
    else:
        head = f" {practice}{screen.paint(percentage, 'warning')}  only the whitelist is eligible"
    if stop.reason:
        head += f". Reason: {sanitize(stop.reason, 300)}"
    return "\n".join([head, *(screen.paint(f" {sanitize(line, 300)}", "warning") for line in stop.not_shown)])


def _cautions(change: Change) -> Iterator[str]:
    """Say what spoke against raising the percentage, and who was in the way of a stop."""
    if change.ended_sessions:
        yield f"ended {', '.join(map(session_phrase, change.ended_sessions))}: it blocked the stop"
    if change.shut and change.changed:
        yield f"raised, but these checks fail: {'; '.join(sanitize(gate.message, 200) for gate in change.shut)}"
    lasting = ("replica", "subscriber", "decision_replaced")  # what a change may not outlast, or not reach
    yield from (sanitize(w.message, 300) for w in change.status.warnings if w.name in lasting)
    if change.skipped_phase is not None:
        yield f"a large step: the next step is {change.skipped_phase} %"


def sentence(*commands: str) -> Callable[[Sentence], Sentence]:
    """Register what is said of commands, by their names at the prompt."""

    def register(say: Sentence) -> Sentence:
        SENTENCES.update(dict.fromkeys(commands, say))
        return say

    return register


def say_done(change: Change) -> str:
    """Say whether anything changed, of a command without a sentence of its own."""
    return "done" if change.changed else "nothing changed"


@sentence("setRollout", "rollbackToPercentage", "rollbackToZero")
def say_percentage(change: Change) -> str:
    """Say from where to where the percentage went."""
    status = change.status
    if change.change is None:
        said = f"nothing changed: the rollout is at {status.rollout_percentage} % already"
    else:
        said = f"{change.change.previous_percentage} % → {change.change.new_percentage} %; {_eligible(change)}"
        said += _way_back(change)
    if status.emergency_stop:
        stored = "" if change.change is None else "stored, but "
        said += f"\n {stored}traffic stays halted by the emergency stop"
        raises = change.command == "setRollout" and status.rollout_percentage > 0
        said += "; to let it flow: rollout.resume()" if raises else ""
    return said


@sentence("emergencyStop")
def say_stopped(change: Change) -> str:
    """Say that nothing flows, why, and how to resume."""
    status = change.status
    reason = sanitize(status.emergency_stop_reason or "", 300)
    if not change.changed:
        stopped = status.emergency_stopped_at  # unknown for a stop that is older than this console
        since = f", since {format_moment(stopped, status.server_time)}" if stopped is not None else ""
        return f"stopped already{since}: {reason}"
    lower = f", or lower: rollout.resume({LOW})" if resumes_low(status) else ""
    only = ", which lets in the whitelist alone" if status.rollout_percentage == 0 else ""
    kept = f"{status.rollout_percentage} % is kept; when ready: rollout.resume(){lower}{only}"
    return f"all traffic is halted. Reason: {reason}\n {kept}"


@sentence("resume")
def say_resumed(change: Change) -> str:
    """Say at what percentage traffic flows again."""
    status = change.status
    if not change.changed:
        return f"nothing changed: there is no emergency stop; {_eligible(change)}"
    said = f"resumed at {status.rollout_percentage} %; {_eligible(change)}; health starts afresh{_way_back(change)}"
    if status.rollout_percentage == 0:
        first = "rollout.release(), then " if status.held_reason is not None else ""
        said += f"\n at 0 % only the whitelist is eligible; to start: {first}rollout.advance()"
    return said


@sentence("enableAutoRollback", "disableAutoRollback")
def say_auto_rollback(change: Change) -> str:
    """Say what a breach will lead to from now on."""
    switch = "on" if change.status.auto_rollback_enabled else "off"
    if not change.changed:
        return f"nothing changed: auto-rollback is {switch} already"
    ends = change.status.breaker_off_until
    if switch == "on":
        threshold = f"{format_number(change.status.max_error_rate)} %"
        return f"auto-rollback is on: above {threshold} errors the rollout {on_breach_phrase(change.status)} by itself"
    until, earlier = (f" until {format_time(ends)}", " before") if ends else ("", "")
    return (
        f"auto-rollback is OFF{until}: a breach is only reported; "
        f"to switch it on{earlier}: rollout.enableAutoRollback()"
    )


@sentence("configure")
def say_configured(change: Change) -> str:
    """Say from what to what each setting went."""
    if change.change is None or not change.change.after:
        return "nothing changed: the settings are as asked already; to see them: rollout.configure()"
    never = f"\n auto-rollback is {NEVER_ACTS}" if never_acts(change.status) else ""
    return format_change(change.change) + never + _who_moves(change)


def _who_moves(change: Change) -> str:
    """Return a line about who enters and leaves by another strategy; nothing if it is the same."""
    if change.moves is None:
        return ""
    moves, status = change.moves, change.status
    counts = f"{format_count(moves.entering)} enter, {format_count(moves.leaving)} leave"
    eligible = f"{format_count(moves.eligible_before)} → {format_count(status.eligible_repositories)}"
    halted = "; traffic stays halted by the emergency stop" if status.emergency_stop else ""
    return f"\n eligible {eligible} of {format_count(status.total_repositories)}: {counts}{halted}"


@sentence("undo")
def say_undone(change: Change) -> str:
    """Say what was undone, what that changed, and how to do it again."""
    if change.change is None or change.undone is None:
        return "nothing changed"
    undone, status = change.undone, change.status
    which = f"{sanitize(undone.short_id, 8)}, {format_age(undone.at, status.server_time)}"
    again = f'rollout.undo("{sanitize(change.change.short_id, 8)}")'
    made = f"undone: {change_summary(undone)} ({which})\n {format_change(change.change)}"
    return f"{made}; to take that back: {again}{_who_moves(change)}"


@sentence("addToWhitelist")
def say_whitelisted(change: Change) -> str:
    """Say which repositories were added and until when, which were there, and which the blacklist keeps out."""
    said = _say_listed(change, "added to the whitelist", "was on it already")
    return f"{said}; until {format_time(change.until)}" if change.until and change.changed else said


@sentence("addToBlacklist")
def say_blacklisted(change: Change) -> str:
    """Say which repositories were added, which were there, and which are on the whitelist, too."""
    return _say_listed(change, "added to the blacklist", "was on it already")


@sentence("removeFromBlacklist")
def say_unblacklisted(change: Change) -> str:
    """Say which repositories were removed, and which were not there."""
    return _say_listed(change, "removed from the blacklist", "was not on it")


@sentence("removeFromWhitelist")
def say_unlisted(change: Change) -> str:
    """Say which repositories were removed, and which were not there."""
    return _say_listed(change, "removed from the whitelist", "was not on it")


@sentence("markAsTest")
def say_pinned(change: Change) -> str:
    """Say which repositories were pinned, and which were before."""
    return _say_listed(change, "pinned as test", "pinned already")


@sentence("unmarkAsTest")
def say_unpinned(change: Change) -> str:
    """Say which pins were lifted, and which repositories had none."""
    return _say_listed(change, "no longer pinned, categorized by size", "was not pinned")


@sentence("note")
def say_noted(change: Change) -> str:
    """Repeat the note as it stands in the history."""
    return f"noted: {sanitize(change.change.reason or '' if change.change else '', 300)}"


def _say_listed(change: Change, done: str, as_asked: str) -> str:
    parts = [] if change.changed else ["nothing changed"]
    if change.changed and change.applied:
        parts.append(f"{done}: {_names(change.applied)}")
    if change.already:
        parts.append(f"{as_asked}: {_names(change.already)}")
    if change.blacklisted:
        parts.append(f"on the blacklist too, which wins: {_names(change.blacklisted)}")
    if change.whitelisted:
        parts.append(f"on the whitelist too, over which the blacklist wins: {_names(change.whitelisted)}")
    return "; ".join(parts)


def _way_back(change: Change) -> str:
    """Return a line about how to take a higher percentage back; nothing if it was not raised."""
    if change.change is None or (change.change.new_percentage or 0) <= (change.change.previous_percentage or 0):
        return ""
    why = 'reason="..."' if change.status.require_reason else ""
    return f"\n to take it back: rollout.undo({why})"


def _eligible(change: Change) -> str:
    return eligible_by_phrase(change.status)


def _names(names: list[str]) -> str:
    shown = ", ".join(sanitize(name, 80) for name in names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {format_count(len(names) - NAMED)} more"
