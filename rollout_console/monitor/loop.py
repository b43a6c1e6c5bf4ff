"""The monitor's loop: check, tell, alert, wait; with less waiting while the database can't be seen."""

from __future__ import annotations

import contextlib
import random
import time
import uuid
from typing import Protocol

from rollout_console.client import RolloutClient
from rollout_console.errors import RolloutError, Unreachable
from rollout_console.monitor import signals
from rollout_console.monitor.alerts import Alerts
from rollout_console.results import HealthCheck, HistoryEntry, MonitorAtWork

FIRST_PAUSE = 5.0  # seconds until a check that failed is tried again; doubled each time, up to the interval
BLIND_AFTER = 3  # failed checks in a row after which the monitor calls itself blind
CHANGES = 100  # history rows that are looked through at most between two checks


class Output(Protocol):
    """Where the monitor writes."""

    def started(self, client: RolloutClient, every: int) -> None:
        """Say what is monitored."""

    def checked(self, check: HealthCheck, changes: list[HistoryEntry], others: list[MonitorAtWork]) -> None:
        """Say what a check found, which changes are new since the last one, and who else monitors."""

    def failed(self, error: RolloutError, pause: float | None) -> None:
        """Say why a check was not possible, and in how many seconds it is tried again, if it is."""

    def told(self, alerts: list[str], problem: str | None) -> None:
        """Say which alerts went out, or why they did not."""

    def ended(self) -> None:
        """Say goodbye."""


class Monitor:
    """Health checks of one rollout, at an interval or once.

    Args:
        client: calls `checkHealth`, which rolls back if it must (R8).
        every: seconds between two checks.
        output: told what happens.
        alerts: sent when something happens that somebody should get up for.
    """

    def __init__(self, client: RolloutClient, every: int, output: Output, alerts: Alerts) -> None:
        self.client = client
        self.every = every
        self.output = output
        self.alerts = alerts
        self.id = uuid.uuid4()
        self.failures = 0
        self.has_seen = False
        self.newest: str | None = None  # id of the last history row that was seen

    def run(self) -> int:
        """Check until SIGINT or SIGTERM; return 0 then, 3 if the very first check shows a wrong set-up."""
        try:
            self.output.started(self.client, self.every)
            while True:
                try:
                    self.check()
                    pause = float(self.every)
                except RolloutError as error:
                    if not self.has_seen and not isinstance(error, Unreachable):
                        self.output.failed(error, None)  # a wrong key or schema does not mend itself
                        return 3
                    pause = self._backoff()
                    self._missed(error, pause)
                time.sleep(pause)
        except KeyboardInterrupt:
            with contextlib.suppress(RolloutError, KeyboardInterrupt):
                if not self.failures:
                    self.client.monitor_beat(self.id, self.every, leaving=True)
            self.output.ended()
            return 0

    def check_once(self) -> int:
        """Check, with a few tries if the database can't be reached, and return the exit status.

        Returns:
            0 no breach; 1 breach, and traffic is taken back, now or before; 2 breach, and traffic
            still flows, since auto-rollback is off; 3 could not check; 130 interrupted.
        """
        try:
            check = self._check_patiently()
        except KeyboardInterrupt:
            return 130
        if check is None:
            return 3
        with contextlib.suppress(RolloutError):
            self.client.monitor_beat(self.id, self.every, leaving=True)
        if not check.health.breach:
            return 0
        return 2 if check.action == "auto_rollback_off" else 1

    def _check_patiently(self) -> HealthCheck | None:
        while True:
            try:
                return self.check()
            except RolloutError as error:
                last = self.failures + 1 == BLIND_AFTER or not isinstance(error, Unreachable)
                pause = None if last else self._backoff()
                self._missed(error, pause)
            if pause is None:
                return None
            time.sleep(pause)

    def check(self) -> HealthCheck:
        """Check health now, tell what is new, and alert.

        Raises:
            RolloutError: the check was not possible.
        """
        check = self.client.check_health("monitor")
        others = self.client.monitor_beat(self.id, self.every).others
        changes = self._changes(check)
        self.failures, self.has_seen = 0, True
        self.output.checked(check, changes, others)
        with signals.shielded():  # between the claim of an alert and its sending it would be lost
            self._tell(self.alerts.saw(check, changes))
        return check

    def _changes(self, check: HealthCheck) -> list[HistoryEntry]:
        """Return the history rows since the last check, or of the last two intervals, oldest first."""
        last = check.status.last_change
        if last is None or last.id == self.newest:
            return []
        new = []
        for entry in self.client.history(CHANGES).entries:
            age = (check.status.server_time - entry.at).total_seconds()
            if entry.id == self.newest or (self.newest is None and age > 2 * self.every):
                break
            new.append(entry)
        self.newest = last.id
        return new[::-1]

    def _missed(self, error: RolloutError, pause: float | None) -> None:
        self.failures += 1
        self.output.failed(error, pause)
        if self.failures >= BLIND_AFTER or pause is None:
            with signals.shielded():
                self._tell(self.alerts.blind(error))

    def _tell(self, sent: tuple[list[str], str | None]) -> None:
        if any(sent):
            self.output.told(*sent)

    def _backoff(self) -> float:
        pause: float = min(FIRST_PAUSE * 2**self.failures, 300.0, self.every)
        return pause * random.uniform(0.8, 1.0)
