"""The features of a database, and practice."""

from __future__ import annotations

import math

from rollout_console import results
from rollout_console.client.calls import Calls
from rollout_console.client.command import Group, command
from rollout_console.errors import BadArgument
from rollout_console.validation import described, whole


class Practice(Calls):
    """What else there is in the database, and jobs to practise with."""

    @command(Group.PLACES, "rollout.features()", purpose="names")
    def features(self) -> results.Features:
        """Show all features of the database: percentage, in effect, health, last change."""
        answer = self.adapter.call("rollout_features", changes=False, idempotent=True)
        return self._typed("rollout_features", results.Features, answer)

    @command(Group.PLACES, "rollout.simulate(200, 20)", purpose="practice")
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
        For a fire drill see help("fire-drill").

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
        for name, rate in {"error_rate": error_rate, "control_error_rate": control_error_rate}.items():
            if isinstance(rate, bool) or not isinstance(rate, int | float) or not math.isfinite(rate):
                raise BadArgument(f"{name} is a percentage from 0 to 100, not {described(rate)}; type {example}")
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
