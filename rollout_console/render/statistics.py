"""Repositories, jobs and rates over the window, compared with the success metrics."""

from __future__ import annotations

from rollout_console.render.criteria import criteria_table
from rollout_console.render.dispatch import renderer
from rollout_console.render.errors import error_lines
from rollout_console.render.formatting import format_count, format_duration, format_percent, format_time
from rollout_console.render.health import health_lines
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.render.status import counted_phrase, eligible_phrase
from rollout_console.results import JobError, Metrics, ProcessorMetrics, Stats


@renderer.register
def render_stats(stats: Stats, screen: Screen) -> str:
    """Return repositories, categories, health and jobs, and the success metrics below."""
    stopped = f"  {screen.paint(' STOPPED ', 'stopped')}" if stats.emergency_stop else ""
    title = f" {screen.paint(sanitize(stats.feature_name, 100), 'title')}  {stats.rollout_percentage} %{stopped}"
    categories = ", ".join(
        f"{sanitize(c, 20)} {format_count(stats.categories.get(c, 0))}" for c in stats.category_order
    )
    facts = [
        ("repositories", _eligible(stats)),
        ("categories", categories or "none"),
        ("health", "\n".join(health_lines(stats.health, screen))),
        ("success rate", format_percent(stats.success_rate)),
        ("jobs", f"{format_count(stats.total_jobs)} ({_jobs_by_processor(stats)})"),
    ]
    return f"{title}\n{screen.facts(facts)}\n\n{criteria_table(stats.criteria, screen, 'success metric')}"


def _eligible(stats: Stats) -> str:
    counts = eligible_phrase(stats.eligible_repositories, stats.total_repositories)
    counted = counted_phrase(stats)
    if not stats.total_repositories:
        return counts
    return f"{counts} ({format_percent(100 * stats.eligible_repositories / stats.total_repositories)}){counted}"


def _jobs_by_processor(stats: Stats) -> str:
    jobs = sorted(stats.processor_distribution.items())
    return ", ".join(f"{sanitize(processor, 30)} {format_count(number)}" for processor, number in jobs) or "none"


@renderer.register
def render_metrics(metrics: Metrics, screen: Screen) -> str:
    """Return health, a table of the processors, the success metrics, and the kinds of errors."""
    headers = ["processor", "arm", "jobs", "errors", "error rate", "success", "time", "cost/job"]
    align = ["left", "left", *["right"] * 6]
    rows = [_processor_row(p) for p in metrics.processors]
    parts = [
        "\n".join(f" {line}" for line in health_lines(metrics.health, screen)),
        screen.table(headers, rows, align, narrow=[0], drop=[7, 5, 6, 1]) if rows else " no jobs in the window",
        criteria_table(metrics.criteria, screen, "success metric"),
    ]
    if metrics.kinds:
        kinds = [line for kind in metrics.kinds for line in error_lines(kind, metrics.server_time, screen)]
        parts.append("\n".join([f" {screen.paint('errors', 'title')}, for all: rollout.errors()", *kinds]))
    elif metrics.last_errors:  # from before errors were kept in kinds
        errors = [_job_error(error, screen.room(screen.width - 4)) for error in metrics.last_errors]
        parts.append("\n".join([f" {screen.paint('last errors', 'title')}", *errors]))
    return "\n\n".join(parts)


def _processor_row(p: ProcessorMetrics) -> list[str]:
    return [
        sanitize(p.processor, 30),
        p.arm,
        format_count(p.jobs),
        format_count(p.errors),
        format_percent(p.error_rate),
        format_percent(p.success_rate),
        format_duration(p.average_seconds),
        "not set" if p.unit_cost is None else f"{p.unit_cost:g}",
    ]


def _job_error(error: JobError, width: int) -> str:
    repository = sanitize(error.repository or error.repository_id or "unknown", 60)
    return (
        f" {format_time(error.at)}  {sanitize(error.processor, 20)}  {repository}\n"
        f"   {sanitize(error.message or 'no message', width)}"
    )
