"""Status and monitoring."""

from __future__ import annotations

from rollout_console import results
from rollout_console.client.calls import Calls, check_version
from rollout_console.client.command import Group, command
from rollout_console.validation import whole


class StatusCommands(Calls):
    """What is set, what is in effect, and how it goes."""

    @command(Group.STATUS, "rollout.status()", purpose="state")
    def status(self) -> results.Status:
        """Show what is set, what is in effect, health, and the last change."""
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

    @command(Group.STATUS, "rollout.stats()", purpose="counts")
    def stats(self) -> results.Stats:
        """Show repositories, rates, and the success metrics against their targets."""
        return self._read("rollout_stats", results.Stats)

    @command(Group.STATUS, "rollout.categories()", purpose="sizes")
    def categories(self) -> results.Categories:
        """Show the size categories in rollout order, and how many of each are eligible (R3)."""
        return self._read("rollout_categories", results.Categories)

    @command(Group.STATUS, "rollout.checkHealth()", purpose="judge", without=("triggered_by",))
    def check_health(self, triggered_by: str = "manual") -> results.HealthCheck:
        """Check the health indicators; roll back to 0 % if they call for it (R7, R8).

        They do if the error rate of the jobs in the rollout since the last restart is above the
        threshold, with at least the minimum sample of jobs; with the guardrail "evidence", if the
        evidence is strong, too. With auto-rollback off it is reported and nothing is changed.

        Args:
            triggered_by: for the history, who asked: `manual`, or a program's name.
        """
        context = {**self._context(), "triggered_by": triggered_by}
        return self._call("rollout_check_health", results.HealthCheck, context=context)

    @command(Group.STATUS, "rollout.showMetrics()", purpose="errors")
    def show_metrics(self, errors: int = 5) -> results.Metrics:
        """Show each processor's jobs, rates, times and cost, and the kinds of errors.

        Args:
            errors: how many kinds, and how many of the last errors, 0 to 50.
        """
        errors = whole("errors", errors, "rollout.showMetrics(5)")
        return self._read("rollout_show_metrics", results.Metrics, errors=errors)

    @command(Group.STATUS, "rollout.monitorPhase4()", listed=False)
    def test_repositories(self, limit: int = 20) -> results.Phase4:
        """Show the percentage, the test repositories, and the last metrics.

        Args:
            limit: how many repositories, pinned ones first, 0 to 1,000.
        """
        limit = whole("limit", limit, "rollout.monitorPhase4(20)")
        return self._read("rollout_test_repositories", results.Phase4, max_rows=limit)
