"""R8: what a guardrail costs, and what it would have done."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from rollout_console.results.base import Record, Result
from rollout_console.results.gates import OnBreach
from rollout_console.results.health import Guardrail, Rate


class HealthyCost(Record, kw_only=True):
    """The chance, in percent, that a rollout with this true error rate is rolled back: on its first day, in 30 days.

    `day` and `month`: by reports, with nobody checking. `…_with_checks`: with a health check at the interval of the
    answer.
    """

    error_rate: float
    day: float
    month: float
    day_with_checks: float
    month_with_checks: float


class FailingDelay(Record, kw_only=True):
    """The job by whose report half (`median_job`) and 95 of 100 (`slow_job`) of failing rollouts are rolled back.

    From the start, and, as `…_after`, after three good days; the hours are those of the median at `jobs` a day. None
    is later than was simulated.
    """

    error_rate: float
    median_job: int | None
    slow_job: int | None
    median_hours: float | None
    median_after: int | None
    slow_after: int | None
    hours_after: float | None


class GuardrailCost(Result, kw_only=True):
    """`rollout.guardrail()`: the rule, and what it does at `jobs` jobs of the treatment a day.

    `jobs_today` are those of the last 24 hours, `jobs` the same, or 1,000 if there were none. `basis` says what was
    simulated.
    """

    guardrail: Guardrail
    meaning: str
    max_error_rate: float
    minimum_sample: int
    evidence_limit: float
    recent_limit: float
    jobs_today: int
    jobs: int
    check_minutes: int
    basis: str
    healthy: list[HealthyCost]
    failing: list[FailingDelay]


class ReplayedTrip(Rate, kw_only=True):
    """A rollback that the settings would have made; `acted` if the breaker rolled back after the same restart.

    `held`: no rollback, but a hold, since the control failed as well. `at` is when the breaker acted, if `is_exact`,
    and else the end of the slot of time by which it would have been.
    """

    at: datetime
    is_exact: bool
    evidence: float
    judged_at: Literal["report", "check"]
    held: bool
    acted: bool


class MissedTrip(Record, kw_only=True):
    """A rollback of the breaker that the settings would not have made."""

    at: datetime
    jobs: int | None
    errors: int | None
    error_rate: float | None


class Backtest(Result, kw_only=True):
    """`rollout.backtest()`: the recorded jobs since then, judged by these settings."""

    guardrail: Guardrail
    on_breach: OnBreach
    max_error_rate: float
    minimum_sample: int
    since: datetime
    jobs: int
    trips: list[ReplayedTrip]
    missed: list[MissedTrip]
