"""The application's own table of jobs, written as the application and its processors write it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from psycopg.types.json import Jsonb

from tests.support.rollouts import RolloutUnderTest

STATES = ("queued", "running", "late", "stuck", "completed", "failed")
MINUTES, HOURS = timedelta(minutes=1), timedelta(hours=1)


def add_jobs(
    rollout: RolloutUnderTest,
    amount: int = 1,
    *,
    status: str = "pending",
    processor: str = "inngest",
    applied: object = True,
    repository: str | None = "acme/repo-1",
    queued: timedelta = timedelta(),
    started: timedelta | None = None,
    ended: timedelta | None = None,
    error: str | None = None,
) -> list[str]:
    """Add jobs and return their ids.

    Args:
        amount: how many.
        status: pending, processing, completed or failed.
        processor: inngest or github_actions.
        applied: the mark in the metadata; None if it is lost.
        repository: its name; None for a job without one.
        queued: how long ago they were queued.
        started: how long ago they began, None if that was not written.
        ended: how long ago they ended, None if that was not written.
        error: of failed ones.
    """
    return [
        str(row[0])
        for row in rollout.sql(
            "insert into progressive_capture_jobs (job_type, repository_id, processor_type, status, metadata, error,"
            " created_at, started_at, completed_at)"
            " select 'recent_prs', (select id from repositories where full_name = %s), %s, %s, %s, %s,"
            " now() - %s, now() - %s::interval, now() - %s::interval from generate_series(1, %s) returning id",
            repository, processor, status, Jsonb({} if applied is None else {"rollout_applied": applied}), error,
            queued, started, ended, amount,
        )
    ]  # fmt: skip


def finish(rollout: RolloutUnderTest, job: str, status: str = "completed", **columns: Any) -> None:
    """Write the outcome of a job, as a processor does.

    Args:
        rollout: where.
        job: its id.
        status: completed or failed.
        columns: others that are written with it.
    """
    settings = "".join(f", {column} = %s" for column in columns)
    rollout.sql(
        f"update progressive_capture_jobs set status = %s, completed_at = clock_timestamp(){settings} where id = %s",
        status, *columns.values(), job,
    )  # fmt: skip


def retry(rollout: RolloutUnderTest, job: str, count: int | None) -> None:
    """Set a failed job back to pending and to work again; the count of retries is lost with None."""
    metadata = {} if count is None else {"rollout_applied": True, "retry_count": count}
    rollout.sql(
        "update progressive_capture_jobs set status = 'pending', error = null, metadata = %s where id = %s",
        Jsonb(metadata), job,
    )  # fmt: skip
    rollout.sql("update progressive_capture_jobs set status = 'processing', started_at = now() where id = %s", job)


def states(rollout: RolloutUnderTest, processor: str, arm: str = "treatment") -> dict[str, int]:
    """Return how many jobs of a processor and an arm are in each state that has any."""
    groups = [g for g in rollout.client.jobs().groups if (g.processor, g.arm) == (processor, arm)]
    return {state: n for g in groups for state in STATES if (n := getattr(g, state))}
