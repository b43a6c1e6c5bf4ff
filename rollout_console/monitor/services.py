"""The services that alerts go to, through apprise: each is asked alone, and none holds up another."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from rollout_console.errors import NotConfigured
from rollout_console.monitor.wording import Alert

SALT = b"rollout-console receiver"  # the same everywhere: two monitors know a service by the same id
LIMIT = 20.0  # seconds that all services together have: what is claimed is claimed for a minute


@dataclass(frozen=True)
class Service:
    """One URL of ROLLOUT_ALERT_URLS, which holds secrets and is never shown.

    Attributes:
        id: tells it from others, on whichever machine.
        name: what is shown of it: its kind, and its place among the URLs.
    """

    id: str
    name: str
    _apprise: Any = field(repr=False)

    def take(self, subject: str, alert: Alert, where: str) -> bool:
        """Return whether the service has accepted an alert."""
        try:
            return bool(self._apprise.notify(title=f"[{subject}] {alert.title}", body=f"{alert.text}\n{where}"))
        except Exception:  # a plugin's own; one service must not cost the others their alerts
            return False


def services(urls: str | None) -> list[Service]:
    """Return the services of URLs that are separated by blanks or commas.

    Args:
        urls: as in ROLLOUT_ALERT_URLS; None for none.

    Raises:
        NotConfigured: apprise is not installed or does not know one of the URLs.
    """
    if not urls:
        return []
    # apprise logs what it sends, and the URLs
    logging.getLogger("apprise").addHandler(logging.NullHandler())
    logging.getLogger("apprise").propagate = False
    try:
        import apprise
    except ImportError:
        raise NotConfigured(
            "ROLLOUT_ALERT_URLS is set but apprise is not installed; type in a shell: "
            "pip install 'rollout-console[alerts]'"
        ) from None
    known = apprise.Apprise()
    if not known.add(urls) or not len(known):
        raise NotConfigured(
            "ROLLOUT_ALERT_URLS: apprise can't read it, or one of its URLs; see https://appriseit.com/services/ "
            "for how they look, then start again"
        )
    found: dict[str, Service] = {}
    for number, each in enumerate(known, 1):
        url = str(each.url(privacy=False))  # type: ignore[no-untyped-call]
        key = hashlib.scrypt(url.encode(), salt=SALT, n=2**14, r=8, p=1, dklen=12).hex()
        found.setdefault(key, Service(key, f"{url.partition(':')[0]} (URL {number} of {len(known)})", each))
    return list(found.values())


def deliver(
    waiting: dict[Service, list[tuple[str, Alert]]], subject: str, where: str
) -> dict[Service, tuple[list[str], bool]]:
    """Send each service what waits for it, all at once, each up to the first that it does not take.

    Args:
        waiting: for each service its alerts, each with a key.
        subject: what the alerts are about.
        where: the database.

    Returns:
        For each service the keys of what it took, and whether it has failed.
    """
    deadline = time.monotonic() + LIMIT
    taken: dict[Service, list[str]] = {service: [] for service in waiting}

    def send(service: Service) -> None:
        for key, alert in waiting[service]:
            if time.monotonic() > deadline or not service.take(subject, alert, where):
                return
            taken[service].append(key)

    threads = [threading.Thread(target=send, args=(service,), daemon=True) for service in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))  # one that hangs is left behind
    done = {service: list(keys) for service, keys in taken.items()}  # as it is now: what hangs may go on
    return {service: (keys, len(keys) < len(waiting[service])) for service, keys in done.items()}
