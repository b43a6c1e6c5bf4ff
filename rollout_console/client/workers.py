"""What a worker that is written in Python calls: reports of finished jobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rollout_console import results
from rollout_console.client.calls import Calls

if TYPE_CHECKING:
    from rollout_console.client.job_report import JobReport


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
        import msgspec

        entries = msgspec.to_builtins(list(jobs))
        if not entries:
            return results.JobsRecorded(reported=0, counted=0)
        return self._call(
            "record_rollout_jobs",
            results.JobsRecorded,
            idempotent=all("job_id" in entry for entry in entries),
            jobs=entries,
        )
