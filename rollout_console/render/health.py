"""The health of the window in a phrase, with what it rests on."""

from __future__ import annotations

from rollout_console.render.formatting import format_count, format_counted, format_moment, format_number, format_percent
from rollout_console.render.screen import Screen
from rollout_console.results import Health, Verdict

VERDICTS: dict[Verdict, tuple[str, str]] = {
    "no_data": ("no jobs yet", "muted"),
    "small_sample": ("too few jobs to judge (fewer than {health.minimum_sample})", "muted"),
    "healthy": ("healthy", "good"),
    "breach": ("BREACH", "bad"),
}


def health_phrase(health: Health, screen: Screen) -> str:
    """Return the verdict and the error rate that led to it."""
    words, style = VERDICTS[health.verdict]
    verdict = screen.paint(words.format(health=health), style)
    return f"{verdict}: {error_rate_phrase(health)}" if health.jobs else verdict


def error_rate_phrase(health: Health) -> str:
    """Return the error rate with its sample and interval, so that 1 error in 11 jobs reads as what it is."""
    if not health.jobs:
        return "no jobs"
    return (
        f"{format_percent(health.error_rate)} errors "
        f"({format_count(health.errors)} of {format_counted(health.jobs, 'job', 'jobs')}; "
        f"95 % interval {format_number(health.error_rate_low)}–{format_percent(health.error_rate_high)})"
    )


def window_phrase(health: Health) -> str:
    """Return how far back health looks."""
    if health.since_restart:
        return f"since the restart {format_moment(health.window_start)}"
    return f"last {health.window_hours} h"
