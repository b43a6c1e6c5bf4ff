"""A finished job as a worker that is written in Python reports it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec


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
