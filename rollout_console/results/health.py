"""R7: the health of the window."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from rollout_console.results.base import Record

Verdict = Literal["no_data", "small_sample", "healthy", "above_threshold", "breach"]
Guardrail = Literal["manual", "rate", "evidence"]


class Rate(Record, kw_only=True):
    """Errors among jobs, in percent, with the 95 % interval; None without jobs, and left out in a row of history."""

    jobs: int
    errors: int
    error_rate: float | None = None
    error_rate_low: float | None = None
    error_rate_high: float | None = None


class RecentRate(Rate, kw_only=True):
    """A stretch up to now that speaks strongly against the rollout, although the whole window may not."""

    since: datetime
    evidence: float
    evidence_limit: float


class ControlRate(Rate, kw_only=True):
    """The jobs outside the rollout; `failing` if they are above the threshold as well."""

    failing: bool


class Health(Rate, kw_only=True):
    """R7 and R8: what the treatment's jobs in the window say, and the control beside them.

    `breach`: a report trips the breaker. `check_rolls_back`: a health check does. `evidence` is what the breaker
    holds against `evidence_limit`.
    """

    window_hours: int
    window_start: datetime
    since_restart: bool
    successes: int
    success_rate: float | None = None
    max_error_rate: float
    minimum_sample: int
    guardrail: Guardrail
    evidence: float
    evidence_limit: float
    recent: RecentRate | None = None
    control: ControlRate
    breach: bool
    check_rolls_back: bool
    verdict: Verdict


class StopEffect(Record, kw_only=True):
    """R18: jobs that began since a stop or a lowering, and those of them that began in the rollout all the same."""

    since: datetime
    jobs: int
    leaks: int
    last_leak_at: datetime | None
