"""Alerts through apprise: one for each event that needs attention, however many monitors run."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rollout_console.client import RolloutClient
from rollout_console.errors import NotConfigured, RolloutError
from rollout_console.render.formatting import format_age
from rollout_console.render.health import control_phrase, error_rate_phrase
from rollout_console.render.history import change_author, change_summary
from rollout_console.render.sanitize import sanitize
from rollout_console.results import HealthCheck, HistoryEntry
from rollout_console.settings import Settings

BREACH = "breach"


@dataclass(frozen=True)
class Alert:
    """One message.

    Attributes:
        title: what happened, in a few words.
        text: the details, and what to type.
    """

    title: str
    text: str


class Alerts:
    """Sends alerts to the services of ROLLOUT_ALERT_URLS; without any it does nothing.

    The database decides which of several monitors sends the alert for an event. It can't for the alert that
    it can't be reached: a file remembers that this was sent, across restarts and runs with --once.

    Args:
        client: claims the events to alert for.
        urls: apprise URLs, separated by blanks or commas; they hold secrets and are never shown.
        memory: the file that remembers since when the monitor is blind.

    Raises:
        NotConfigured: apprise is not installed or does not know one of the URLs.
    """

    def __init__(self, client: RolloutClient, urls: str | None, memory: Path) -> None:
        self.client = client
        self._services = _services(urls) if urls else None
        self._memory = memory
        self._blind_since: datetime | None = None
        self._unclaimed: dict[str, Alert] = {}  # by event, until the database has said who sends it
        self._unsent: list[Alert] = []

    @classmethod
    def from_settings(cls, client: RolloutClient, settings: Settings) -> Alerts:
        """Return the alerts of the settings' services.

        Raises:
            NotConfigured: see the class.
        """
        rollout = hashlib.sha256(f"{client.adapter.target} {client.feature}".encode()).hexdigest()[:16]
        return cls(client, settings.alert_urls, settings.home / f"monitor-blind-{rollout}.json")

    def after_check(self, check: HealthCheck, changes: list[HistoryEntry]) -> tuple[list[str], str | None]:
        """Alert for a breach that the check found, and for the changes since the check before.

        Returns:
            The titles of the alerts that were sent, and what went wrong with others, or None.
        """
        if self._services is None:
            return [], None
        events = self._unclaimed
        events |= {f"change {entry.id}": alert for entry in changes if (alert := _of_change(entry, check))}
        if check.action == "auto_rollback_off":
            events[BREACH] = Alert(
                "BREACH, and auto-rollback is off",
                f"{error_rate_phrase(check.health)}; {control_phrase(check.health)}. Traffic still flows. "
                "To roll back: rollout.rollbackToZero()",
            )
        else:
            events.pop(BREACH, None)
        try:
            claims = self.client.claim_alerts(list(events), [] if BREACH in events else [BREACH])
        except RolloutError as error:
            return [], f"the database did not say who sends them; retry at the next check: {error}"
        alerts = [self._recovered(), *(events[key] for key in events if key in claims.raised)]
        if BREACH in claims.cleared:
            title = "breach: rolled back or stopped" if check.health.check_rolls_back else "breach is over"
            alerts.append(Alert(title, f"{error_rate_phrase(check.health)}. Rollout at {_at(check)}."))
        self._unclaimed = {}
        return self._send([alert for alert in alerts if alert])

    def after_failures(self, error: RolloutError) -> tuple[list[str], str | None]:
        """Alert that health can't be checked, once until it can again.

        Args:
            error: why the last check failed.

        Returns:
            As `after_check`.
        """
        if self._services is None or self._remembered() is not None:
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
            if self._services is not None and self._services.notify(
                title=f"[rollout {self.client.feature}] {alert.title}",
                body=f"{alert.text}\n{self.client.adapter.target}",
            ):
                sent.append(alert.title)
            else:
                self._unsent.append(alert)
        failed = f"{len(self._unsent)} could not be sent; retry at the next check" if self._unsent else None
        return sent, failed

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


def _of_change(entry: HistoryEntry, check: HealthCheck) -> Alert | None:
    """Return the alert for a row of the history, or None for one that needs no attention."""
    reason = f": {sanitize(entry.reason, 500)}" if entry.reason else ""
    said = f"{change_summary(entry)}, by {change_author(entry)}{reason}."
    stopped = [bool((side or {}).get("emergency_stop")) for side in (entry.before, entry.after)]
    if entry.triggered_by == "auto_rollback":
        return Alert("ROLLED BACK by itself", f"{said} To investigate: rollout.showMetrics()")
    if entry.action == "rollback":
        return Alert("rolled back", said)
    if entry.action == "emergency_stop":
        return Alert("EMERGENCY STOP", f"{said} To end it: rollout.resume()")
    if stopped == [True, False]:
        return Alert("resumed", f"{said} Rollout at {_at(check)}.")
    return None


def _at(check: HealthCheck) -> str:
    return f"{check.status.percentage_in_effect} %"


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
