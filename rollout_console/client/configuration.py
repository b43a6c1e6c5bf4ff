"""Settings (R10)."""

from __future__ import annotations

from collections.abc import Mapping

from rollout_console import results
from rollout_console.client.calls import Calls
from rollout_console.validation import settings_given


class Configuration(Calls):
    """All settings that are not a command of their own."""

    def configure(
        self,
        *,
        guardrail: results.Guardrail | None = None,
        max_error_rate: float | None = None,
        minimum_sample: int | None = None,
        monitoring_window_hours: int | None = None,
        strategy: results.Strategy | None = None,
        cost_per_job: Mapping[str, float | None] | None = None,
        cost_per_minute: Mapping[str, float | None] | None = None,
        judged_reports: results.JudgedReports | None = None,
        application_check: bool | None = None,
        follow_jobs: bool | None = None,
        stuck_after_minutes: int | None = None,
        act_on_warnings: bool | None = None,
        auto_advance: bool | None = None,
        on_breach: results.OnBreach | None = None,
        keep_days: int | None = None,
        reason: str | None = None,
    ) -> results.Change:
        """Change settings: all that are given, or none of them (R1, R8, R10).

        Args:
            guardrail: where the breaker asks for evidence: `manual`, `rate` or `evidence`.
            max_error_rate: percent, 0 to 100.
            minimum_sample: jobs, 1 to 1,000,000.
            monitoring_window_hours: 1 to 8,760.
            strategy: who comes first: `repository_size`, `percentage` (by hash), `whitelist` (nobody
                else); `moves` of the answer says how many enter and leave.
            cost_per_job: what a job costs on `inngest` and `github_actions`, 0 to 1,000, in a currency of
                your own; None for one that is to be unknown again.
            cost_per_minute: what a minute of a job costs on each, likewise; on top of `cost_per_job`.
            judged_reports: `all`, or `outcomes`: what the application writes as it queues a job is not judged.
            application_check: whether the web application's own check may roll back.
            follow_jobs: whether a trigger on the application's table of jobs records each outcome (R16).
            stuck_after_minutes: how far beyond its target a job in processing is stuck, 1 to 10,080.
            act_on_warnings: whether a health check rolls back on what became of the jobs, too (R16).
            auto_advance: whether the monitor goes up the plan by itself (R17).
            on_breach: what a breach leads to: `zero` (0 %), `step_back` (the step before, and a hold) or `hold`.
            keep_days: how long reports and ids of jobs are kept, 1 to 36,500; history is kept for good.
            reason: for the history.

        Raises:
            Refused: one is out of its range, or there is no table to follow; nothing was changed.
        """
        settings = settings_given(
            guardrail=guardrail,
            max_error_rate=max_error_rate,
            minimum_sample=minimum_sample,
            monitoring_window_hours=monitoring_window_hours,
            strategy=strategy,
            cost_per_job=cost_per_job,
            cost_per_minute=cost_per_minute,
            judged_reports=judged_reports,
            application_check=application_check,
            follow_jobs=follow_jobs,
            stuck_after_minutes=stuck_after_minutes,
            act_on_warnings=act_on_warnings,
            auto_advance=auto_advance,
            on_breach=on_breach,
            keep_days=keep_days,
        )
        return self._change("rollout_configure", reason, settings=settings)
