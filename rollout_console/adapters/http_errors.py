"""The package's error for each way in which a call of a Supabase project's API can fail (R13)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from rollout_console.errors import (
    BadArgument,
    BadCredentials,
    NotConfigured,
    NotPermitted,
    RolloutError,
    SchemaMismatch,
    TimedOut,
    Unreachable,
    from_sqlstate,
)
from rollout_console.pattern import pattern

if TYPE_CHECKING:
    import httpx
    from postgrest.exceptions import APIError

# Of gateways and Cloudflare: what may pass by itself, and what is answered before the API hears of the request.
TRANSIENT = frozenset({429, 502, 503, 504, 520, 521, 522, 523, 524, 544})
NOT_PASSED_ON = frozenset({521, 523, 525, 526, 530})
# SQLSTATEs after which the same statement may succeed: the connection, a conflict or the server's state was at fault.
TRANSIENT_STATES = pattern(r"08...|40001|40P01|53[023]..|57P0[123]")
DOUBTFUL_STATES = pattern(r"08...|40003|57P0[123]")  # what was sent may have been committed all the same
LONGEST_BACK_OFF = 4.0  # seconds: PostgREST names the whole of its own, up to 32, and is often back before
CACHE_RELOADS = 3.0  # seconds that PostgREST may take to read a schema that has just changed
LATE = 20  # seconds: PostgREST's 10 for a connection, hosted Supabase's 8 for a statement, and some on the way
SECRET = pattern(r"sb_(?:secret|publishable)_[\w-]+|eyJ[\w-]+\.[\w-]*\.?[\w-]*")

LOOK = "look at the project's dashboard"
NOT_KNOWN = (
    "the database lacks the rollout functions of this console, or its API has not read them yet ({code}); "
    "type in a shell: rollout-console migrate"
)


class Failure(NamedTuple):
    """Why one request failed.

    Attributes:
        kind: the error to raise.
        what: what is wrong; a whole line, with what to do next behind its last semicolon, if `advice` is empty.
        advice: what to check.
        transient: whether a retry may succeed.
        arrived: whether the database may have done what was asked, by this request or one before it.
        wait: seconds that the API asks to wait before a retry.
        retry_for: seconds after which a retry is no longer worth it.
        ruled: whether it is an answer of our own functions, which know what became of the change.
        made: whether history holds the change.
    """

    kind: type[RolloutError]
    what: str
    advice: str = ""
    transient: bool = False
    arrived: bool = False
    wait: float = 0.0
    retry_for: float = math.inf
    ruled: bool = False
    made: bool = False

    def error(self, *, changes: bool) -> RolloutError:
        """Return the error to raise: one line that ends with what to type.

        Args:
            changes: the call writes.
        """
        if self.made:
            return self._unsure("the change was made all the same: do not type it again; see: rollout.status()")
        if changes and self.arrived and not self.ruled:
            return self._unsure(
                f"the change may have been made, or may still be within {LATE} s; "
                "before you type it again, look: rollout.history()"
            )
        if not self.advice:
            return self.kind(self.what)
        if not changes:
            return self.kind(f"{self._problem}, then: rollout.status()")
        return self.kind(f"{self._problem}; nothing was changed: type the command again")

    @property
    def _problem(self) -> str:
        return f"{self.what}; {self.advice}" if self.advice else self.what.rpartition("; ")[0] or self.what

    def _unsure(self, became: str) -> RolloutError:
        kind = TimedOut if self.kind is TimedOut else Unreachable  # not what a refused change would raise
        return kind(f"{self._problem}; {became}")


def too_late(host: str, seconds: float) -> Failure:
    """Return the failure of a request that had no answer within so many seconds."""
    return Failure(
        TimedOut,
        f"no answer from {host} within {round(seconds, 1):g} s",
        "check the network",
        transient=True,
        arrived=True,
    )


def not_loaded() -> Failure:
    """Return the failure of a request that could not be sent in time: supabase-py is still being imported."""
    return Failure(TimedOut, "supabase-py is still being loaded", "wait a moment", transient=True)


def closed(host: str) -> Failure:
    """Return the failure of a request whose client was closed before its answer came; a retry opens another."""
    return Failure(Unreachable, f"the connection to {host} was closed", "it opens again", transient=True, arrived=True)


def not_json_able(error: ValueError | RecursionError) -> Failure:
    """Return the failure of a request that was not sent, since JSON has no word for what was given."""
    return Failure(BadArgument, f"what was given can't be sent ({one_line(error)}); nothing was changed: correct it")


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
        return _of_postgrest(code, message, host, response)
    if re.fullmatch(
        r"PT\d{3}", code
    ):  # raised by a function that runs before each request, with a status of its choice
        return _of_pre_request(int(code[2:]), message, host, response)
    if re.fullmatch(r"[0-9A-Z]{5}", code):
        return _of_database(code, message, response)
    if response is None or not _is_json(response):
        return not_json(response, host)
    return _of_gateway(status, message, host, response)


def not_json(response: httpx.Response | None, host: str) -> Failure:
    """Return the failure for an answer that no Supabase API gives, as from a proxy, a log-in page or another site."""
    status = response.status_code if response is not None else 0
    if status >= 500 or status in {402, 429}:
        return _of_gateway(status, "", host, response)
    if response is not None and status == 401 and not response.content:  # so are new secret keys refused at times
        return _refused_key("")
    if response is not None and response.has_redirect_location:  # not followed: a POST would arrive as a GET
        leads = one_line(response.headers["location"]).partition("?")[0]
        return Failure(Unreachable, f"{host} leads on to {leads} (HTTP {status})", "set SUPABASE_URL to the API itself")
    return Failure(
        Unreachable,
        f"{host} answered with something other than JSON (HTTP {status}): a proxy or a wrong address",
        "check SUPABASE_URL and HTTPS_PROXY",
        arrived=status < 300,
    )


def one_line(text: object) -> str:
    """Return a text on one line, of at most 500 characters and without keys."""
    return SECRET.sub("[key]", " ".join(str(text or "").split()))[:500]


def _of_database(code: str, message: str, response: httpx.Response | None) -> Failure:
    error = from_sqlstate(code, message)
    what, is_outage = str(error), type(error) is Unreachable and code != "53100"
    return Failure(
        type(error),
        what.rpartition("; ")[0] if is_outage else what,
        LOOK if is_outage else "",
        transient=bool(TRANSIENT_STATES.fullmatch(code)),
        arrived=bool(DOUBTFUL_STATES.fullmatch(code)),
        wait=_wait(response),
        ruled=code.startswith("RC"),
    )


def _of_postgrest(code: str, message: str, host: str, response: httpx.Response | None) -> Failure:
    if code in {"PGRST202", "PGRST204", "PGRST205"}:
        return Failure(SchemaMismatch, NOT_KNOWN.format(code=code), transient=True, retry_for=CACHE_RELOADS)
    if code == "PGRST203":
        return Failure(
            SchemaMismatch, f"the database has a function twice ({message}); drop the older one, then: rollout.status()"
        )
    if code == "PGRST106":
        return Failure(
            SchemaMismatch,
            f"the API does not serve the schema public ({message}); "
            "add it under Project Settings, Data API, then: rollout.status()",
        )
    if code.startswith("PGRST3"):
        return _of_token(code, message, host)
    if code in {"PGRST000", "PGRST001", "PGRST002", "PGRST003"}:
        return Failure(
            Unreachable,
            f"the API at {host} has no connection to its database ({message})",
            LOOK,
            transient=True,
            arrived=code == "PGRST001",
            wait=_wait(response),
        )
    return Failure(Unreachable, f"the API at {host} refused ({message}, {code})", "look at its log", arrived=True)


def _of_token(code: str, message: str, host: str) -> Failure:
    if code == "PGRST300":
        return Failure(Unreachable, f"the API at {host} can't check keys ({message})", LOOK)
    if "future" in message or "not yet" in message:
        return Failure(
            Unreachable,
            f"by the clock of the API at {host} the key is not valid yet ({message})",
            "wait a minute, and compare the clocks",
        )
    if "3 parts" in message:  # a gateway that should have put a token in the place of an sb_ key
        return Failure(
            BadCredentials,
            f"the API at {host} takes no sb_ keys ({message}); "
            "set SUPABASE_SECRET_KEY to the project's legacy service_role token, then start again",
        )
    return _refused_key(message)


def _of_pre_request(status: int, message: str, host: str, response: httpx.Response | None) -> Failure:
    if status in TRANSIENT:
        return _of_gateway(status, message, host, response)._replace(arrived=False)  # it was rolled back
    return Failure(
        Unreachable, f"a function before each request of {host} refused it ({message}, PT{status})", "look at its log"
    )


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
    if status == 402:
        return Failure(Unreachable, f"the project at {host} is restricted ({said})", "look at its usage and billing")
    if status == 540:
        return Failure(Unreachable, f"the project at {host} is paused", "restore it in the Supabase dashboard")
    return Failure(
        Unreachable,
        f"the API at {host} failed ({said})",
        LOOK,
        transient=status in TRANSIENT,
        arrived=status not in NOT_PASSED_ON,
        wait=_wait(response),
    )


def _refused_key(message: str) -> Failure:
    return Failure(
        BadCredentials,
        f"the API refused the key ({message or 'HTTP 401'}); set SUPABASE_SECRET_KEY to the project's "
        "secret key, then start again",
    )


def _is_json(response: httpx.Response) -> bool:
    return "json" in response.headers.get("content-type", "")


def _wait(response: httpx.Response | None) -> float:
    asked = response.headers.get("retry-after", "") if response is not None else ""
    seconds = float(asked) if re.fullmatch(r"\d{1,4}", asked) else 0.0
    return seconds if response is not None and response.status_code == 429 else min(seconds, LONGEST_BACK_OFF)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
