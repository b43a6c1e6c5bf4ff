"""What a client reads; nothing here changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rollout_console import results
from rollout_console.client.calls import Calls, Percentage, check_version
from rollout_console.errors import BadArgument
from rollout_console.validation import clean_text, described, settings_given, whole, whole_percentage

if TYPE_CHECKING:
    from uuid import UUID


class Reports(Calls):
    """The reports, each from one call."""

    def status(self) -> results.Status:
        """Return the configuration, what is in effect, health, and the last change."""
        status = self._read("rollout_status", results.Status)
        check_version(status.schema_version)
        return status

    def overview(self, points: int = 48) -> results.Overview:
        """Return all that the dashboard shows, of one moment.

        Args:
            points: steps of the error trend, 2 to 288.
        """
        points = whole("points", points, "client.overview(48)")
        overview = self._read("rollout_overview", results.Overview, points=points)
        check_version(overview.status.schema_version)
        return overview

    def stats(self) -> results.Stats:
        """Return repositories, rates and success metrics over the window."""
        return self._read("rollout_stats", results.Stats)

    def categories(self) -> results.Categories:
        """Return each size category with its limits, averages, and how many are eligible (R3)."""
        return self._read("rollout_categories", results.Categories)

    def show_metrics(self, errors: int = 5) -> results.Metrics:
        """Return each processor over the window, the kinds of errors, and the last errors.

        Args:
            errors: how many kinds, and how many of the last errors, 0 to 50.
        """
        errors = whole("errors", errors, "rollout.showMetrics(5)")
        return self._read("rollout_show_metrics", results.Metrics, errors=errors)

    def error_trend(self, points: int = 24) -> results.ErrorTrend:
        """Return jobs and errors over the window.

        Args:
            points: equal steps of time, 2 to 288.
        """
        points = whole("points", points, "rollout.plot(48)")
        return self._read("rollout_error_trend", results.ErrorTrend, points=points)

    def show_whitelist(self, search: str | None = None, limit: int = 50) -> results.Whitelist:
        """Return whitelist and blacklist with names, the first entries by name (R9).

        Args:
            search: a text that names, in any case, or ids must contain; None for all.
            limit: entries of each list, 1 to 100,000.

        Raises:
            Refused: the limit is out of its range.
        """
        if search is not None and not isinstance(search, str):
            raise BadArgument(f'a search is a text, not {described(search)}; type rollout.showWhitelist("acme/")')
        return self._read(
            "rollout_show_whitelist",
            results.Whitelist,
            search=None if search is None else clean_text(search),
            max_rows=whole("limit", limit, "rollout.showWhitelist(limit=200)"),
        )

    def eligible_repositories(self, ids: Sequence[str | UUID]) -> list[str]:
        """Return which of these repositories are eligible, as the application is answered for each (R1).

        Args:
            ids: up to 100,000 ids of repositories.

        Raises:
            Refused: there are more.
        """
        if isinstance(ids, str) or not isinstance(ids, Sequence):
            raise BadArgument(f"eligible_repositories takes a list of ids, not {described(ids)}")
        answer: list[str] = self.adapter.call(
            "rollout_eligible_repositories",
            changes=False,
            idempotent=True,
            ids=[clean_text(str(each)) for each in ids],
            feature_name=self.feature,
        )
        return answer

    def history(self, limit: int = 20) -> results.History:
        """Return the newest changes (R10).

        Args:
            limit: how many, 1 to 1,000.
        """
        limit = whole("limit", limit, "rollout.history(20)")
        return self._read("rollout_list_history", results.History, max_rows=limit)

    def preview(self, percentage: Percentage, examples: int | None = None) -> results.Preview:
        """Return who would become eligible, or stop being so, at another percentage (R1).

        Args:
            percentage: a whole number, 0 to 100.
            examples: names for each category, 0 to 1,000, to be shown one a line; None takes a few, in brief.
        """
        return self._read(
            "rollout_preview",
            results.Preview,
            percentage=whole_percentage(percentage, "rollout.preview(25)"),
            examples=None if examples is None else whole("examples", examples, "rollout.preview(25, 5)"),
        )

    def explain(self, repository: str | UUID) -> results.Explanation:
        """Return whether a repository is eligible, and the first rule of R1 that says so.

        Args:
            repository: its id or `owner/name`.

        Raises:
            NotFound: there is no such repository.
        """
        from uuid import UUID

        if not isinstance(repository, str | UUID):
            raise BadArgument(
                f'explain takes one repository as text, not {described(repository)}; type rollout.explain("owner/name")'
            )
        return self._read("rollout_explain", results.Explanation, repository=clean_text(str(repository)))

    def phases(self) -> results.Phases:
        """Return the progression, and whether the next phase may begin (R2)."""
        return self._read("rollout_phases", results.Phases)

    def jobs(self, state: results.JobState | None = None, limit: int | None = None) -> results.Jobs:
        """Return what became of the jobs, as the application's own table says (R16).

        Args:
            state: `queued`, `running`, `late`, `stuck`, `completed` or `failed`: the jobs to list; None for the last
                failures.
            limit: how many of them, 0 to 1,000; None for 20, or 5 of the last failures.

        Raises:
            Refused: there is no such state.
        """
        if state is not None and not isinstance(state, str):
            raise BadArgument(f'a state is a word, not {described(state)}; type for example rollout.jobs("stuck")')
        return self._read(
            "rollout_jobs",
            results.Jobs,
            state=None if state is None else clean_text(state),
            max_rows=None if limit is None else whole("limit", limit, 'rollout.jobs("stuck", 20)'),
        )

    def settings(self) -> results.Settings:
        """Return every setting: what it does, its default, and who changed it last."""
        return self._read("rollout_list_settings", results.Settings)

    def guardrail(
        self,
        guardrail: results.Guardrail | None = None,
        max_error_rate: float | None = None,
        minimum_sample: int | None = None,
    ) -> results.GuardrailCost:
        """Return how often the breaker rolls back a healthy day, and how soon it acts on a failing one (R8).

        Args:
            guardrail: `manual`, `rate` or `evidence`; as all arguments, None for what is set.
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

    def backtest(
        self,
        guardrail: results.Guardrail | None = None,
        max_error_rate: float | None = None,
        minimum_sample: int | None = None,
        days: int = 30,
    ) -> results.Backtest:
        """Return what other settings would have done with the recorded jobs (R8).

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

    def features(self) -> results.Features:
        """Return all features of the database, whichever this client is of: percentage, health, last change."""
        answer = self.adapter.call("rollout_features", changes=False, idempotent=True)
        return self._typed("rollout_features", results.Features, answer)

    def test_repositories(self, limit: int = 20) -> results.Phase4:
        """Return the percentage, the test repositories, pinned ones first, and the metrics of the window.

        Args:
            limit: how many repositories, 0 to 1,000.
        """
        limit = whole("limit", limit, "rollout.monitorPhase4(20)")
        return self._read("rollout_test_repositories", results.Phase4, max_rows=limit)

    def find_repositories(self, prefix: str, limit: int = 20) -> list[str]:
        """Return names of repositories, for completion.

        Args:
            prefix: what the names begin with; where none does, what they hold, if it has three characters or more.
            limit: how many at most, 1 to 50.
        """
        names: list[str] = self.adapter.call(
            "rollout_find_repositories", changes=False, idempotent=True, prefix=clean_text(prefix), max_rows=limit
        )
        return names

    def verify(self) -> results.Verification:
        """Count again from the rows what is kept as counters, and return the differences."""
        return self._read("rollout_verify", results.Verification)
