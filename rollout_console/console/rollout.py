"""`rollout`: the object at the prompt. Each command calls the client once and shows what comes back."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from rollout_console import results
from rollout_console.client import RolloutClient
from rollout_console.console.help import Help, help_for
from rollout_console.console.output import Output
from rollout_console.console.place import Place, Said, client_at, no_such_feature
from rollout_console.console.registry import Group, command, commands_of
from rollout_console.errors import BadArgument, Interrupted, NotFound, RolloutError
from rollout_console.render.live import watch
from rollout_console.render.progress import CategorizationProgress


class Rollout:
    """The commands, named as in the browser console. For scripts there is `rollout.client`."""

    def __init__(self, client: RolloutClient, output: Output | None = None) -> None:
        self.client = client
        self.output = output or Output()

    # Status and monitoring

    @command(Group.STATUS, "rollout.status()")
    def status(self) -> results.Status:
        """Show what is set, what is in effect, health, and the last change."""
        return self.client.status()

    @command(Group.STATUS, "rollout.stats()")
    def stats(self) -> results.Stats:
        """Show repositories, rates, and the success metrics against their targets."""
        return self.client.stats()

    @command(Group.STATUS, "rollout.categories()")
    def categories(self) -> results.Categories:
        """Show the size categories in rollout order, and how many of each are eligible."""
        return self.client.categories()

    @command(Group.STATUS, "rollout.checkHealth()")
    def checkHealth(self) -> results.HealthCheck:
        """Check the health indicators; roll back to 0 % if they call for it.

        They do if the error rate of the jobs in the rollout since the last restart is above the
        threshold, with at least the minimum sample of jobs; with the guardrail "evidence", if the
        evidence is strong, too. With auto-rollback off it is reported and nothing is changed.
        """
        return self.client.check_health()

    @command(Group.STATUS, "rollout.showMetrics()")
    def showMetrics(self, errors: int = 5) -> results.Metrics:
        """Show each processor's jobs, rates, times and cost, and the last errors."""
        return self.client.show_metrics(errors)

    # Rollout control

    @command(Group.CONTROL, "rollout.setRollout(10)", verb="set")
    def setRollout(self, percentage: int, reason: str | None = None) -> results.Change:
        """Set the percentage of repositories in the rollout, 0 to 100.

        During an emergency stop the percentage is stored and traffic stays halted.
        """
        return self.client.set_rollout(percentage, reason)

    @command(Group.CONTROL, 'rollout.emergencyStop("errors in the logs")', verb="stop")
    def emergencyStop(self, reason: str | None = None) -> results.Change:
        """Halt all traffic immediately, without confirmation. resume() restores the percentage."""
        return self.client.emergency_stop(reason)

    @command(Group.CONTROL, "rollout.resume()")
    def resume(self, percentage: int | None = None, reason: str | None = None) -> results.Change:
        """End the emergency stop, at the percentage that is set or at another one."""
        return self.client.resume(percentage, reason)

    # Repository management

    @command(Group.REPOSITORIES, "rollout.categorizeAll()", own_screen=True)
    def categorizeAll(self) -> results.CategorizationRun:
        """Bring the category of every repository up to date.

        Works in batches that are each committed: after Ctrl-C, type it again and it goes on.
        """
        try:
            with CategorizationProgress(self.output.screen(), self.output.stream) as progress:
                return self.client.categorize_all(progress.advance)
        except KeyboardInterrupt:
            raise Interrupted("interrupted; finished batches stay; to go on, type rollout.categorizeAll()") from None

    @command(Group.REPOSITORIES, 'rollout.markAsTest("owner/name")')
    def markAsTest(self, repositories: str | list[str], reason: str | None = None) -> results.Change:
        """Pin repositories as test, first in rollout order, until unmarkAsTest()."""
        return self.client.mark_as_test(repositories, reason)

    @command(Group.REPOSITORIES, 'rollout.unmarkAsTest("owner/name")')
    def unmarkAsTest(self, repositories: str | list[str], reason: str | None = None) -> results.Change:
        """Remove the test pin; the repositories are categorized by size again."""
        return self.client.unmark_as_test(repositories, reason)

    @command(Group.REPOSITORIES, 'rollout.addToWhitelist(["owner/name"])')
    def addToWhitelist(
        self, ids: str | list[str], reason: str | None = None, until: str | None = None
    ) -> results.Change:
        """Make repositories eligible at any percentage: ids or owner/name, one or a list.

        until="2h" ends it then, by itself; also "30m", "2s", "3d", or a time as "2030-01-31T12:00Z".
        """
        return self.client.add_to_whitelist(ids, reason, until=until)

    @command(Group.REPOSITORIES, 'rollout.removeFromWhitelist(["owner/name"])')
    def removeFromWhitelist(self, ids: str | list[str], reason: str | None = None) -> results.Change:
        """Remove repositories from the whitelist."""
        return self.client.remove_from_whitelist(ids, reason)

    @command(Group.REPOSITORIES, "rollout.showWhitelist()")
    def showWhitelist(self) -> results.Whitelist:
        """Show whitelist and blacklist, with names and ids."""
        return self.client.show_whitelist()

    # Safety controls

    @command(Group.SAFETY, "rollout.enableAutoRollback()")
    def enableAutoRollback(self, reason: str | None = None) -> results.Change:
        """Switch automatic rollback on."""
        return self.client.enable_auto_rollback(reason)

    @command(Group.SAFETY, "rollout.disableAutoRollback()")
    def disableAutoRollback(self, reason: str | None = None) -> results.Change:
        """Switch automatic rollback off."""
        return self.client.disable_auto_rollback(reason)

    @command(Group.SAFETY, "rollout.rollbackToPercentage(5)")
    def rollbackToPercentage(self, pct: int, reason: str | None = None) -> results.Change:
        """Lower the percentage. Refuses to raise it."""
        return self.client.rollback_to_percentage(pct, reason)

    @command(Group.SAFETY, "rollout.rollbackToZero()")
    def rollbackToZero(self, reason: str | None = None) -> results.Change:
        """Set 0 %: only the whitelist is eligible."""
        return self.client.rollback_to_zero(reason)

    @command(Group.SAFETY, 'rollout.help("setRollout")')
    def help(self, topic: str | None = None) -> Help:
        """Show all commands, or more about one, or a part of the runbook: help("recovery")."""
        return help_for(topic, COMMANDS)

    # Beyond the browser

    @command(Group.BEYOND, "rollout.history()")
    def history(self, limit: int = 20) -> results.History:
        """Show who changed what, when and why, newest first."""
        return self.client.history(limit)

    @command(Group.BEYOND, 'rollout.undo("1a2b3c4d")')
    def undo(self, change: str | None = None, confirm: bool = False, reason: str | None = None) -> results.Change:
        """Take back a change, by default your last; history() shows ids.

        It is refused if the same fields have changed since. What would raise traffic, as undoing a stop or
        a rollback, is done with confirm=True only. An undo can be undone.
        """
        return self.client.undo(change, confirm=confirm, reason=reason)

    @command(Group.BEYOND, 'rollout.addToBlacklist(["owner/name"])')
    def addToBlacklist(self, ids: str | list[str], reason: str | None = None) -> results.Change:
        """Keep repositories out at any percentage."""
        return self.client.add_to_blacklist(ids, reason)

    @command(Group.BEYOND, 'rollout.removeFromBlacklist(["owner/name"])')
    def removeFromBlacklist(self, ids: str | list[str], reason: str | None = None) -> results.Change:
        """Remove repositories from the blacklist."""
        return self.client.remove_from_blacklist(ids, reason)

    @command(Group.BEYOND, 'rollout.note("the status page is red")')
    def note(self, text: str) -> results.Change:
        """Write a note into the history; changes nothing."""
        return self.client.note(text)

    @command(Group.BEYOND, "rollout.preview(25)")
    def preview(self, percentage: int, examples: int = 5) -> results.Preview:
        """Show who would become eligible, or stop being so, at another percentage."""
        return self.client.preview(percentage, examples)

    @command(Group.BEYOND, 'rollout.explain("owner/name")')
    def explain(self, repository: str) -> results.Explanation:
        """Show whether a repository is eligible, and why."""
        return self.client.explain(repository)

    @command(Group.BEYOND, "rollout.phases()")
    def phases(self) -> results.Phases:
        """Show the progression and whether the next phase may begin."""
        return self.client.phases()

    @command(Group.BEYOND, 'rollout.jobs("stuck")')
    def jobs(self, state: results.JobState | None = None, limit: int | None = None) -> results.Jobs:
        """Show what became of the jobs: queued, running, late, stuck, completed, failed.

        The application reports success when it queues a job; this reads its own table of jobs. With a
        state, the jobs in it are listed.
        """
        return self.client.jobs(state, limit)

    @command(Group.BEYOND, "rollout.configure(max_error_rate=4)")
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
        reason: str | None = None,
    ) -> results.Change | results.Settings:
        """Change settings, all that are given or none; without arguments, show them all."""
        breaker = (guardrail, max_error_rate, minimum_sample, monitoring_window_hours)
        outcomes = (judged_reports, follow_jobs, stuck_after_minutes, act_on_warnings)
        given = (*breaker, *outcomes, application_check, strategy, cost_per_job, cost_per_minute)
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
            reason=reason,
        )

    @command(Group.BEYOND, 'rollout.guardrail("evidence")')
    def guardrail(
        self,
        guardrail: results.Guardrail | None = None,
        max_error_rate: float | None = None,
        minimum_sample: int | None = None,
    ) -> results.GuardrailCost:
        """Show how often the breaker rolls back a healthy day, and how soon it acts on a failing one."""
        return self.client.guardrail(guardrail, max_error_rate, minimum_sample)

    @command(Group.BEYOND, 'rollout.backtest("evidence", days=30)')
    def backtest(
        self,
        guardrail: results.Guardrail | None = None,
        max_error_rate: float | None = None,
        minimum_sample: int | None = None,
        days: int = 30,
    ) -> results.Backtest:
        """Show what other settings of the breaker would have done with the recorded jobs."""
        return self.client.backtest(guardrail, max_error_rate, minimum_sample, days)

    @command(Group.BEYOND, "rollout.plot()")
    def plot(self, points: int = 48) -> results.ErrorTrend:
        """Show the error rate over the window, with the threshold."""
        return self.client.error_trend(points)

    @command(Group.BEYOND, "rollout.watch()", own_screen=True)
    def watch(self, every: float = 2.0) -> results.Status | None:
        """Show the status live, until Ctrl-C."""
        return watch(self.client, self.output.screen, self.output.stream, every, self.output.learn)

    @command(Group.BEYOND, "rollout.simulate(200, 20)", own_screen=True)
    def simulate(
        self,
        jobs: int = 200,
        error_rate: float = 2.0,
        control: int = 0,
        control_error_rate: float = 1.0,
        healthy_first: int = 0,
        in_flight: int = 0,
    ) -> results.Simulation:
        """Send practice jobs with an error rate in percent; on the local sample data only.

        The jobs come from eligible repositories, one after the other, until the breaker
        trips; jobs of the control between them, if asked. The first healthy_first succeed, and
        in_flight failures of jobs that began before the last restart come before all others.
        For a fire drill see docs/fire-drill.md.
        """
        return self.client.simulate(jobs, error_rate, control, control_error_rate, healthy_first, in_flight)

    @command(Group.BEYOND, "rollout.features()")
    def features(self) -> results.Features:
        """Show all features: percentage, in effect, health, last change."""
        return self.client.features()

    @command(Group.BEYOND, "rollout.use()", verb=None)
    def use(self, target: str | None = None, feature: str | None = None) -> Place:
        """Go to another target or feature; without arguments, show where one is.

        Targets are those of targets.toml: rollout.use("staging"). Features are those that
        features() shows: rollout.use(feature="other").
        """
        there = client_at(self.client, target, feature)
        try:
            status = there.status()
        except NotFound:
            if there.adapter is not self.client.adapter:
                there.close()
            raise no_such_feature(there.feature) from None
        except RolloutError:
            self._go(there)  # what is typed next is meant for it, though it does not answer now
            raise
        self._go(there)
        return Place.of(there, status)

    def _go(self, there: RolloutClient) -> None:
        before, self.client = self.client, there
        self.output.moved(there)
        if there.adapter is not before.adapter:
            before.close()

    # Of newer versions of the browser console, for those who paste them

    @command(Group.STATUS, "rollout.monitorPhase4()", listed=False)
    def monitorPhase4(self) -> results.Phase4:
        """Show the percentage, the test repositories, and the last metrics."""
        return self.client.test_repositories()

    @command(Group.REPOSITORIES, "rollout.clearCache()", listed=False)
    def clearCache(self) -> Said:
        """Say that there is no cache: every command asks the database."""
        return Said("there is no cache here: every command asks the database; nothing to do")

    # The screen

    def show(self, result: object) -> None:
        """Show what a command returned."""
        self.output.show(result, self.client.adapter.notice)

    def waiting(self) -> AbstractContextManager[None]:
        """Say after a second that a command waits for the database."""
        return self.output.waiting(self.client.adapter.patience)

    def refuse(self, line: str) -> None:
        """Say why a command was not carried out, without stopping the commands after it."""
        self.output.refuse(line)

    def __dir__(self) -> list[str]:
        return [*(c.name for c in COMMANDS.values() if c.listed), "client"]

    def __repr__(self) -> str:
        return f"rollout of {self.client.feature} on {self.client.adapter.target}. Type rollout.help()"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        import difflib

        if name.replace("_", "").lower() == "emergencystop":  # the red button has no wrong spelling
            return self.emergencyStop
        alike = difflib.get_close_matches(name.lower(), {c.lower(): c for c in COMMANDS}, n=1, cutoff=0.5)
        exact = {c.lower(): c for c in COMMANDS}
        hint = f"did you mean {COMMANDS[exact[alike[0]]].example}?" if alike else "type rollout.help()"
        raise UnknownCommand(f"there is no command rollout.{name}; {hint}")

    def __setattr__(self, name: str, value: object) -> None:
        if name in COMMANDS:
            raise BadArgument(f"{name} is a command, not a setting; type {COMMANDS[name].example}")
        super().__setattr__(name, value)


COMMANDS = commands_of(Rollout)


class UnknownCommand(BadArgument, AttributeError):
    """No such command; an AttributeError too, so that hasattr() and completion work as usual."""
