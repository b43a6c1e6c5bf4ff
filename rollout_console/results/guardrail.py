"""R8: what a guardrail costs, and what it would have done."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from rollout_console.results.base import Record, Result
from rollout_console.results.health import Guardrail, Rate


class HealthyDay(Record, kw_only=True):
    """The chance, in percent, that a rollout with this true error rate is rolled back within a day.

    `at_reports`: with nobody checking. `with_checks`: with a health check at the interval of the answer.
    """

    error_rate: float
    at_reports: float
    with_checks: float


class FailingDay(Record, kw_only=True):
    """The job by whose report half of all rollouts with this true error rate are rolled back; None if later."""

    error_rate: float
    median_job: int | None


class GuardrailCost(Result, kw_only=True):
    """`rollout.guardrail()`: the rule, and what it does in a day of `jobs` jobs of the treatment.

    `jobs_today` are those of the last 24 hours; `jobs` is what was reckoned with: 1,000 if there were none, else
    at least 100 and at most 2,000 of them.
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
    healthy: list[HealthyDay]
    failing: list[FailingDay]


class ReplayedTrip(Rate, kw_only=True):
    """A rollback that the settings would have made; `acted` if the breaker rolled back after the same restart.

    `held`: no rollback, but a hold, since the control failed as well.
    """

    at: datetime
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
    max_error_rate: float
    minimum_sample: int
    since: datetime
    jobs: int
    trips: list[ReplayedTrip]
    missed: list[MissedTrip]
