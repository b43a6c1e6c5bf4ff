"""What a guardrail costs, and what other settings would have done."""

from __future__ import annotations

from rollout_console.render.dispatch import renderer
from rollout_console.render.formatting import format_count, format_counted, format_number, format_percent, format_time
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.results import Backtest, GuardrailCost, ReplayedTrip


@renderer.register
def render_guardrail(cost: GuardrailCost, screen: Screen) -> str:
    """Return the rule, how often it rolls back a healthy rollout, and how soon it acts on a failing one."""
    traffic = f"at {format_counted(cost.jobs, 'job', 'jobs')} a day"
    today = f"{format_counted(cost.jobs_today, 'job', 'jobs')} in the last 24 h"
    evidence, least = format_number(cost.evidence_limit), format_counted(cost.minimum_sample, "job", "jobs")
    lines = [
        f" {screen.paint(f'guardrail {cost.guardrail}', 'title')}: {sanitize(cost.meaning, 100)}",
        f" threshold: {format_number(cost.max_error_rate)} % errors in at least {least}; {today}",
        f" where evidence is needed: {evidence} since the restart, which at most 1 in {evidence} healthy",
        f" rollouts ever reaches, or {format_number(cost.recent_limit)} in sum over shorter times up to now",
    ]
    if cost.healthy:
        checks = f"checked: with a health check every {cost.check_minutes} min as well"
        lines += [f"\n a healthy rollout is rolled back, {traffic}; {checks}", _healthy(cost, screen)]
    if cost.failing:
        lines += [f"\n a failing one is rolled back, {traffic}, half of the time by", _failing(cost, screen)]
    lines += [
        f" {sanitize(cost.basis, 200)}",
        ' another: rollout.guardrail("compared"); on recorded jobs: rollout.backtest()',
    ]
    return "\n".join(lines)


def _healthy(cost: GuardrailCost, screen: Screen) -> str:
    rows = [
        [f"{h.error_rate:g} %", *map(format_percent, (h.day, h.month, h.day_with_checks, h.month_with_checks))]
        for h in cost.healthy
    ]
    titles = ["true rate", "first day", "30 days", "checked", "30 days"]
    return screen.table(titles, rows, ["left", *["right"] * 4])


def _failing(cost: GuardrailCost, screen: Screen) -> str:
    rows = [
        [f"{f.error_rate:g} %", _job(f.median_job, f.median_hours), _job(f.median_after, f.hours_after)]
        for f in cost.failing
    ]
    return screen.table(["true rate", "from the start", "after 3 good days"], rows, ["left", "right", "right"])


def _job(number: int | None, hours: float | None) -> str:
    if number is None or hours is None:
        return "not within what was simulated"
    after = f"{hours:.0f} h" if hours >= 10 else f"{hours:.1f} h"
    return f"{format_counted(number, 'job', 'jobs')}, {after}"


@renderer.register
def render_backtest(test: Backtest, screen: Screen) -> str:
    """Return when the settings would have rolled back, and what they would have missed."""
    least = format_counted(test.minimum_sample, "job", "jobs")
    settings = f"guardrail {test.guardrail}, above {format_number(test.max_error_rate)} %, at least {least}"
    lines = [
        f" {screen.paint(settings, 'title')}",
        f" since {format_time(test.since)}: {format_counted(test.jobs, 'job', 'jobs')} of the treatment",
    ]
    lines += [f" {_trip(trip, test.on_breach)}" for trip in test.trips] or [" would not have rolled back"]
    for missed in test.missed:
        rate = f"{format_percent(missed.error_rate)} of {format_counted(missed.jobs or 0, 'job', 'jobs')}"
        lines.append(
            screen.paint(f" {format_time(missed.at)}  the breaker rolled back ({rate}); these would not", "warning")
        )
    return "\n".join(lines)


def _trip(trip: ReplayedTrip, on_breach: str) -> str:
    failed = f"{format_count(trip.errors)} of {format_counted(trip.jobs, 'job', 'jobs')}"
    by = "a report" if trip.judged_at == "report" else "a health check"
    beside = "as the breaker did" if trip.acted else "the breaker did not"
    done = "held, both arms fail," if trip.held else "held" if on_breach == "hold" else "rolled back"
    at = f"{'' if trip.is_exact else 'by '}{format_time(trip.at)}"
    return f"{at}  {done} at {by}: {format_percent(trip.error_rate)} ({failed}); {beside}"
