"""A dead man's switch: a service elsewhere alerts when it is not asked for a while."""

from __future__ import annotations

import urllib.error
import urllib.request

from rollout_console.errors import BadArgument, RolloutError, Unreachable
from rollout_console.render.sanitize import sanitize

LIMIT = 10.0  # seconds
EXAMPLE = "rollout-console monitor --heartbeat https://hc-ping.com/UUID"


class Heartbeat:
    """Requests a URL, which is a secret and never shown, after each check that could see.

    Args:
        url: as healthchecks.io and others give it.

    Raises:
        BadArgument: it is no URL of HTTP.
    """

    def __init__(self, url: str) -> None:
        if not url.startswith(("https://", "http://")):
            raise BadArgument(f"--heartbeat takes a URL of https or http; type for example: {EXAMPLE}")
        self._url = url

    def sent(self) -> RolloutError | None:
        """Request the URL, and return why that failed, or None."""
        try:
            request = urllib.request.Request(self._url, headers={"User-Agent": "rollout-console"})
            with urllib.request.urlopen(request, timeout=LIMIT):
                return None
        except urllib.error.HTTPError as error:
            return Unreachable(f"the URL of --heartbeat answers {error.code}; retry at the next check")
        except (OSError, ValueError) as error:
            why = sanitize(str(getattr(error, "reason", error)), 200)
            return Unreachable(f"the URL of --heartbeat can't be reached ({why}); retry at the next check")
