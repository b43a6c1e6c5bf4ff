"""The health of the window in a phrase, with what it rests on."""

from __future__ import annotations

from rollout_console.render.formatting import (
    format_age,
    format_count,
    format_counted,
    format_number,
    format_percent,
    format_time,
)
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.results import CheckLeadsTo, Health, HealthWarning, Rate, Status, Verdict

VERDICTS: dict[Verdict, tuple[str, str]] = {
    "no_data": ("no jobs yet", "muted"),
    "small_sample": ("can't judge yet, {health.jobs} of {health.minimum_sample} jobs", "muted"),
    "healthy": ("healthy", "good"),
    "above_threshold": ("above the threshold", "warning"),
    "breach": ("BREACH", "bad"),
}
NEXT_CHECK: dict[CheckLeadsTo, str] = {
    "rollback": "; the next health check rolls back",
    "hold": "; the next health check holds",
    "nothing": "",
}
FAR_ABOVE = 100  # times the limit: beyond it a figure says nothing more


def health_phrase(health: Health, screen: Screen) -> str:
    """Return the verdict and the error rate that led to it."""
    words, style = VERDICTS[health.verdict]
    verdict = screen.paint(words.format(health=health), style)
    if health.recent is not None:
        rate = f"{error_rate_phrase(health.recent)} since {format_time(health.recent.since)}"
    else:
        rate = error_rate_phrase(health)
    return f"{verdict}: {rate}" if health.jobs else f"{verdict}, {health.minimum_sample} needed to judge"


def error_rate_phrase(rate: Rate) -> str:
    """Return the error rate with its sample and interval, so that 1 error in 11 jobs reads as what it is."""
    if not rate.jobs:
        return "no jobs"
    return (
        f"{format_percent(rate.error_rate)} errors "
        f"({format_count(rate.errors)} of {format_counted(rate.jobs, 'job', 'jobs')}; "
        f"95 % at this look {format_number(rate.error_rate_low)}–{format_percent(rate.error_rate_high)})"
    )


def evidence_phrase(health: Health) -> str:
    """Return how strong the evidence is, and what it leads to; empty where the threshold is not crossed."""
    judged = health.recent or health
    if health.verdict not in ("above_threshold", "breach"):
        return ""
    limit = format_number(judged.evidence_limit)
    far = judged.evidence > FAR_ABOVE * judged.evidence_limit
    strength = (
        f"evidence far above the limit ({limit})"
        if far
        else f"evidence {format_number(round(judged.evidence, 1))} of {limit}"
    )
    if health.breach:
        return strength
    if not health.check_rolls_back:
        return f"{strength}, not enough to roll back"
    return strength + NEXT_CHECK[health.check_leads_to]


def control_phrase(health: Health) -> str:
    """Return the error rate outside the rollout, and what it means if jobs fail there as well."""
    control = health.control
    if not control.jobs:
        return "control: no jobs"
    jobs = f"{format_count(control.errors)} of {format_counted(control.jobs, 'job', 'jobs')}"
    cause = ": probably not the rollout" if control.failing and health.check_rolls_back else ""
    return f"control {format_percent(control.error_rate)} ({jobs}){cause}"


def health_lines(health: Health, screen: Screen) -> list[str]:
    """Return all that health rests on: verdict, evidence, control, window."""
    beside = [phrase for phrase in (evidence_phrase(health), control_phrase(health)) if phrase]
    return [health_phrase(health, screen), "; ".join(beside), window_phrase(health)]


def window_phrase(health: Health) -> str:
    """Return how far back health looks."""
    if health.since_restart:
        since = format_time(health.window_start)
        return f"measured since the restart, {since}; the window is {health.window_hours} h"
    return f"measured over the last {health.window_hours} h"


def stop_effect_phrase(status: Status, screen: Screen) -> str:
    """Return whether the application has seen the last stop or lowering (R18); empty if there was none."""
    effect, now = status.stop_effect, status.server_time
    if effect is None:
        return ""
    stopped = status.emergency_stop
    event = "stop" if stopped else "lowering"
    if effect.leaks:
        jobs = format_counted(effect.leaks, "job", "jobs")
        last = f", last {format_age(effect.last_leak_at, now)}" if effect.last_leak_at else ""
        said = f"since the {event}: {jobs} still began in the rollout{last}: the application has not seen it"
        return screen.paint(said, "bad")
    if not effect.jobs:
        return f"no job has been reported that began since the {event}"
    kept = "none in the rollout" if stopped else "none that should be out"
    return f"{event} has taken effect: {format_counted(effect.jobs, 'job', 'jobs')} since, {kept}"


def warning_phrase(warning: HealthWarning, screen: Screen) -> str:
    """Return what an operator should look at, and what to type."""
    return f"{screen.paint(sanitize(warning.message, 300), 'warning')}\n type: {sanitize(warning.command, 200)}"
