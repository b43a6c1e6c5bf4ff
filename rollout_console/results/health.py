"""R7: the health of the window."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from rollout_console.results.base import Record

Verdict = Literal["no_data", "small_sample", "healthy", "above_threshold", "breach"]
CheckLeadsTo = Literal["rollback", "hold", "nothing"]
Guardrail = Literal["manual", "rate", "evidence", "compared"]


class Rate(Record, kw_only=True):
    """Errors among jobs, in percent, with the 95 % interval at one look; None without jobs or in a row of history."""

    jobs: int
    errors: int
    error_rate: float | None = None
    error_rate_low: float | None = None
    error_rate_high: float | None = None


class RecentRate(Rate, kw_only=True):
    """The jobs that a breach rests on, where they are not those of the window: a stretch up to now, or the whole run.

    `evidence` is what is held against `evidence_limit`: of a stretch, the sum over all stretches.
    """

    since: datetime
    evidence: float
    evidence_limit: float


class ControlRate(Rate, kw_only=True):
    """The jobs outside the rollout; `failing` if they are above the threshold as well."""

    failing: bool


class Compared(Record, kw_only=True):
    """Both arms since the percentage was changed, or over the window; `early` if the difference is an early sign."""

    since: datetime | None
    jobs: int
    errors: int
    control_jobs: int
    control_errors: int
    evidence: float
    evidence_limit: float
    early: bool


class Health(Rate, kw_only=True):
    """R7 and R8: what the treatment's jobs in the window say, and the control beside them.

    `breach`: a report trips the breaker, or holds where `shared`, since the control fails as well. `check_rolls_back`:
    it is enough for a health check, and `check_leads_to` is what one would do now. `evidence`, since the restart, is
    what the breaker holds against `evidence_limit`.
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
    compared: Compared | None = None
    breach: bool
    shared: bool = False
    check_rolls_back: bool
    check_leads_to: CheckLeadsTo = "nothing"
    verdict: Verdict


class StopEffect(Record, kw_only=True):
    """R18: jobs that began since a stop or a lowering, and those of them that began in the rollout all the same."""

    since: datetime
    jobs: int
    leaks: int
    last_leak_at: datetime | None
