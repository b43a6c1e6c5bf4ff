"""The monitor's loop: check, log, alert, wait; it waits less after a check that failed."""

from __future__ import annotations

import contextlib
import random
import time
import uuid
from collections.abc import Iterator
from typing import Protocol

from rollout_console.adapters.postgres import REFUSED_PAUSE
from rollout_console.client import RolloutClient
from rollout_console.errors import BadCredentials, RolloutError, Unreachable
from rollout_console.exit_status import Exit, MonitorExit
from rollout_console.monitor import signals
from rollout_console.monitor.alerts import Alerts, Sent
from rollout_console.monitor.heartbeat import Heartbeat
from rollout_console.results import CatchUp, HealthCheck, HistoryEntry, MonitorAtWork

FIRST_PAUSE = 5.0  # seconds before a failed check is retried; doubled each time, up to LONGEST_PAUSE
LONGEST_PAUSE = 8.0  # seconds, or the interval if that is shorter: it recovers within 10 s
BLIND_AFTER = 3  # failed checks in a row after which the monitor alerts that it is blind,
BLIND_SECONDS = 30.0  # or so long without a check, or the interval if that is longer
CHANGES = 100  # history rows that are read at most between two checks


class Log(Protocol):
    """Where the monitor writes what happens."""

    def started(self, client: RolloutClient, every: int) -> None:
        """Log what is monitored, and how often, in seconds."""

    def checked(self, check: HealthCheck, changes: list[HistoryEntry], others: list[MonitorAtWork]) -> None:
        """Log what a check found, the changes since the check before, and the other monitors of the feature."""

    def caught_up(self, done: CatchUp) -> None:
        """Log which repositories were categorized."""

    def not_done(self, task: str, error: Exception) -> None:
        """Log why a task that follows the check could not be done; the check itself was made."""

    def failed(self, error: RolloutError, pause: float | None) -> None:
        """Log why a check failed, and in how many seconds it is retried; None if it is not."""

    def alerted(self, alerts: list[str], problem: str | None) -> None:
        """Log the titles of the alerts that were sent, and what went wrong with others."""

    def ended(self) -> None:
        """Log that the monitor ends."""


