"""What became of the jobs: by processor and arm, what stands against them, and a list of them."""

from __future__ import annotations

from rollout_console.render.dispatch import renderer
from rollout_console.render.formatting import format_age, format_count, format_counted, format_duration, shorten
from rollout_console.render.health import warning_phrase
from rollout_console.render.layout import cells
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.results import Job, JobGroup, Jobs, JobState

HEADERS = ["processor", "arm", "queued", "running", "late", "stuck", "done", "failed", "p50", "p95", "timed"]
ENDED: tuple[JobState, ...] = ("completed", "failed")


@renderer.register
def render_jobs(found: Jobs, screen: Screen) -> str:
    """Return the counts of each processor and arm with the last failures, or the jobs in one state."""
    if found.state is not None:
        return "\n".join([f" {screen.paint(_counted(found, found.state), 'title')}", *_listed(found, screen)])
    lines = [f" {warning_phrase(warning, screen)}" for warning in found.warnings]
    if found.groups:
        rows = [_group(g) for g in found.groups]
        lines.append(screen.table(HEADERS, rows, ["left", "left", *["right"] * 9], narrow=[0], drop=[10, 8, 9, 1, 4]))
        lines += [f" {line}" for line in _notes(found)]
    else:
        lines.append(
            f" no job in the last {format_counted(found.look_back_days, 'day', 'days')} is known: what became of the "
            "jobs that were reported is neither success nor failure"
        )
    if found.jobs:
        lines += ["", f" {screen.paint('last failures', 'title')}", *_listed(found, screen)]
    return "\n".join(lines)


def _counted(found: Jobs, state: JobState) -> str:
    """Return the state of the jobs that are listed, with how many there are: known of those that wait."""
    known = _known(found, state)
    if state in ENDED or known <= len(found.jobs):
        return state
    return f"{state}, {len(found.jobs)} of {format_count(known)}"


def _known(found: Jobs, state: JobState) -> int:
    known: int = sum(getattr(group, state) for group in found.groups)
    return known


def _group(g: JobGroup) -> list[str]:
    counts = [format_count(n) for n in (g.queued, g.running, g.late, g.stuck, g.completed, g.failed)]
    times = [format_duration(g.p50_seconds), format_duration(g.p95_seconds), format_count(g.timed)]
    return [sanitize(g.processor, 30), g.arm, *counts, *times]


def _notes(found: Jobs) -> list[str]:
    oldest = min((g.oldest_queued_at for g in found.groups if g.oldest_queued_at is not None), default=None)
    lines = [
        f"done, failed and times since {format_age(found.window_start, found.server_time)}; the others are at most "
        f"{format_counted(found.look_back_days, 'day', 'days')} old"
    ]
    if any(g.capped and g.target_seconds is not None for g in found.groups):
        most = format_count(found.most_read)
        lines.append(f"there are more: of each processor and status the newest {most} are counted")
    if any(g.capped and g.target_seconds is None for g in found.groups):
        lines.append("there may be more of an unknown processor: only those among the newest of all jobs are counted")
    if oldest is not None:
        among = " of those" if any(g.capped for g in found.groups) else ""
        lines.append(f"oldest queued{among}: {format_age(oldest, found.server_time)}")
    if any(g.arm == "other" for g in found.groups):
        lines.append("other: not the feature's, so nothing judges them (ignored_job_types, or an unknown processor)")
    if found.following:
        lines.append("each outcome is recorded as it happens (follow_jobs)")
    else:
        lines.append("health judges what is reported; to record outcomes: rollout.configure(follow_jobs=True)")
    return lines


def _listed(found: Jobs, screen: Screen) -> list[str]:
    if not found.jobs:
        if found.state is not None and _known(found, found.state):  # the limit was 0
            return [" none of them is listed"]
        among = " among those that are read" if any(g.capped for g in found.groups) else ""
        return [f" no jobs are {found.state}{among}"]
    return [line for job in found.jobs for line in _job(job, found, screen)]


def _job(job: Job, found: Jobs, screen: Screen) -> list[str]:
    repository = sanitize(job.repository or job.repository_id or "no repository", 100)
    began = job.started_at or job.created_at
    moment = (job.ended_at or job.created_at) if job.state in ENDED else began
    took = f", took {format_duration(job.seconds)}" if job.seconds is not None else ""
    age, beside = format_age(moment, found.server_time).rjust(11), f" {'':11}  "
    where, which = f" {age}  {repository}  {sanitize(job.processor, 20)}, {job.arm}", sanitize(job.id, 60)
    lines = [f"{where}{took}  {which}"]
    if screen.bars and cells(lines[0]) > screen.width:
        lines = [screen.fit(where, beside), f"{beside}{which}{took}"]
    return [*lines, f"{beside}{_error(job.error, screen)}"] if job.error else lines


def _error(error: str, screen: Screen) -> str:
    return shorten(sanitize(error), screen.room(screen.width - 14))
