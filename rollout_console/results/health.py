"""R7: the health of the window."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from rollout_console.results.base import Record

Verdict = Literal["no_data", "small_sample", "healthy", "breach"]


class Health(Record, kw_only=True):
    """R7: what the jobs of the window say; `error_rate_low` and `_high` are the 95 % interval."""

    window_hours: int
    window_start: datetime
    since_restart: bool
    jobs: int
    errors: int
    successes: int
    error_rate: float | None
    error_rate_low: float | None
    error_rate_high: float | None
    success_rate: float | None
    max_error_rate: float
    minimum_sample: int
    breach: bool
    verdict: Verdict
