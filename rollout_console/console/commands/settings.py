"""Settings, and what settings of the breaker cost."""

from __future__ import annotations

from rollout_console import results
from rollout_console.console.commands.base import Commands
from rollout_console.console.registry import Group, command


class Settings(Commands):
    """Settings, and what settings of the breaker cost."""

    @command(Group.SETTINGS, "rollout.configure(max_error_rate=4)", purpose="settings")
    def configure(
        self,
        *,
        guardrail: results.Guardrail | None = None,
        max_error_rate: float | None = None,
        minimum_sample: int | None = None,
        monitoring_window_hours: int | None = None,
        judged_reports: results.JudgedReports | None = None,
        application_check: bool | None = None,
        strategy: results.Strategy | None = None,
        cost_per_job: dict[str, float] | None = None,
        cost_per_minute: dict[str, float] | None = None,
        follow_jobs: bool | None = None,
        stuck_after_minutes: int | None = None,
        act_on_warnings: bool | None = None,
        auto_advance: bool | None = None,
        on_breach: results.OnBreach | None = None,
        keep_days: int | None = None,
        reason: str | None = None,
    ) -> results.Change | results.Settings:
        """Change settings, all that are given or none; without arguments, show them all."""
        breaker = (guardrail, max_error_rate, minimum_sample, monitoring_window_hours)
        outcomes = (judged_reports, follow_jobs, stuck_after_minutes, act_on_warnings)
        ramp = (auto_advance, on_breach)
        others = (keep_days, application_check, strategy, cost_per_job, cost_per_minute)
        given = (*breaker, *outcomes, *ramp, *others)
        if all(value is None for value in given):
            return self.client.settings()
        return self.client.configure(
            guardrail=guardrail,
            max_error_rate=max_error_rate,
            minimum_sample=minimum_sample,
            monitoring_window_hours=monitoring_window_hours,
            judged_reports=judged_reports,
            application_check=application_check,
            strategy=strategy,
            cost_per_job=cost_per_job,
            cost_per_minute=cost_per_minute,
            follow_jobs=follow_jobs,
            stuck_after_minutes=stuck_after_minutes,
            act_on_warnings=act_on_warnings,
            auto_advance=auto_advance,
            on_breach=on_breach,
            keep_days=keep_days,
            reason=reason,
        )

    @command(Group.SETTINGS, 'rollout.guardrail("evidence")', purpose="breaker")
    def guardrail(
        self,
        guardrail: results.Guardrail | None = None,
        max_error_rate: float | None = None,
        minimum_sample: int | None = None,
    ) -> results.GuardrailCost:
        """Show how often the breaker rolls back a healthy day, and how soon it acts on a failing one."""
        return self.client.guardrail(guardrail, max_error_rate, minimum_sample)

    @command(Group.SETTINGS, 'rollout.backtest("evidence", days=30)', purpose="replay")
    def backtest(
        self,
        guardrail: results.Guardrail | None = None,
        max_error_rate: float | None = None,
        minimum_sample: int | None = None,
        days: int = 30,
    ) -> results.Backtest:
        """Show what other settings of the breaker would have done with the recorded jobs."""
        return self.client.backtest(guardrail, max_error_rate, minimum_sample, days)
