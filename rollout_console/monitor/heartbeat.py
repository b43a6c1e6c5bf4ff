"""A dead man's switch: a service elsewhere alerts when it is not asked for a while."""

from __future__ import annotations

import urllib.error
import urllib.request

from rollout_console.connection.apart import TooLate, apart
from rollout_console.errors import BadArgument, Unreachable
from rollout_console.render.sanitize import sanitize

LIMIT = 10.0  # seconds from the request to the end of its answer
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

    def send(self) -> None:
        """Request the URL, and wait for the answer no longer than `LIMIT`.

        Raises:
            Unreachable: there was no answer, or one of failure.
        """
        try:
            problem = apart(self._problem, LIMIT)  # that of a socket is for each read: an answer may trickle in
        except TooLate:
            problem = f"gives no answer within {LIMIT:g} s"
        if problem is not None:
            raise Unreachable(f"the URL of --heartbeat {problem}; retry at the next check")

    def _problem(self) -> str | None:
        """Request the URL, and return what is wrong with it."""
        try:
            request = urllib.request.Request(self._url, headers={"User-Agent": "rollout-console"})
            with urllib.request.urlopen(request, timeout=LIMIT):
                return None
        except urllib.error.HTTPError as error:
            return f"answers {error.code}"
        except OSError as error:
            return f"can't be reached ({sanitize(str(getattr(error, 'reason', error)), 200)})"
        except Exception as error:  # of a URL or an answer that is none; the text may have the URL in it
            return f"can't be reached ({type(error).__name__})"
