"""The status: what is set, what is in effect, health, and the last change."""

from __future__ import annotations

from datetime import datetime

from rollout_console.render.dispatch import renderer
from rollout_console.render.formatting import (
    format_age,
    format_count,
    format_counted,
    format_moment,
    format_number,
    format_time,
    format_until,
)
from rollout_console.render.health import health_lines, stop_effect_phrase, warning_phrase, window_phrase
from rollout_console.render.history import change_phrase
from rollout_console.render.progression import breach_phrase
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.render.state import percentage_phrase
from rollout_console.results import FullStatus, Phase4, Stats, Status, Watch

UNPROTECTED = "NO AUTO-ROLLBACK"  # said wherever the state is said, while nothing would roll back by itself
NEVER_ACTS = "on, but never acts: no error rate is above the threshold of 100 %"
HELD = "HELD"  # likewise, while nobody may raise the percentage
LOW = 5  # percent, to begin again with
STRATEGIES = {
    "repository_size": "repository_size: by category, in rollout order",
    "percentage": "percentage: by hash alone",
    "whitelist": "whitelist: the whitelist only",
}
IN_SHORT = {"percentage": "by hash alone", "whitelist": "the whitelist only, whatever the percentage"}


@renderer.register
def render_status(status: Status, screen: Screen) -> str:
    """Return what runs, why, since when and by whom in the first lines, and below what an operator needs at once."""
    notes = [*_categorization(status), *_decision(status), *_overrides(status), ("more", "rollout.status(full=True)")]
    return "\n".join([_head(status, screen), screen.facts([*_facts(status, screen), *notes])])


@renderer.register
def render_full_status(status: FullStatus, screen: Screen) -> str:
    """Return all that is known of the state."""
    now = status.server_time
    whitelist, blacklist = format_count(status.whitelist_size), format_count(status.blacklist_size)
    notes = [*_categorization(status), *_decision(status), *_overrides(status)]
    rest = [
        ("strategy", STRATEGIES.get(status.rollout_strategy, sanitize(status.rollout_strategy))),
        ("window", window_phrase(status.health)),
        ("guardrail", f"{status.guardrail}; its false-alarm rate: rollout.guardrail()"),
        *_switches(status),
        ("lists", f"{whitelist} on the whitelist, {blacklist} on the blacklist"),
        ("created", format_moment(status.created_at, now)),
        ("updated", format_moment(status.updated_at, now)),
    ]
    lines = [_head(status, screen), *_bar(status, screen)]
    return "\n".join([*lines, screen.facts([*_facts(status, screen), *rest, *notes])])


def _head(status: Status, screen: Screen) -> str:
    feature = screen.paint(sanitize(status.feature_name, 100), "title")
    return f" {feature}  {state_line(status, screen)}  on {sanitize(status.target, 100)}"


def _bar(status: Status, screen: Screen) -> list[str]:
    bar = screen.bar(status.percentage_in_effect, 100, min(50, screen.width - 30))
    return [f" {bar} {sanitize(status.phase, 40)}"] if screen.bars else []


def state_line(status: Status | Phase4, screen: Screen) -> str:
    """Return the one phrase that can't be misread: flowing or halted, at what, and whether nothing protects it."""
    if status.emergency_stop:
        state = screen.paint(f" STOPPED ({status.rollout_percentage} % is kept) ", "stopped")
    else:
        said = percentage_phrase(status.rollout_percentage, status.state, status.server_time)
        back = status.state is not None and status.state.name == "rolled_back"
        style = "bad" if back else "good" if status.rollout_percentage else "warning"
        state = screen.paint(said, style)
    return "  ".join([state, *(screen.paint(flag, "flag") for flag in flags(status))])


def flags(status: Status | Phase4, *, ends: bool = True) -> list[str]:
    """Return what is switched off: the way up by a hold, auto-rollback.

    Args:
        ends: whether each says until when, if it ends by itself; not where a line has no room for that.
    """
    return [*_held_flag(status, ends=ends), *_off_flag(status, ends=ends)]


def _held_flag(status: Status | Phase4, *, ends: bool = True) -> list[str]:
    until = format_until(status.held_until, status.server_time) if ends else ""
    return [f"{HELD} {until}".rstrip()] if status.held_reason is not None else []


def _off_flag(status: Status | Phase4, *, ends: bool = True) -> list[str]:
    until = format_until(status.breaker_off_until, status.server_time) if ends else ""
    return [] if status.auto_rollback_enabled else [f"{UNPROTECTED} {until}".rstrip()]


