"""Settings, and what settings of the breaker cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict, Unpack

from rollout_console import results
from rollout_console.client.calls import Calls
from rollout_console.client.command import Group, command
from rollout_console.validation import flag, settings_given, whole


class SettingValues(TypedDict, total=False):
    """What `configure` changes.

    Attributes:
        guardrail: where the breaker asks for evidence: `manual`, `rate`, `evidence` or `compared`.
        max_error_rate: percent, 0 to 100.
        minimum_sample: jobs, 1 to 1,000,000.
        monitoring_window_hours: 1 to 8,760.
        judged_reports: `all`, or `outcomes`: what the application writes as it queues a job is not judged.
        application_check: whether the web application's own check may roll back.
        strategy: who comes first: `repository_size`, `percentage` (by hash), `whitelist` (nobody
            else); `moves` of the answer says how many enter and leave.
        cost_per_job: what a job costs on `inngest` and `github_actions`, 0 to 1,000, in a currency of
            your own; None for one that is to be unknown again.
        cost_per_minute: what a minute of a job costs on each, likewise; on top of `cost_per_job`.
        follow_jobs: whether a trigger on the application's table of jobs records each outcome (R16).
        stuck_after_minutes: how far beyond its target a job in processing is stuck, 1 to 10,080.
        act_on_warnings: whether a health check takes what became of the jobs for a breach, too (R16); `on_breach` says
            what that leads to.
        auto_advance: whether the monitor goes up the plan by itself (R17).
        on_breach: what a breach leads to: `zero` (0 %), `step_back` (the step before, and a hold) or `hold`.
        keep_days: how long reports and ids of jobs are kept, 1 to 36,500; history is kept for good.
        minimum_repositories: in how many jobs must have run in the rollout before the next step, 1 to 100,000.
        most_jobs_of_a_row: 1 to 2,147,483,647; a row of `rollout_metrics` that claims more is not judged.
        ignored_errors: kinds of errors, as `errors()` shows them, or messages of these kinds, at most 50: from now on
            they are counted and shown, and not judged.
        ignored_job_types: types of the application's jobs that are not the feature's, at most 50: they are shown
            apart, and neither judged nor a gate.
        criteria: what a phase and a processor must meet where it is not what the manual says: `advance_error_rate` and
            `success_rate` in percent, `advance_jobs`, `inngest_seconds`, `github_actions_seconds`; None for one that
            is to be the manual's again.
    """

    guardrail: results.Guardrail | None
    max_error_rate: float | None
    minimum_sample: int | None
    monitoring_window_hours: int | None
    judged_reports: results.JudgedReports | None
    application_check: bool | None
    strategy: results.Strategy | None
    cost_per_job: Mapping[str, float | None] | None
    cost_per_minute: Mapping[str, float | None] | None
    follow_jobs: bool | None
    stuck_after_minutes: int | None
    act_on_warnings: bool | None
    auto_advance: bool | None
    on_breach: results.OnBreach | None
    keep_days: int | None
    minimum_repositories: int | None
    most_jobs_of_a_row: int | None
    ignored_errors: Sequence[str] | None
    ignored_job_types: Sequence[str] | None
    criteria: Mapping[str, float | None] | None


class SettingCommands(Calls):
    """All settings that are not a command of their own."""

    def settings(self) -> results.Settings:
        """Show every setting: what it does, its default, and who changed it last."""
        return self._read("rollout_list_settings", results.Settings)

    @command(Group.SETTINGS, "rollout.configure(max_error_rate=4)", purpose="set")
    def configure(
        self, *, reason: str | None = None, confirm: bool = False, **values: Unpack[SettingValues]
    ) -> results.Change:
        """Change settings: all that are given, or none of them (R1, R8, R10).

        Args:
            reason: for the history.
            confirm: as of `set_rollout`, for another strategy.
            values: as `SettingValues` says; None for what is to stay.

        Raises:
            Refused: one is out of its range, or there is no table to follow; or as `set_rollout`.
        """
        confirmed = flag("confirm", confirm, 'rollout.configure(strategy="percentage")')
        return self._change("rollout_configure", reason, confirmed=confirmed, settings=settings_given(**values))

    @command(Group.SETTINGS, 'rollout.guardrail("evidence")', purpose="breaker")
    def guardrail(
        self,
        guardrail: results.Guardrail | None = None,
        max_error_rate: float | None = None,
        minimum_sample: int | None = None,
    ) -> results.GuardrailCost:
        """Show how often the breaker rolls back a healthy rollout, and how soon it acts on a failing one (R8).

        Args:
            guardrail: `manual`, `rate`, `evidence` or `compared`; as all arguments, None for what is set.
            max_error_rate: percent, 0 to 100.
            minimum_sample: jobs, 1 to 1,000,000.

        Raises:
            Refused: one is out of its range.
        """
        return self._read(
            "rollout_guardrail",
            results.GuardrailCost,
            settings=settings_given(guardrail=guardrail, max_error_rate=max_error_rate, minimum_sample=minimum_sample),
        )

    @command(Group.SETTINGS, 'rollout.backtest("evidence", days=30)', purpose="replay")
    def backtest(
        self,
        guardrail: results.Guardrail | None = None,
        max_error_rate: float | None = None,
        minimum_sample: int | None = None,
        days: int = 30,
    ) -> results.Backtest:
        """Show what other settings of the breaker would have done with the recorded jobs (R8).

        Args:
            guardrail: as all three of `guardrail`.
            max_error_rate: percent, 0 to 100.
            minimum_sample: jobs, 1 to 1,000,000.
            days: how far back, 1 to 365.

        Raises:
            Refused: one is out of its range.
        """
        return self._read(
            "rollout_backtest",
            results.Backtest,
            settings=settings_given(guardrail=guardrail, max_error_rate=max_error_rate, minimum_sample=minimum_sample),
            days=whole("days", days, "rollout.backtest(days=30)"),
        )
