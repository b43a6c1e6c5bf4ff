"""What a guardrail costs, and what other settings would have done."""

from __future__ import annotations

from rollout_console.render.dispatch import renderer
from rollout_console.render.formatting import format_count, format_counted, format_number, format_percent, format_time
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.results import Backtest, GuardrailCost, ReplayedTrip


@renderer.register
def render_guardrail(cost: GuardrailCost, screen: Screen) -> str:
    """Return the rule, how often it rolls back a healthy day, and how soon it acts on a failing one."""
    day = f"in a day of {format_count(cost.jobs)} jobs"
    today = f"{format_counted(cost.jobs_today, 'job', 'jobs')} in the last 24 h"
    healthy = [
        [f"{h.error_rate:g} %", format_percent(h.at_reports), format_percent(h.with_checks)] for h in cost.healthy
    ]
    failing = [[f"{f.error_rate:g} %", _job(f.median_job)] for f in cost.failing]
    checks = f"checks every {cost.check_minutes} min, too"
    return "\n".join(
        [
            f" {screen.paint(f'guardrail {cost.guardrail}', 'title')}: {sanitize(cost.meaning, 100)}",
            f" above {format_number(cost.max_error_rate)} % errors in at least {cost.minimum_sample} jobs; evidence of "
            f"{format_number(cost.evidence_limit)},",
            f" or {format_number(cost.recent_limit)} over a stretch up to now; {today}",
            f"\n a healthy rollout is rolled back {day}:",
            screen.table(["true error rate", "by reports", checks], healthy, ["left", "right", "right"]),
            "\n a failing one is rolled back, half of the time by",
            screen.table(["true error rate", "the report of"], failing, ["left", "right"]),
            ' another: rollout.guardrail("evidence"); on recorded jobs: rollout.backtest()',
        ]
    )


def _job(number: int | None) -> str:
    return "no job of that day" if number is None else f"job {format_count(number)}"


@renderer.register
def render_backtest(test: Backtest, screen: Screen) -> str:
    """Return when the settings would have rolled back, and what they would have missed."""
    settings = (
        f"guardrail {test.guardrail}, above {format_number(test.max_error_rate)} %, at least {test.minimum_sample} jobs"
    )
    lines = [
        f" {screen.paint(settings, 'title')}",
        f" since {format_time(test.since)}: {format_counted(test.jobs, 'job', 'jobs')} of the treatment",
    ]
    lines += [f" {_trip(trip)}" for trip in test.trips] or [" would not have rolled back"]
    for missed in test.missed:
        rate = f"{format_percent(missed.error_rate)} of {format_count(missed.jobs or 0)} jobs"
        lines.append(
            screen.paint(f" {format_time(missed.at)}  the breaker rolled back ({rate}); these would not", "warning")
        )
    return "\n".join(lines)


def _trip(trip: ReplayedTrip) -> str:
    jobs = f"{format_percent(trip.error_rate)} ({format_count(trip.errors)} of {format_count(trip.jobs)} jobs)"
    by = "a report" if trip.judged_at == "report" else "a health check"
    beside = "as the breaker did" if trip.acted else "the breaker did not"
    return f"{format_time(trip.at)}  rolled back at {by}: {jobs}; {beside}"