def flags_in_full(status: Status) -> list[str]:
    """Return what is switched off, auto-rollback first; without an end, since when and by whom."""
    off = status.switched_off
    since, by = (off.since, off.by) if off else (None, None)
    return [
        *(_in_full(flag, status.breaker_off_until, since, by) for flag in _off_flag(status)),
        *(_in_full(flag, status.held_until, status.held_at, status.held_by) for flag in _held_flag(status)),
    ]


def _in_full(flag: str, ends: datetime | None, since: datetime | None, by: str | None) -> str:
    who = f" by {sanitize(by, 40)}" if by else ""
    return flag if ends or not since else f"{flag} since {format_time(since)}{who}"


def hold_phrase(status: Status) -> str:
    """Return who holds the ramp, since when, until when and why."""
    by, reason = sanitize(status.held_by or "unknown", 40), sanitize(status.held_reason or "", 300)
    ends = f", until {format_time(status.held_until)}" if status.held_until else ""
    return f"held by {by}, {format_moment(status.held_at, status.server_time)}{ends}: {reason}"


def off_phrase(status: Status) -> str:
    """Return until when auto-rollback is off or, if that has no end, since when; by whom and why."""
    off = status.switched_off
    if off is None:
        return "off"
    ends = f"until {format_time(off.until)}" if off.until else ""
    since = f"since {format_moment(off.since, status.server_time)}" if off.since else "since when is unknown"
    by = f" by {sanitize(off.by, 40)}" if off.by else ""
    return f"off {ends or since}{by}" + (f": {sanitize(off.reason, 300)}" if off.reason else "")


def resumes_low(status: Status) -> bool:
    """Return whether it is an advice to begin again at LOW after a stop: never more than what was kept."""
    # Below what it knows, the host's own function may let everybody in.
    return status.rollout_percentage > LOW and status.decided_by != "host"


def eligible_by_phrase(status: Status) -> str:
    """Return how many repositories are eligible and, where the whitelist adds some, by what: 10 % may be more."""
    said = eligible_phrase(status.eligible_repositories, status.total_repositories)
    if not status.only_whitelisted:
        return f"{said}{counted_phrase(status)}"
    others = format_count(status.eligible_repositories - status.only_whitelisted)
    return f"{said}: {others} by percentage, {format_count(status.only_whitelisted)} only by the whitelist"


def counted_phrase(counted: Status | Stats) -> str:
    """Return whose answers a number of repositories was counted by, where they are not ours."""
    if counted.decided_by != "host":
        return ""
    more = "" if counted.all_counted else ", which could not be asked for more in time"
    return f", by the host's own function{more}"


def eligible_phrase(eligible: int, total: int) -> str:
    """Return how many repositories are eligible, of how many."""
    repositories = format_counted(total, "repository", "repositories")
    return f"{format_count(eligible)} of {repositories} {'is' if eligible == 1 else 'are'} eligible"


def _facts(status: Status, screen: Screen) -> list[tuple[str, str]]:
    percentages = (
        f"{status.rollout_percentage} % set, {status.percentage_in_effect} % in effect; {phase_phrase(status)}"
        f"{_strategy(status)}"
    )
    return [
        *([("stopped", _emergency_stop(status, screen))] if status.emergency_stop else []),
        ("last change", _last_change(status)),
        ("health", "\n".join(health_lines(status.health, screen)[:2])),
        ("checked", watch_phrase(status.watch, status.server_time)),
        ("percentage", f"{percentages}\n{eligible_by_phrase(status)}"),
        *_stop_effect(status, screen),
        *_ramp(status),
        ("auto-rollback", _auto_rollback(status, screen)),
        *[("warning", warning_phrase(warning, screen)) for warning in status.warnings],
    ]


def _strategy(status: Status) -> str:
    """Return who comes first where it is not the usual order; nothing while the host decides."""
    if status.rollout_strategy == "repository_size" or status.decided_by == "host":
        return ""
    return f"; {IN_SHORT.get(status.rollout_strategy, f'strategy {sanitize(status.rollout_strategy, 60)}')}"


def phase_phrase(status: Status) -> str:
    """Return the phase; at 0 %, whether traffic was rolled back to it or has never flowed."""
    state = status.state
    from_where = f" from {state.from_percentage} %" if state is not None and status.phase == "rolled back" else ""
    return f"{sanitize(status.phase, 40)}{from_where}"


def _emergency_stop(status: Status, screen: Screen) -> str:
    stopped = status.emergency_stopped_at  # unknown for a stop that is older than this console
    since = format_moment(stopped, status.server_time) if stopped is not None else "since when is unknown"
    reason = screen.paint(sanitize(status.emergency_stop_reason or "no reason given", 300), "bad")
    return f"{since}: {reason}\nto let traffic flow again: rollout.resume()"


