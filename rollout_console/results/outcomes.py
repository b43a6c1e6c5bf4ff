"""R16: what became of the jobs, as the application's own table says."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from rollout_console.results.base import Record, Result
from rollout_console.results.warnings import HealthWarning

JobState = Literal["queued", "running", "late", "stuck", "completed", "failed"]
JobArm = Literal["treatment", "control", "unknown", "other"]


class JobGroup(Record, kw_only=True):
    """One arm of the jobs on one processor; of `other` are jobs that are not the feature's, which nothing judges.

    `completed` and `failed` count the window, as do the percentiles of the duration in seconds, which `timed` jobs
    are behind. `running`, `late` and `stuck` jobs are in processing: within `target_seconds`, beyond them, far beyond
    them; a processor that the host has not named has no target. `capped` where there are more jobs in one status
    than are read: the counts are lower bounds.
    """

    processor: str
    arm: JobArm
    target_seconds: int | None
    queued: int
    oldest_queued_at: datetime | None
    running: int
    late: int
    stuck: int
    completed: int
    failed: int
    timed: int
    p50_seconds: float | None
    p95_seconds: float | None
    capped: bool


class Job(Record, kw_only=True):
    """A job of the application; `seconds` is None if its start or its end is not known."""

    id: str
    repository_id: str | None
    repository: str | None
    processor: str
    arm: JobArm
    state: JobState
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    seconds: float | None
    error: str | None


class Jobs(Result, kw_only=True):
    """`rollout.jobs()`: `jobs` are those in `state`, or the last failures if it is None.

    Jobs older than `look_back_days` are not looked at, and of one processor and status no more than `most_read`.
    """

    state: JobState | None
    groups: list[JobGroup]
    jobs: list[Job]
    warnings: list[HealthWarning]
    window_start: datetime
    look_back_days: int
    most_read: int
    following: bool
    server_time: datetime


class JobsRecorded(Result, kw_only=True):
    """How many finished jobs were reported, and how many counted: an id that was reported before does not."""

    reported: int
    counted: int
