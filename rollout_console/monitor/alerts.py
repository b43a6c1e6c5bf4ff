"""Alerts: one for each event and service, however many monitors run, and whatever becomes of the other services."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rollout_console.client import RolloutClient
from rollout_console.errors import NotConfigured, RolloutError
from rollout_console.monitor.memory import Memory, Outbox, Waiting
from rollout_console.monitor.services import Service, deliver, services
from rollout_console.monitor.wording import BLIND, BREACH, DEFAULT, EARLY, KINDS, Alert, worded
from rollout_console.render.formatting import format_age
from rollout_console.render.sanitize import sanitize
from rollout_console.results import HealthCheck
from rollout_console.settings import Settings


@dataclass
class Sent:
    """What became of alerts.

    Attributes:
        titles: of those that a service has taken, with the service where there are several.
        problems: what went wrong with others.
        retry_seconds: in how many seconds something more can be sent; None if nothing waits.
    """

    titles: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    retry_seconds: float | None = None

    @property
    def problem(self) -> str | None:
        """What went wrong, in one line."""
        return "; ".join(self.problems) or None

    def again_in(self, seconds: float | None) -> None:
        """Take note that something waits so many seconds."""
        if seconds is not None:
            self.retry_seconds = min(seconds, self.retry_seconds or seconds)


class Alerts:
    """Sends alerts to the services of ROLLOUT_ALERT_URLS; without any it does nothing.

    The database keeps an outbox for each service: which of several monitors sends what, what was sent, and when a
    service that failed is tried again. It can't while it is out of reach: then a file is the outbox.

    Args:
        client: claims the alerts.
        receivers: the services.
        kinds: what to alert for, of `KINDS`.
        memory: the outbox while the database can't be reached.
    """

    def __init__(self, client: RolloutClient, receivers: list[Service], kinds: list[str], memory: Memory) -> None:
        self.client = client
        self.kinds = kinds
        self._services = {service.id: service for service in receivers}
        self._memory = memory

    @classmethod
    def from_settings(cls, client: RolloutClient, settings: Settings) -> Alerts:
        """Return the alerts of the settings' services.

        Raises:
            NotConfigured: ROLLOUT_ALERT_ON names a kind that there is not; apprise is not installed, or does not know
                one of the URLs.
        """
        rollout = hashlib.sha256(f"{client.adapter.target} {client.feature}".encode()).hexdigest()[:16]
        memory = Memory(settings.home / f"monitor-blind-{rollout}.json")
        return cls(client, services(settings.alert_urls), kinds_of(settings.alert_on), memory)

    @property
    def receivers(self) -> list[str]:
        """The ids of the services."""
        return list(self._services)

    def after_check(self, check: HealthCheck, every: float) -> Sent:
        """Send what each service has not got: of changes, of what the check found, of what waits in the file.

        Args:
            check: what the monitor has just found.
            every: its interval in seconds.
        """
        sent = Sent()
        if not self._services:
            return sent
        if not self._memory.is_empty():
            self._sees_again(sent)
        compared = check.health.compared
        states = {BREACH: check.action == "auto_rollback_off", EARLY: compared is not None and compared.early}
        raised = [state for state, is_on in states.items() if is_on]
        cleared = [state for state, is_on in states.items() if not is_on]
        names = {service.id: service.name for service in self._services.values()}
        try:
            claims = self.client.claim_alerts(self.kinds, every, raised, cleared, names)
        except RolloutError as error:
            sent.problems.append(f"the database did not say which to send; retry at the next check: {error}")
            return sent
        waiting = defaultdict(list)
        for due in claims.alerts:
            waiting[self._services[due.receiver]].append((due.event, worded(due, check)))
        for service, (events, failed) in self._delivered(waiting, sent).items():
            try:
                sent.again_in(
                    self.client.confirm_alerts(claims.operation, events, service.id, failed=failed).retry_seconds
                )
            except RolloutError as error:
                sent.problems.append(f"sent, and the database does not know: it may be sent again: {error}")
        sent.again_in(claims.retry_seconds)
        return sent

    def after_failures(self, error: RolloutError, *, blind: bool) -> Sent:
        """Alert that health can't be checked, once until it can again, and send what waits in the file.

        Args:
            error: why the last check failed.
            blind: whether it is time to say so.
        """
        sent = Sent()
        if not self._services or BLIND not in self.kinds or (not blind and self._memory.is_empty()):
            return sent
        with self._memory.opened() as outbox:
            if blind and outbox.blind_since is None:
                outbox.blind_since = time.time()
                self._put(outbox, Alert("monitor is BLIND", f"Health can't be checked: {sanitize(str(error), 500)}"))
            self._empty(outbox, sent)
        return sent

    def _sees_again(self, sent: Sent) -> None:
        with self._memory.opened() as outbox:
            if outbox.blind_since is not None:
                since = datetime.fromtimestamp(outbox.blind_since, UTC)
                outbox.blind_since = None
                blind = f"Blind since {format_age(since, datetime.now(UTC))}; health is checked again."
                self._put(outbox, Alert("monitor sees again", blind))
            self._empty(outbox, sent)

    def _put(self, outbox: Outbox, alert: Alert) -> None:
        outbox.waiting += [Waiting(each, alert.title, alert.text, time.time()) for each in self._services]

    def _empty(self, outbox: Outbox, sent: Sent) -> None:
        """Send what is due of the file's outbox; what can't be sent stays."""
        due = {service: outbox.due(service.id) for service in self._services.values()}
        waiting = {
            service: [(str(number), Alert(each.title, each.text)) for number, each in enumerate(mine)]
            for service, mine in due.items()
            if mine
        }
        for service, (numbers, failed) in self._delivered(waiting, sent).items():
            outbox.tried(service.id, [due[service][int(number)] for number in numbers], failed=failed)
        outbox.waiting = [each for each in outbox.waiting if each.receiver in self._services]
        sent.again_in(outbox.retry_seconds())

    def _delivered(
        self, waiting: dict[Service, list[tuple[str, Alert]]], sent: Sent
    ) -> dict[Service, tuple[list[str], bool]]:
        subject, where = f"rollout {self.client.feature}", str(self.client.adapter.target)
        done = deliver(waiting, subject, where)
        several = len(self._services) > 1
        for service, (keys, failed) in done.items():
            to = f" to {service.name}" if several else ""
            sent.titles += [alert.title + to for key, alert in waiting[service] if key in keys]
            if failed:
                sent.problems.append(f"{len(waiting[service]) - len(keys)} could not be sent{to}; it is retried alone")
        return done


def kinds_of(chosen: str | None) -> list[str]:
    """Return the kinds of alerts that ROLLOUT_ALERT_ON chooses; None for the default.

    Raises:
        NotConfigured: it names one that there is not, or none.
    """
    kinds = [kind.strip().lower() for kind in chosen.split(",") if kind.strip()] if chosen else list(DEFAULT)
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise NotConfigured(
            f"ROLLOUT_ALERT_ON: there is no kind {', '.join(unknown)}; the kinds are {', '.join(KINDS)}; start again"
        )
    if not kinds:
        raise NotConfigured(
            f"ROLLOUT_ALERT_ON names no kind; set kinds of {', '.join(KINDS)}, or unset it for the default; start again"
        )
    return kinds
