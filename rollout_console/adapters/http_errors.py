"""The package's error for each way in which a call of a Supabase project's API can fail (R13)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from rollout_console.errors import (
    MIGRATE,
    BadCredentials,
    NotConfigured,
    NotPermitted,
    RolloutError,
    SchemaMismatch,
    TimedOut,
    Unreachable,
    from_sqlstate,
)

if TYPE_CHECKING:
    import httpx
    from postgrest.exceptions import APIError

# May pass by itself: too many requests, and what gateways and Cloudflare answer for a server behind them.
TRANSIENT = frozenset({429, 502, 503, 504, 520, 521, 522, 523, 524})
SECRET = re.compile(r"sb_(?:secret|publishable)_[\w-]+|eyJ[\w-]+\.[\w-]*\.?[\w-]*")


class Failure(NamedTuple):
    """Why one request failed.

    Attributes:
        kind: the error to raise.
        what: what is wrong; a whole line, with what to do next, if `advice` is empty.
        advice: what to check.
        transient: whether a retry may succeed.
        arrived: whether the database may have done what was asked.
        wait: seconds that the API asks to wait before a retry.
    """

    kind: type[RolloutError]
    what: str
    advice: str = ""
    transient: bool = False
    arrived: bool = False
    wait: float = 0.0

    def error(self, *, changes: bool, arrived: bool) -> RolloutError:
        """Return the error to raise: one line that ends with what to type.

        Args:
            changes: the call writes.
            arrived: this request or one before it may have reached the database.
        """
        if not self.advice:
            return self.kind(self.what)
        line = f"{self.what}; {self.advice}"
        if not changes:
            return self.kind(f"{line}, then: rollout.status()")
        if arrived:
            return self.kind(f"{line}; whether the change was made shows: rollout.history()")
        return self.kind(f"{line}; nothing was changed: type the command again")


def too_late(host: str, seconds: float) -> Failure:
    """Return the failure of a request that had no answer within so many seconds."""
    return Failure(
        TimedOut, f"no answer from {host} within {seconds:g} s", "check the network", transient=True, arrived=True
    )


def of_transport(error: httpx.HTTPError, host: str) -> Failure:
    """Return the failure for a request that got no complete answer."""
    import socket
    import ssl

    import httpx

    causes = list(_causes(error))
    said = one_line(error)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return Failure(
            Unreachable,
            f"no secure connection to {host} ({said})",
            "check SUPABASE_URL, this machine's clock and certificates (SSL_CERT_FILE)",
        )
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return Failure(Unreachable, f"unknown host {host}", "check SUPABASE_URL and the network", transient=True)
    if isinstance(error, httpx.ProxyError | httpx.UnsupportedProtocol):
        return Failure(Unreachable, f"a proxy blocks {host} ({said})", "check HTTPS_PROXY and SUPABASE_URL")
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return Failure(TimedOut, f"no connection to {host} in time", "check the network", transient=True)
    if isinstance(error, httpx.ConnectError):
        return Failure(Unreachable, f"can't connect to {host} ({said})", "check the network", transient=True)
    if isinstance(error, httpx.TimeoutException):
        return Failure(TimedOut, f"no answer from {host} in time", "check the network", transient=True, arrived=True)
    return Failure(
        Unreachable, f"the connection to {host} broke off ({said})", "check the network", transient=True, arrived=True
    )


def of_answer(error: APIError, response: httpx.Response | None, host: str) -> Failure:
    """Return the failure that an answer of the API reports.

    Args:
        error: what supabase-py made of it.
        response: the answer itself, for its status.
        host: the API's name, to be shown.
    """
    status = response.status_code if response is not None else 0
    code, message = str(error.code or ""), one_line(error.message)
    if code.startswith("PGRST"):
        return _of_postgrest(code, message, host)
    if re.fullmatch(r"[0-9A-Z]{5}", code):
        return _final(from_sqlstate(code, message), transient=status in TRANSIENT, arrived=code.startswith("08"))
    if response is None or not _is_json(response):
        return not_json(response, host)
    return _of_gateway(status, message, host, response)


def not_json(response: httpx.Response | None, host: str) -> Failure:
    """Return the failure for an answer that no Supabase API gives, as from a proxy, a log-in page or another site."""
    status = response.status_code if response is not None else 0
    if status in TRANSIENT or status == 540:
        return _of_gateway(status, "", host, response)
    return Failure(
        Unreachable,
        f"{host} answered with something other than JSON (HTTP {status}): a proxy or a wrong address",
        "check SUPABASE_URL and HTTPS_PROXY",
        arrived=status < 300 or status >= 500,
    )


def one_line(text: object) -> str:
    """Return a text on one line, of at most 500 characters and without keys."""
    return SECRET.sub("[key]", " ".join(str(text or "").split()))[:500]


def _of_postgrest(code: str, message: str, host: str) -> Failure:
    if code in {"PGRST202", "PGRST203", "PGRST204", "PGRST205"}:
        return Failure(SchemaMismatch, MIGRATE)
    if code == "PGRST106":
        return Failure(
            SchemaMismatch,
            f"the API does not serve the schema public ({message}); "
            "add it under Project Settings, Data API, then: rollout.status()",
        )
    if code.startswith("PGRST3"):
        return _refused_key(message)
    if code in {"PGRST000", "PGRST001", "PGRST002", "PGRST003"}:
        return Failure(
            Unreachable,
            f"the API at {host} has no connection to its database ({message})",
            "look at the project's dashboard",
            transient=True,
            arrived=code == "PGRST001",
        )
    return Failure(Unreachable, f"the API at {host} refused ({message}, {code})", "look at its log", arrived=True)


def _of_gateway(status: int, message: str, host: str, response: httpx.Response | None) -> Failure:
    said = f"HTTP {status}{': ' + message if message else ''}"
    if status == 401:
        return _refused_key(message)
    if status == 403:
        return Failure(NotPermitted, f"the API refused ({said}); set SUPABASE_SECRET_KEY to a secret key, start again")
    if status == 404:
        return Failure(
            NotConfigured,
            f"no Supabase API at {host} ({said}); set SUPABASE_URL to the project's URL, then start again",
        )
    if status == 429:
        return Failure(
            Unreachable,
            f"too many requests, says {host} ({said})",
            "wait a minute",
            transient=True,
            wait=_wait(response),
        )
    if status == 540:
        return Failure(Unreachable, f"the project at {host} is paused", "restore it in the Supabase dashboard")
    return Failure(
        Unreachable,
        f"the API at {host} failed ({said})",
        "look at the project's dashboard",
        transient=status in TRANSIENT,
        arrived=True,
    )


def _refused_key(message: str) -> Failure:
    return Failure(
        BadCredentials,
        f"the API refused the key ({message or 'HTTP 401'}); set SUPABASE_SECRET_KEY to the project's "
        "secret key, then start again",
    )


def _final(error: RolloutError, *, transient: bool = False, arrived: bool = False) -> Failure:
    return Failure(type(error), str(error), transient=transient, arrived=arrived)


def _is_json(response: httpx.Response) -> bool:
    return "json" in response.headers.get("content-type", "")


def _wait(response: httpx.Response | None) -> float:
    asked = response.headers.get("retry-after", "") if response is not None else ""
    return float(asked) if re.fullmatch(r"\d{1,4}", asked) else 0.0


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
