"""Alerts through apprise: one for each event that needs attention, however many monitors run."""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rollout_console.client import RolloutClient
from rollout_console.errors import NotConfigured, RolloutError
from rollout_console.monitor.wording import BLIND, BREACH, DEFAULT, EARLY, KINDS, Alert, worded
from rollout_console.render.formatting import format_age
from rollout_console.render.sanitize import sanitize
from rollout_console.results import HealthCheck
from rollout_console.settings import Settings


class Alerts:
    """Sends alerts to the services of ROLLOUT_ALERT_URLS; without any it does nothing.

    The database says which alerts are due and which of several monitors sends one; it is told once that is done, and
    another monitor sends what was claimed and never sent. It can't for the alert that it can't be reached: a file
    remembers that this was sent, across restarts and runs with --once.

    Args:
        client: claims the events to alert for.
        urls: apprise URLs, separated by blanks or commas; they hold secrets and are never shown.
        kinds: what to alert for, of `KINDS`.
        memory: the file that remembers since when the monitor is blind.

    Raises:
        NotConfigured: apprise is not installed or does not know one of the URLs.
    """

    def __init__(self, client: RolloutClient, urls: str | None, kinds: list[str], memory: Path) -> None:
        self.client = client
        self.kinds = kinds
        self._services = _services(urls) if urls else None
        self._memory = memory
        self._blind_since: datetime | None = None
        self._unsent: list[Alert] = []  # of those that no database knows of

    @classmethod
    def from_settings(cls, client: RolloutClient, settings: Settings) -> Alerts:
        """Return the alerts of the settings' services.

        Raises:
            NotConfigured: see the class; or ROLLOUT_ALERT_ON names a kind that there is not.
        """
        rollout = hashlib.sha256(f"{client.adapter.target} {client.feature}".encode()).hexdigest()[:16]
        memory = settings.home / f"monitor-blind-{rollout}.json"
        return cls(client, settings.alert_urls, kinds_of(settings.alert_on), memory)

    def after_check(self, check: HealthCheck, every: float) -> tuple[list[str], str | None]:
        """Send what nobody has sent of the changes of the last two intervals, and of what the check found.

        Returns:
            The titles of the alerts that were sent, and what went wrong with others, or None.
        """
        if self._services is None:
            return [], None
        compared = check.health.compared
        states = {BREACH: check.action == "auto_rollback_off", EARLY: compared is not None and compared.early}
        raised = [state for state, is_on in states.items() if is_on]
        cleared = [state for state, is_on in states.items() if not is_on]
        try:
            claims = self.client.claim_alerts(self.kinds, every, raised, cleared)
        except RolloutError as error:
            return [], f"the database did not say which to send; retry at the next check: {error}"
        recovered = self._recovered()
        sent, failed = self._send([recovered] if recovered else [])
        delivered = {due.event: alert.title for due in claims.alerts if self._deliver(alert := worded(due, check))}
        if claims.alerts:
            try:
                self.client.confirm_alerts(claims.operation, list(delivered))
            except RolloutError as error:
                failed = f"sent, and the database does not know: another monitor may send them again: {error}"
        if len(delivered) < len(claims.alerts):
            failed = _not_sent(len(claims.alerts) - len(delivered) + len(self._unsent))
        return [*sent, *delivered.values()], failed

    def after_failures(self, error: RolloutError) -> tuple[list[str], str | None]:
        """Alert that health can't be checked, once until it can again.

        Args:
            error: why the last check failed.

        Returns:
            As `after_check`.
        """
        if BLIND not in self.kinds or self._services is None or self._remembered() is not None:
            return self._send([])
        self._remember(datetime.now(UTC))
        return self._send([Alert("monitor is BLIND", f"Health can't be checked: {sanitize(str(error), 500)}")])

    def _recovered(self) -> Alert | None:
        since = self._remembered()
        if since is None:
            return None
        self._remember(None)
        return Alert(
            "monitor sees again", f"Blind since {format_age(since, datetime.now(UTC))}; health is checked again."
        )

    def _send(self, alerts: list[Alert]) -> tuple[list[str], str | None]:
        """Send these and those that failed before; return as `after_check`."""
        waiting, self._unsent = [*self._unsent, *alerts], []
        sent = []
        for alert in waiting:
            if self._deliver(alert):
                sent.append(alert.title)
            else:
                self._unsent.append(alert)
        return sent, _not_sent(len(self._unsent)) if self._unsent else None

    def _deliver(self, alert: Alert) -> bool:
        """Return whether the services have accepted an alert."""
        return self._services is not None and bool(
            self._services.notify(
                title=f"[rollout {self.client.feature}] {alert.title}",
                body=f"{alert.text}\n{self.client.adapter.target}",
            )
        )

    def _remembered(self) -> datetime | None:
        """Return since when the monitor is blind, if it has alerted for that."""
        if self._blind_since is None:
            try:
                self._blind_since = datetime.fromisoformat(json.loads(self._memory.read_text())["since"])
            except (OSError, ValueError, KeyError, TypeError):
                return None
        return self._blind_since

    def _remember(self, since: datetime | None) -> None:
        self._blind_since = since
        try:
            if since is None:
                self._memory.unlink(missing_ok=True)
            else:
                self._memory.parent.mkdir(parents=True, exist_ok=True)
                self._memory.write_text(json.dumps({"since": since.isoformat()}))
        except OSError:
            pass  # this process still remembers it


def kinds_of(chosen: str | None) -> list[str]:
    """Return the kinds of alerts that ROLLOUT_ALERT_ON chooses; None for the default.

    Raises:
        NotConfigured: it names one that there is not.
    """
    kinds = [kind.strip().lower() for kind in chosen.split(",") if kind.strip()] if chosen else list(DEFAULT)
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise NotConfigured(
            f"ROLLOUT_ALERT_ON: there is no kind {', '.join(unknown)}; the kinds are {', '.join(KINDS)}; start again"
        )
    return kinds


def _not_sent(amount: int) -> str:
    return f"{amount} could not be sent; retry at the next check"


def _services(urls: str) -> Any:
    # apprise logs what it sends, and the URLs, which hold secrets
    logging.getLogger("apprise").addHandler(logging.NullHandler())
    logging.getLogger("apprise").propagate = False
    try:
        import apprise
    except ImportError:
        raise NotConfigured(
            "ROLLOUT_ALERT_URLS is set but apprise is not installed; type in a shell: "
            "pip install 'rollout-console[alerts]'"
        ) from None
    services = apprise.Apprise()
    if not services.add(urls) or not len(services):
        raise NotConfigured(
            "ROLLOUT_ALERT_URLS: apprise can't read it, or one of its URLs; see https://appriseit.com/services/ "
            "for how they look, then start again"
        )
    return services
