"""What a client changes; each method is one call, one transaction and one row of history (R10)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from rollout_console import results
from rollout_console.client.by_hand import stop_by_hand
from rollout_console.client.calls import Calls, Percentage, Repositories
from rollout_console.errors import BadArgument, Refused, RolloutError
from rollout_console.validation import (
    clean_text,
    described,
    moment,
    repository_names,
    settings_given,
    whole,
    whole_percentage,
)

if TYPE_CHECKING:
    from uuid import UUID

BATCH_SECONDS = 2.0  # aim of a categorization batch: half of what hosted Supabase would allow at most
FIRST_BATCH = 2_000
LARGEST_BATCH = 50_000


class Changes(Calls):
    """The changes, each with a `reason` for the history."""

    def set_rollout(self, percentage: Percentage, reason: str | None = None) -> results.Change:
        """Set the percentage (R4).

        Args:
            percentage: a whole number, 0 to 100.
            reason: for the history.
        """
        wanted = whole_percentage(percentage, "rollout.setRollout(10)")
        return self._change("rollout_set_percentage", reason, percentage=wanted)

    def emergency_stop(self, reason: str | None = None) -> results.Change:
        """Halt all traffic; the percentage is kept (R5).

        Raises:
            RolloutError: as any change; if the database was not reached or the key not accepted,
                `by_hand` says how to stop without this console.
        """
        try:
            return self._change("rollout_emergency_stop", reason)
        except (BadArgument, Refused):
            raise
        except RolloutError as error:
            error.by_hand = stop_by_hand(reason, self.feature)
            raise

    def resume(self, percentage: Percentage | None = None, reason: str | None = None) -> results.Change:
        """End the emergency stop (R5).

        Args:
            percentage: a whole number, 0 to 100; None for the one that is kept.
            reason: for the history.

        Raises:
            Refused: there is no stop, and the percentage is another than the one that is set.
        """
        wanted = None if percentage is None else whole_percentage(percentage, "rollout.resume(5)")
        return self._change("rollout_resume", reason, percentage=wanted)

    def rollback_to_percentage(self, percentage: Percentage, reason: str | None = None) -> results.Change:
        """Lower the percentage (R6).

        Raises:
            Refused: it is higher than the one that is set.
        """
        wanted = whole_percentage(percentage, "rollout.rollbackToPercentage(5)")
        return self._change("rollout_rollback", reason, percentage=wanted)

    def rollback_to_zero(self, reason: str | None = None) -> results.Change:
        """Set 0 % (R6)."""
        return self._change("rollout_rollback", reason, percentage=0)

    def enable_auto_rollback(self, reason: str | None = None) -> results.Change:
        """Switch the breaker on (R8)."""
        return self._change("rollout_set_auto_rollback", reason, enabled=True)

    def disable_auto_rollback(self, reason: str | None = None) -> results.Change:
        """Switch the breaker off (R8)."""
        return self._change("rollout_set_auto_rollback", reason, enabled=False)

    def check_health(self, triggered_by: str = "manual") -> results.HealthCheck:
        """Check the criteria of health, and roll back if they call for it (R7, R8).

        Args:
            triggered_by: for the history, who asked: `manual`, or a program's name.
        """
        context = {**self._context(), "triggered_by": triggered_by}
        return self._call("rollout_check_health", results.HealthCheck, context=context)

    def undo(
        self, change: str | UUID | None = None, *, confirm: bool = False, reason: str | None = None
    ) -> results.Change:
        """Take a change back, if nothing has changed the same fields since (R19).

        Args:
            change: its id or the beginning of it; None for the last change of this operator.
            confirm: whether to do it even if it raises traffic, as undoing a stop or a rollback does.
            reason: for the history.

        Raises:
            NotFound: there is no such change among the last 1,000, or several begin like this.
            Refused: the fields have changed since, traffic would rise and `confirm` is not set, or
                the change is none that can be undone.
        """
        from uuid import UUID

        example = 'rollout.undo("1a2b3c4d")'
        if not isinstance(confirm, bool):
            raise BadArgument(f"confirm is True or False, not {described(confirm)}; type {example}")
        if change is not None and not isinstance(change, str | UUID):
            raise BadArgument(f"undo takes the id of a change as text, not {described(change)}; type {example}")
        wanted = None if change is None else clean_text(str(change)).strip()
        return self._change("rollout_undo", reason, change=wanted, confirm=confirm)

    def add_to_whitelist(
        self, repositories: Repositories, reason: str | None = None, *, until: str | datetime | None = None
    ) -> results.Change:
        """Add repositories to the whitelist: all of them or none (R9).

        Args:
            repositories: ids or `owner/name`, one or several.
            reason: for the history.
            until: when they stop being eligible by it: a span from now, as `"2s"`, `"30m"`, `"2h"` or
                `"3d"`, or a time in ISO 8601, in UTC if it names no zone; None for never.

        Raises:
            NotFound: one is unknown; nothing was changed.
        """
        names = repository_names(repositories, "addToWhitelist")
        ends = moment(until, 'rollout.addToWhitelist("owner/name", until="2h")')
        return self._change("rollout_add_to_whitelist", reason, repositories=names, until=ends)

    def remove_from_whitelist(self, repositories: Repositories, reason: str | None = None) -> results.Change:
        """Remove repositories from the whitelist: all of them or none (R9); see `add_to_whitelist`."""
        names = repository_names(repositories, "removeFromWhitelist")
        return self._change("rollout_remove_from_whitelist", reason, repositories=names)

    def add_to_blacklist(self, repositories: Repositories, reason: str | None = None) -> results.Change:
        """Add repositories to the blacklist, which wins over the whitelist (R9); see `add_to_whitelist`."""
        names = repository_names(repositories, "addToBlacklist")
        return self._change("rollout_add_to_blacklist", reason, repositories=names)

    def remove_from_blacklist(self, repositories: Repositories, reason: str | None = None) -> results.Change:
        """Remove repositories from the blacklist: all of them or none (R9); see `add_to_whitelist`."""
        names = repository_names(repositories, "removeFromBlacklist")
        return self._change("rollout_remove_from_blacklist", reason, repositories=names)

    def mark_as_test(self, repositories: Repositories, reason: str | None = None) -> results.Change:
        """Pin repositories as test (R3); see `add_to_whitelist`."""
        names = repository_names(repositories, "markAsTest")
        return self._change("rollout_mark_as_test", reason, repositories=names)

    def unmark_as_test(self, repositories: Repositories, reason: str | None = None) -> results.Change:
        """Lift the pin, and categorize the repositories by size again (R3); see `add_to_whitelist`."""
        names = repository_names(repositories, "unmarkAsTest")
        return self._change("rollout_unmark_as_test", reason, repositories=names)

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
        )
        return self._change("rollout_configure", reason, settings=settings)

    def note(self, text: str) -> results.Change:
        """Write a note into the history; changes nothing (R10).

        Args:
            text: what was seen or decided, at most 2,000 characters.
        """
        return self._change("rollout_note", text)

    def categorize_all(
        self, on_progress: Callable[[results.CategorizationRun], None] | None = None
    ) -> results.CategorizationRun:
        """Categorize all repositories in batches, continuing an unfinished run (R3).

        Args:
            on_progress: called after each batch, which is committed by then.
        """
        size, run_id = FIRST_BATCH, None
        while True:
            begun = time.monotonic()
            run = self._call(
                "rollout_categorize_batch",
                results.CategorizationRun,
                batch_size=size,
                run_id=run_id,
                context=self._context(),
            )
            if on_progress is not None:
                on_progress(run)
            if run.done:
                return run
            took = max(time.monotonic() - begun, 0.001)
            size = max(100, min(LARGEST_BATCH, int(size * min(2.0, BATCH_SECONDS / took))))
            run_id = run.run_id

    def simulate(
        self,
        jobs: int = 200,
        error_rate: float = 2.0,
        control: int = 0,
        control_error_rate: float = 1.0,
        healthy_first: int = 0,
        in_flight: int = 0,
    ) -> results.Simulation:
        """Send practice jobs; on the sample data only.

        Args:
            jobs: how many of the treatment, 1 to 10,000.
            error_rate: percent of them that fail, 0 to 100.
            control: how many of the control beside them, 0 to 10,000.
            control_error_rate: percent of those that fail, 0 to 100.
            healthy_first: how many of the jobs succeed before the first can fail, 0 to 10,000.
            in_flight: failures to send first, of jobs that began before the last restart, 0 to 10,000.

        Raises:
            Refused: the database is not the practice database.
        """
        example = "rollout.simulate(200, 20)"
        for rate in (error_rate, control_error_rate):
            if isinstance(rate, bool) or not isinstance(rate, int | float):
                raise BadArgument(f"error_rate is a percentage from 0 to 100, not {described(rate)}; type {example}")
        # Has no operation id: sent twice, it reports its jobs twice.
        return self._call(
            "rollout_simulate",
            results.Simulation,
            idempotent=False,
            jobs=whole("jobs", jobs, example),
            error_rate=error_rate,
            control=whole("control", control, example),
            control_error_rate=control_error_rate,
            healthy_first=whole("healthy_first", healthy_first, example),
            in_flight=whole("in_flight", in_flight, example),
        )
