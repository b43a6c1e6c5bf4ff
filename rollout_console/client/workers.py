"""What a worker that is written in Python calls: reports of finished jobs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rollout_console import results
from rollout_console.client.calls import Calls
from rollout_console.validation import clean_text

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
            Refused: a job can't be counted, so none was; the text says which and why. Characters that no database can
                hold are no reason: they are left out.
        """
        import msgspec

        entries = [
            {name: _as_json(value) for name, value in entry.items()} for entry in msgspec.to_builtins(list(jobs))
        ]
        if not entries:
            return results.JobsRecorded(reported=0, counted=0)
        return self._call(
            "record_rollout_jobs",
            results.JobsRecorded,
            idempotent=all("job_id" in entry for entry in entries),
            jobs=entries,
        )


def _as_json(value: object) -> object:
    """Return a field of a job as JSON can hold it: failing jobs say anything, and one must not cost the whole batch.

    A number that JSON lacks becomes a text, which the database refuses with its job.
    """
    if isinstance(value, str):
        return clean_text(value)
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
