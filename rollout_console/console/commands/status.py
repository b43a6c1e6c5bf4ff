"""What is set, what is in effect, and how it goes."""

from __future__ import annotations

from rollout_console import results
from rollout_console.console.commands.base import Commands
from rollout_console.console.registry import Group, command


class Status(Commands):
    """What is set, what is in effect, and how it goes."""

    @command(Group.STATUS, "rollout.status()", purpose="state")
    def status(self) -> results.Status:
        """Show what is set, what is in effect, health, and the last change."""
        return self.client.status()

    @command(Group.STATUS, "rollout.stats()", purpose="counts")
    def stats(self) -> results.Stats:
        """Show repositories, rates, and the success metrics against their targets."""
        return self.client.stats()

    @command(Group.STATUS, "rollout.categories()", purpose="sizes")
    def categories(self) -> results.Categories:
        """Show the size categories in rollout order, and how many of each are eligible."""
        return self.client.categories()

    @command(Group.STATUS, "rollout.checkHealth()", purpose="judge")
    def checkHealth(self) -> results.HealthCheck:
        """Check the health indicators; roll back to 0 % if they call for it.

        They do if the error rate of the jobs in the rollout since the last restart is above the
        threshold, with at least the minimum sample of jobs; with the guardrail "evidence", if the
        evidence is strong, too. With auto-rollback off it is reported and nothing is changed.
        """
        return self.client.check_health()

    @command(Group.STATUS, "rollout.showMetrics()", purpose="errors")
    def showMetrics(self, errors: int = 5) -> results.Metrics:
        """Show each processor's jobs, rates, times and cost, and the kinds of errors."""
        return self.client.show_metrics(errors)

    @command(Group.STATUS, "rollout.monitorPhase4()", listed=False)
    def monitorPhase4(self) -> results.Phase4:
        """Show the percentage, the test repositories, and the last metrics."""
        return self.client.test_repositories()
