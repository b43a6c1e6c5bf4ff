"""What a worker that is written in Python calls: reports of finished jobs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from rollout_console import results
from rollout_console.client.calls import Calls


class JobReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A job that has ended.

    Attributes:
        processor: `inngest` or `github_actions`.
        success: whether it succeeded.
        repo_id: its repository's id; None if it has none. One that is unknown, or deleted meanwhile, is left out.
        processing_seconds: how long it took, 0 to 100,000,000; None if that is not known.
        error_message: why it failed.
        started_at: when it began, with a time zone; None for the present less `processing_seconds`.
        job_id: an id of 1 to 200 characters, by which it counts once however often it is reported.
        treated: whether it was in the rollout; None for what processor and the present decision say.
    """

    processor: str
    success: bool
    repo_id: str | UUID | None = None
    processing_seconds: float | None = None
    error_message: str | None = None
    started_at: datetime | None = None
    job_id: str | None = None
    treated: bool | None = None


class Workers(Calls):
    """Reports of finished jobs (R7, R8)."""

    def record_jobs(self, jobs: Iterable[JobReport]) -> results.JobsRecorded:
        """Report jobs in the order in which they ended, all or none; the crossing one trips the breaker.

        Sent again if the answer is lost, but only if each job has a `job_id`.

        Args:
            jobs: 10,000 at most; one is as good as many, and a hundred at once are counted several times as fast.

        Returns:
            How many were reported, and how many of them counted.

        Raises:
            Refused: a job can't be counted, so none was; the text says which and why.
        """
        entries = msgspec.to_builtins(list(jobs))
        if not entries:
            return results.JobsRecorded(reported=0, counted=0)
        return self._call(
            "record_rollout_jobs",
            results.JobsRecorded,
            idempotent=all("job_id" in entry for entry in entries),
            jobs=entries,
        )
