"""Where one is, and practice."""

from __future__ import annotations

from rollout_console import results
from rollout_console.client import RolloutClient
from rollout_console.console.commands.base import Commands
from rollout_console.console.place import Place, client_at, no_such_feature
from rollout_console.console.registry import Group, command
from rollout_console.errors import NotFound, RolloutError


class Places(Commands):
    """Where one is, and practice."""

    @command(Group.PLACES, "rollout.features()", purpose="names")
    def features(self) -> results.Features:
        """Show all features: percentage, in effect, health, last change."""
        return self.client.features()

    @command(Group.PLACES, "rollout.use()", purpose="switch", verb=None)
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

    @command(Group.PLACES, "rollout.simulate(200, 20)", purpose="practice", own_screen=True)
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