class Monitor:
    """Health checks of one rollout, at an interval or once.

    Args:
        client: calls `checkHealth`, which rolls back if it must (R8).
        every: seconds between two checks, 1 to 86,400.
        log: where to write what happens.
        alerts: sends an alert for what needs attention.
        beat: tells a service elsewhere of each check that could see, or None.
    """

    def __init__(
        self, client: RolloutClient, every: int, log: Log, alerts: Alerts, beat: Heartbeat | None = None
    ) -> None:
        self.client = client
        self.every = every
        self.log = log
        self.alerts = alerts
        self.beat = beat
        self.id = uuid.uuid4()
        self.failures = 0
        self.has_seen = False
        self.last_seen = time.monotonic()  # of the last check, or the start
        self.retry_seconds: float | None = None  # in which an alert can be sent again
        self.told: set[str] | None = None  # ids of the newest history rows, which were read
        self.heard: str | None = None  # id of the newest change before the last check
        self.deaf = False  # the last waiting failed

    def run(self) -> int:
        """Check until SIGINT, SIGTERM or SIGHUP.

        Returns:
            MonitorExit.NO_BREACH after a signal; COULD_NOT_CHECK if the first check shows a wrong set-up, such as a
            key that is refused.
        """
        try:
            self.log.started(self.client, self.every)
            while True:
                try:
                    if self.heard is None:
                        self.heard = self.client.wait_for_change(None, 0)
                    self.check()
                    self._wait()
                    continue
                except RolloutError as error:
                    if not self.has_seen and not isinstance(error, Unreachable):
                        self.log.failed(error, None)  # no retry mends a wrong key or schema
                        return MonitorExit.COULD_NOT_CHECK
                    pause = max(self._backoff(), REFUSED_PAUSE if isinstance(error, BadCredentials) else 0)
                    self._missed(error, pause)
                time.sleep(pause)
        except KeyboardInterrupt:
            with contextlib.suppress(RolloutError, KeyboardInterrupt):
                if not self.failures:
                    self.client.monitor_beat(self.id, self.every, leaving=True)
            self.log.ended()
            return MonitorExit.NO_BREACH

    def _wait(self) -> None:
        """Wait for the next check: the interval, or until something changes or an alert can be tried again."""
        seconds = min(self.every, self.retry_seconds or self.every)
        try:
            self.heard = self.client.wait_for_change(self.heard, seconds)
            self.deaf = False
        except RolloutError as error:  # the check meets it, too, and says so; or else it is the waiting alone
            if self.deaf:
                self.log.not_done("waiting for changes", error)
                time.sleep(min(seconds, LONGEST_PAUSE))
            self.deaf = True

    def check_once(self) -> int:
        """Check, with retries if the database can't be reached.

        Returns:
            The exit status: one of MonitorExit, or Exit.INTERRUPTED.
        """
        try:
            check = self._check_with_retries()
        except KeyboardInterrupt:
            return Exit.INTERRUPTED
        if check is None:
            return MonitorExit.COULD_NOT_CHECK
        with contextlib.suppress(RolloutError):
            self.client.monitor_beat(self.id, self.every, leaving=True)
        if check.action in ("none", "held"):
            return MonitorExit.NO_BREACH
        flows_on = check.action in ("auto_rollback_off", "ramp_held", "read_only")
        return MonitorExit.UNPROTECTED if flows_on else MonitorExit.STOPPED

    def _check_with_retries(self) -> HealthCheck | None:
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
        """Check health now, deliver alerts, and log what is new.

        What follows the check itself may fail: it was made all the same.

        Raises:
            RolloutError: the check failed.
        """
        check = self.client.check_health("monitor")
        self.failures, self.has_seen, self.last_seen = 0, True, time.monotonic()
        others: list[MonitorAtWork] = []
        changes: list[HistoryEntry] = []
        missed: list[tuple[str, Exception]] = []
        sent = Sent()
        with _noted("automatic advance", missed):
            check.status = self.client.auto_advance().status  # told with the changes below, like any other
        with _noted("heartbeat", missed):
            others = self.client.monitor_beat(self.id, self.every, receivers=self.alerts.receivers).others
        # An alert that is claimed and not yet sent would be late.
        with _noted("alerts", missed), signals.shielded():
            sent = self.alerts.after_check(check, self.every)
        self.retry_seconds = sent.retry_seconds
        if self.beat is not None:
            with _noted("heartbeat to its URL", missed):
                self.beat.send()
        with _noted("history", missed):
            changes = self._changes(check)
        with _noted("log", missed):
            self.log.checked(check, changes, others)
        for task, error in missed:
            self.log.not_done(task, error)
        self._log_alerts(sent)
        self._catch_up()
        return check

    def _catch_up(self) -> None:
        """Categorize new and changed repositories and remove old reports, last: a check must not fail with it.

        A database that is lost is found so by the next check: what would wait for it puts that off.
        """
        missed: list[tuple[str, Exception]] = []
        with _noted("categorization", missed):
            self.log.caught_up(self.client.catch_up())
        if not any(type(error) is Unreachable for _, error in missed):
            with _noted("retention", missed):
                self.client.remove_old()
        for task, error in missed:
            self.log.not_done(task, error)

    def _changes(self, check: HealthCheck) -> list[HistoryEntry]:
        """Return the history rows that were not told yet, at first those of the last two intervals, oldest first."""
        entries = self.client.history(CHANGES).entries
        new = [
            entry
            for entry in entries
            if (
                (check.status.server_time - entry.at).total_seconds() <= 2 * self.every
                if self.told is None
                else entry.id not in self.told
            )
        ]
        self.told = {entry.id for entry in entries}  # what is no longer among the newest does not come back
        return new[::-1]

    def _missed(self, error: RolloutError, pause: float | None) -> None:
        self.failures += 1
        unseen = time.monotonic() - self.last_seen
        blind = self.failures >= BLIND_AFTER or pause is None or unseen >= max(self.every, BLIND_SECONDS)
        with signals.shielded():
            sent = self.alerts.after_failures(error, blind=blind)
        self.log.failed(error, pause)
        self._log_alerts(sent)

    def _log_alerts(self, sent: Sent) -> None:
        if sent.titles or sent.problem:
            self.log.alerted(sent.titles, sent.problem)

    def _backoff(self) -> float:
        pause: float = min(FIRST_PAUSE * 2**self.failures, LONGEST_PAUSE, self.every)
        return pause * random.uniform(0.8, 1.0)


@contextlib.contextmanager
def _noted(task: str, missed: list[tuple[str, Exception]]) -> Iterator[None]:
    """Keep why a task failed, whatever it was, with its name, for the log: who ends with it checks no more."""
    try:
        yield
    except Exception as error:
        missed.append((task, error))
