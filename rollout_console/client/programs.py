"""What the programs beside the console need of a client: `setup`, `monitor` and `verify`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rollout_console import results
from rollout_console.client.calls import Calls, Percentage, check_version
from rollout_console.validation import whole_percentage

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable

EXAMPLE = "rollout-console setup --percentage 10"


class Programs(Calls):
    """The steps of a set-up, and a monitor's bookkeeping, which is no change of the rollout."""

    def setup_plan(self, percentage: Percentage = 10) -> results.SetupPlan:
        """Return what `rollout-console setup` would do; the feature need not have a configuration yet."""
        wanted = whole_percentage(percentage, EXAMPLE)
        plan = self._read("rollout_setup_plan", results.SetupPlan, percentage=wanted)
        check_version(plan.schema_version)
        return plan

    def create(self, percentage: Percentage = 0, reason: str | None = None) -> results.Change:
        """Create the feature's configuration if it has none."""
        return self._change("rollout_create", reason, percentage=whole_percentage(percentage, EXAMPLE))

    def begin(self, percentage: Percentage = 10, reason: str | None = None, confirm: bool = False) -> results.SetupStep:
        """Start a rollout that never was above 0 %; any other stays as it is, and `outcome` says why."""
        wanted = whole_percentage(percentage, EXAMPLE)
        return self._change_of(results.SetupStep, "rollout_begin", reason, confirmed=confirm, percentage=wanted)

    def seed_whitelist(self, reason: str | None = None) -> results.SetupStep:
        """Put up to five test repositories on a whitelist that never held any."""
        return self._change_of(results.SetupStep, "rollout_seed_whitelist", reason)

    def monitor_beat(
        self, monitor: uuid.UUID, every: float, *, receivers: list[str] | None = None, leaving: bool = False
    ) -> results.MonitorBeat:
        """Record a monitor's heartbeat, or that it leaves, and return the other monitors at work.

        Args:
            monitor: an id that the monitor keeps while it runs.
            every: its interval in seconds.
            receivers: ids of the services that it sends alerts to, as `claim_alerts` has them; None if not known.
            leaving: whether it ends now.
        """
        return self._call(
            "rollout_monitor_beat",
            results.MonitorBeat,
            monitor_id=str(monitor),
            every_seconds=math.ceil(every),
            receivers=receivers,
            leaving=leaving,
            context=self._context(),
        )

    def catch_up(self, batch_size: int = 2000) -> results.CatchUp:
        """Categorize new and changed repositories, a bounded batch (R3).

        Args:
            batch_size: how many repositories at most, 1 to 100,000.
        """
        return self._call("rollout_catch_up", results.CatchUp, batch_size=batch_size, context=self._context())

    def remove_old(self, batch_size: int = 5000) -> dict[str, int]:
        """Remove reports and ids of jobs that are older than the setting `keep_days`; never history.

        Args:
            batch_size: rows of each table at most, 1 to 100,000.

        Returns:
            How many rows of each table were removed.
        """
        answer = self.adapter.call(
            "rollout_remove_old", idempotent=True, batch_size=batch_size, feature_name=self.feature
        )
        removed: dict[str, int] = answer["removed"]
        return removed

    def claim_alerts(
        self, kinds: list[str], every: float, raised: list[str], cleared: list[str], receivers: dict[str, str]
    ) -> results.AlertClaims:
        """Return the alerts to send now, to which service; `confirm_alerts` says which were, within a minute.

        Args:
            kinds: of ROLLOUT_ALERT_ON.
            every: the monitor's interval in seconds; a service that is new gets changes of the last two.
            raised: states to alert for.
            cleared: states that are over.
            receivers: the services, each an id with the name to show of it.
        """
        return self._call(
            "rollout_claim_alerts",
            results.AlertClaims,
            kinds=kinds,
            every_seconds=math.ceil(every),
            raised=raised,
            cleared=cleared,
            receivers=receivers,
            context=self._context(),
        )

    def confirm_alerts(
        self, operation: str, sent: list[str], receiver: str, *, failed: bool = False
    ) -> results.AlertsConfirmed:
        """Say which of the claimed alerts a service has taken; any monitor may claim the others.

        Args:
            operation: that of the claim.
            sent: their events.
            receiver: the service's id.
            failed: whether it has not taken one; it is tried again after a pause that grows.
        """
        return self._call(
            "rollout_confirm_alerts",
            results.AlertsConfirmed,
            operation=operation,
            sent=sent,
            receiver=receiver,
            failed=failed,
        )

    def wait_for_change(self, newest: str | None, seconds: float) -> str | None:
        """Wait until the newest change is another one.

        Args:
            newest: the id of the newest change that is known; None for none.
            seconds: how long to wait at most.

        Returns:
            The id of the newest change now.
        """
        return self.adapter.wait_for_change(self.feature, newest, seconds)

    def verify(self) -> results.Verification:
        """Count again from the rows what is kept as counters, and return the differences."""
        return self._read("rollout_verify", results.Verification)

    @property
    def listener(self) -> Callable[[str | None, float, Callable[[], bool]], str | None] | None:
        """Waits as `wait_for_change` does, without asking meanwhile; None where changes are not heard of.

        Its last argument says whether nobody waits any more.
        """
        return self._hear_of_change if self.adapter.listens else None

    def _hear_of_change(self, newest: str | None, seconds: float, is_over: Callable[[], bool]) -> str | None:
        return self.adapter.wait_for_change(self.feature, newest, seconds, ask_every=seconds, is_over=is_over)