def _ramp(status: Status) -> list[tuple[str, str]]:
    held = ("hold", f"{hold_phrase(status)}\nto lift it: rollout.release()")
    by_itself = ("ramp", f"{_rising(status)}; to see its plan: rollout.plan()")
    return [*([held] if status.held_reason is not None else []), *([by_itself] if status.auto_advance else [])]


def _rising(status: Status) -> str:
    """Return whether a ramp that may go up by itself does so from here."""
    if status.decided_by == "host":
        return "does not go up by itself while the host's own function decides"
    if status.emergency_stop:
        return "does not go up during an emergency stop"
    if status.held_reason is not None:
        return "does not go up while it is held"
    if not status.rollout_percentage:
        return "does not go up from 0 % by itself"
    if not any(step > status.rollout_percentage for step in status.phase_percentages):
        return "is at the end of its plan, and goes no further"
    return "goes up by itself"


def on_breach_phrase(status: Status) -> str:
    """Return what a breach does to the rollout."""
    return breach_phrase(status.on_breach, status.decided_by, status.rollout_percentage, status.phase_percentages)


def watch_phrase(watch: Watch, now: datetime) -> str:
    """Return when health was last checked, by whom, and how many monitors run."""
    monitors = format_counted(watch.monitors, "monitor runs", "monitors run") if watch.monitors else "no monitor runs"
    if watch.checked_at is None:
        return f"never; {monitors}"
    return f"{format_moment(watch.checked_at, now)} by {sanitize(watch.checked_by or 'unknown', 80)}; {monitors}"


def _stop_effect(status: Status, screen: Screen) -> list[tuple[str, str]]:
    seen = stop_effect_phrase(status, screen)
    return [("application", seen)] if seen else []


def never_acts(status: Status) -> bool:
    """Return whether auto-rollback is on and can't act, whatever happens."""
    return status.auto_rollback_enabled and status.max_error_rate >= 100


def _auto_rollback(status: Status, screen: Screen) -> str:
    least = format_counted(status.minimum_sample, "job", "jobs")
    threshold = f"above {format_number(status.max_error_rate)} % errors in at least {least}"
    if never_acts(status):
        return f"{NEVER_ACTS}\nto lower it: rollout.configure(max_error_rate=5)"
    if status.auto_rollback_enabled:
        return f"on: {on_breach_phrase(status)} {threshold}"
    off = off_phrase(status).removeprefix("off")
    return f"{screen.paint('OFF', 'warning')}{off}\nto switch it on: rollout.enableAutoRollback(); acts {threshold}"


def _switches(status: Status) -> list[tuple[str, str]]:
    """Return what of the application's own is left out of account."""
    silenced = [] if status.application_check else ["its own check is silenced"]
    queued = ["its rows that say queued are not judged"] if status.judged_reports == "outcomes" else []
    return [("application's", "\n".join([*silenced, *queued]))] if silenced or queued else []


def _last_change(status: Status) -> str:
    entry = status.last_change
    if entry is None:
        return "none"
    line = f"{format_age(entry.at, status.server_time)}, {change_phrase(entry, 0)}"
    return f"{line}\n{sanitize(entry.reason, 200)}" if entry.reason else line


def _categorization(status: Status) -> list[tuple[str, str]]:
    run, missing = status.categorization, status.uncategorized
    if run is not None and run.finished_at is None:
        done = f"{format_count(run.processed)} of {format_count(run.total)}"
        return [("categories", f"unfinished: {done}; to go on, type rollout.categorizeAll()")]
    if missing is not None and missing.repositories:
        without = format_counted(missing.repositories, "repository", "repositories")
        counted = f" (counted {format_age(missing.counted_at, status.server_time)})" if missing.counted_at else ""
        return [("categories", f"{without} not categorized{counted}; type rollout.categorizeAll()")]
    if run is None and missing is None and status.total_repositories:
        return [("categories", "never categorized; type rollout.categorizeAll()")]
    return []


def _decision(status: Status) -> list[tuple[str, str]]:
    """Return whose decision it is where it is not the one that is shown here."""
    if status.decided_by != "host":
        return []
    return [
        (
            "decision",
            "by the host's own function, which is asked with the rights of this console; "
            "to compare it with ours, type in a shell: rollout-console migrate --dry-run",
        )
    ]


def _overrides(status: Status) -> list[tuple[str, str]]:
    return [
        (
            f"override {sanitize(name, 60)}",
            f"{sanitize(value, 60)} (the web application's own, set in this environment)",
        )
        for name, value in status.overrides.items()
    ]
