"""A dead man's switch: a service elsewhere alerts when it is not asked for a while."""

from __future__ import annotations

import http.client
import socket
import urllib.error
import urllib.request
from contextlib import suppress
from typing import Any

from rollout_console.connection.apart import TooLate, apart
from rollout_console.errors import BadArgument, Unreachable
from rollout_console.render.sanitize import sanitize

LIMIT = 10.0  # seconds from the request to the end of its answer
EXAMPLE = "rollout-console monitor --heartbeat https://hc-ping.com/UUID"


class Connections(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    """Opens what urllib opens, and can end it while its answer trickles in."""

    latest: http.client.HTTPConnection | None = None

    def do_open(self, http_class: Any, req: urllib.request.Request, **options: Any) -> http.client.HTTPResponse:
        """Open as urllib does, and remember the connection."""

        def connect(*place: Any, **more: Any) -> http.client.HTTPConnection:
            self.latest = http_class(*place, **more)
            return self.latest

        return super().do_open(connect, req, **options)

    def end(self) -> None:
        """End the connection under way, and with it whoever waits for its answer."""
        opened = self.latest and self.latest.sock
        if opened:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)


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
        connections = Connections()
        try:
            problem = apart(lambda: self._problem(connections), LIMIT)
        except TooLate:  # the limit of a socket is one for each read: an answer may trickle in
            connections.end()
            problem = f"gives no answer within {LIMIT:g} s"
        if problem is not None:
            raise Unreachable(f"the URL of --heartbeat {problem}; retry at the next check")

    def _problem(self, connections: Connections) -> str | None:
        """Request the URL, and return what is wrong with it."""
        try:
            request = urllib.request.Request(self._url, headers={"User-Agent": "rollout-console"})
            with urllib.request.build_opener(connections).open(request, timeout=LIMIT):
                return None
        except urllib.error.HTTPError as error:
            return f"answers {error.code}"
        except OSError as error:
            return f"can't be reached ({sanitize(str(getattr(error, 'reason', error)), 200)})"
        except Exception as error:  # of a URL or an answer that is none; the text may have the URL in it
            return f"can't be reached ({type(error).__name__})"
