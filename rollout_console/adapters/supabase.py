"""The Supabase adapter: supabase-py, calls of SQL functions; history is read to learn what became of a change."""

from __future__ import annotations

import base64
import binascii
import contextlib
import ipaddress
import json
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from urllib.parse import SplitResult, urlsplit

from rollout_console.adapters import http_errors
from rollout_console.adapters.base import ROW, Target, Way
from rollout_console.adapters.http_errors import Failure
from rollout_console.adapters.patience import Patience
from rollout_console.connection.apart import TooLate, apart
from rollout_console.errors import BadCredentials, NotConfigured

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx
    from supabase import Client

CONNECT_TIMEOUT = 5.0  # seconds; the same to send a request, and to wait for one of the pool's connections
READ_TIMEOUT = 9.0  # seconds: a little more than the 8 that hosted Supabase gives a statement
PATIENCE = 10.0  # seconds that a call takes at most, retries included
BRIEFLY = 2.0  # seconds within which a call that has another way is retried
HISTORY = "rollout_history"
CONFIGURATION = "rollout_configuration"

Request: TypeAlias = "Callable[[Client], Any]"  # builds what supabase-py is to send


class Answer(NamedTuple):
    """What a function returned, which may be null."""

    data: Any


class SupabaseAdapter(Way):
    """Calls the SQL functions through a Supabase project's API.

    Args:
        url: the project's URL; plain http only on this machine.
        key: a secret or service-role key, or one that can only read.
        read_only: whether the key can only read; a publishable or anon key is recognised without it.
        patience: seconds after which a call gives up, retries included.

    Raises:
        NotConfigured: the URL is not one, or would send the key in clear text.
        BadCredentials: the key can't be one.
    """

    def __init__(self, url: str, key: str, *, read_only: bool = False, patience: float = PATIENCE) -> None:
        address = _address(url)
        if not key.isascii() or not key.isprintable() or " " in key or not key:
            raise BadCredentials("the Supabase key has blanks or line breaks in it; copy it again, then start again")
        self._url = f"{address.scheme}://{address.netloc}{_path(address)}"
        self._key = key
        self.patience = patience
        self._client: Client | None = None
        self._http: httpx.Client | None = None
        self._lock = threading.Lock()
        self._seen = threading.local()
        self.host = address.netloc
        self.target = Target("supabase", _name(address), read_only or _only_reads(key))

    def __repr__(self) -> str:
        return f"SupabaseAdapter({self._url!r})"

    def call(self, function: str, *, changes: bool = True, idempotent: bool = False, **parameters: object) -> Any:
        """See `Adapter.call`. A call whose answer was lost is retried within `patience`.

        One that is not idempotent is retried only while it can't have reached the database. Of a change that may have
        been made, history is asked before anything is said about it.
        """
        if self._client is None:
            apart(self._open)  # takes what it takes, once
        operation = _operation_id(parameters) if changes and idempotent else None
        patience = Patience(self.patience, asks=operation is not None)
        outcome = self._try(patience, function, idempotent, parameters)
        if operation and isinstance(outcome, Failure) and outcome.arrived:
            outcome = self._ask_about(operation, outcome, patience, function, parameters)
        return self._data(outcome, changes=changes)

    def call_within(self, seconds: float, function: str, *, changes: bool = True, **parameters: object) -> Any:
        """See `Way.call_within`: retry for a short time, and ask nothing."""
        patience = Patience(seconds, retry_for=BRIEFLY)
        return self._data(self._try(patience, function, True, parameters), changes=changes)

    def write_row(self, seconds: float, feature: str, values: Mapping[str, object]) -> dict[str, Any] | None:
        """See `Way.write_row`."""
        return self._row(seconds, feature, lambda table: table.update(dict(values)), changes=True)

    def read_row(self, seconds: float, feature: str) -> dict[str, Any] | None:
        """See `Way.read_row`."""
        return self._row(seconds, feature, lambda table: table.select(",".join(ROW)), changes=False)

    def _row(
        self, seconds: float, feature: str, asked: Callable[[Any], Any], *, changes: bool
    ) -> dict[str, Any] | None:
        def request(client: Client) -> Any:
            return asked(client.table(CONFIGURATION)).eq("feature_name", feature).is_("is_active", "true")

        rows = self._data(self._within(seconds, request), changes=changes)
        return rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else None

    def _data(self, outcome: Answer | Failure, *, changes: bool) -> Any:
        if isinstance(outcome, Answer):
            return outcome.data
        error = outcome.error(changes=changes)
        shown = type(error)(str(error).replace(self._key, "[key]"))
        shown.ruled, shown.unsure = outcome.ruled, outcome.arrived and not outcome.ruled
        raise shown

    def _try(
        self, patience: Patience, function: str, idempotent: bool, parameters: dict[str, object]
    ) -> Answer | Failure:
        """Send until there is an answer or no retry helps; the failure says whether any request may have arrived."""
        late = http_errors.too_late(self.host, patience.seconds)
        failure, arrived = late, False
        while True:
            outcome = self._send(patience, patience.for_an_answer(), function, parameters)
            if isinstance(outcome, Answer):
                return outcome
            arrived = arrived or outcome.arrived
            failure = failure if outcome == late else outcome  # a retry that is cut short says less than what it is for
            retries = outcome.transient and (idempotent or not arrived)
            if not retries or not patience.waits(outcome):
                return failure._replace(arrived=arrived)

    def _ask_about(
        self, operation: str, failure: Failure, patience: Patience, function: str, parameters: dict[str, object]
    ) -> Answer | Failure:
        """Ask history for a change that may have been made; if it was, have it answered once more."""
        row = self._within(
            patience.for_a_question(), lambda client: client.table(HISTORY).select("id").eq("id", operation)
        )
        if not isinstance(row, Answer) or not row.data:
            return failure
        again = self._send(patience, patience.for_a_question(), function, parameters)  # recognised, and not made again
        return again if isinstance(again, Answer) else failure._replace(made=True)

    def close(self) -> None:
        """See `Adapter.close`."""
        with self._lock:
            if self._http is not None:
                self._http.close()
            self._client = self._http = None

    def warm_up(self) -> None:
        """See `Adapter.warm_up`: import supabase-py, which takes longer than the first command should."""

        def start() -> None:
            with contextlib.suppress(Exception):  # the first command meets the error and shows it
                self._open()

        threading.Thread(target=start, name="supabase-import", daemon=True).start()

    def _open(self) -> Client:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> Client:
        import httpx
        from supabase import ClientOptions, create_client

        try:
            self._http = httpx.Client(
                timeout=httpx.Timeout(CONNECT_TIMEOUT, read=READ_TIMEOUT),
                event_hooks={"response": [self._remember]},
                trust_env=self._url.startswith("https"),  # no proxy stands between this machine and itself
            )
            options = ClientOptions(
                httpx_client=self._http,
                postgrest_client_retry=False,
                auto_refresh_token=False,
                persist_session=False,
            )
            return create_client(self._url, self._key, options)
        except Exception as error:  # wrong settings of a proxy or of certificates, in many classes
            problem = http_errors.one_line(error).replace(self._key, "[key]")
        # Raised here and not above, so that the library's text, which may hold the key, is not its context.
        raise NotConfigured(
            f"supabase-py can't be set up ({problem}); "
            "check SUPABASE_URL, HTTPS_PROXY and SSL_CERT_FILE, then start again"
        )

    def _remember(self, response: httpx.Response) -> None:
        self._seen.response = response

    def _send(
        self, patience: Patience, seconds: float, function: str, parameters: dict[str, object]
    ) -> Answer | Failure:
        """Send a call once, and wait for its answer no longer than `seconds` of its patience."""
        return self._within(seconds, lambda client: client.rpc(function, parameters), patience.seconds)

    def _within(self, seconds: float, request: Request, of: float | None = None) -> Answer | Failure:
        """Send, and wait for the answer no longer than `seconds`, the import of supabase-py included.

        What is said of an answer that does not come is how long there was for all sendings: `of`, if it is given.
        """
        deadline = time.monotonic() + seconds
        try:
            client = self._client or apart(self._open, seconds)
        except TooLate:
            return http_errors.not_loaded()
        try:
            return apart(lambda: self._execute(request(client)), deadline - time.monotonic())
        except TooLate:
            return http_errors.too_late(self.host, of or seconds)

    def _execute(self, built: Any) -> Answer | Failure:
        import httpx
        from postgrest.exceptions import APIError

        self._seen.response = None
        try:
            data = built.execute().data
        except APIError as error:
            return http_errors.of_answer(error, self._seen.response, self.host)
        except httpx.HTTPError as error:
            return http_errors.of_transport(error, self.host)
        except (ValueError, RecursionError) as error:
            if self._seen.response is None:  # NaN, or half a character
                return http_errors.not_json_able(error)
            return http_errors.not_json(self._seen.response, self.host)  # no UTF-8, or nested too deeply
        except RuntimeError:  # another thread has closed the adapter meanwhile
            return http_errors.closed(self.host)
        response: httpx.Response = self._seen.response
        # supabase-py returns an answer that is not JSON as text; none of our functions returns text.
        if isinstance(data, str) or not response.content:
            return http_errors.not_json(response, self.host)
        return Answer(data)


def _operation_id(parameters: dict[str, object]) -> str | None:
    """Return the id by which the database recognises a change that is sent twice, which is its history row's."""
    context = parameters.get("context")
    return context.get("operation_id") if isinstance(context, dict) else None


def _address(url: str) -> SplitResult:
    try:
        address = urlsplit(url.strip())
        host = address.hostname or ""
        valid = address.scheme in {"http", "https"} and host and address.port != 0
    except ValueError:
        valid, host = False, ""
    if not valid or "@" in address.netloc:
        raise NotConfigured(
            "SUPABASE_URL is not a URL; it looks like https://abcdefgh.supabase.co; set it, start again"
        )
    if address.scheme == "http" and not _is_loopback(host):
        raise NotConfigured(f"http:// would send the key to {host} in clear text; set SUPABASE_URL to https://{host}")
    return address


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _path(address: SplitResult) -> str:
    return address.path.rstrip("/").removesuffix("/rest/v1")  # Supabase shows the URL with it and without


def _name(address: SplitResult) -> str:
    host = address.hostname or ""
    return host.split(".")[0] if host.endswith((".supabase.co", ".supabase.in")) else address.netloc


def _only_reads(key: str) -> bool:
    """Return whether a key is publishable, or a legacy token of a role that can only read."""
    if key.startswith("sb_"):
        return key.startswith("sb_publishable_")
    try:
        _, claims, _ = key.split(".")
        role = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["role"]
    except (ValueError, KeyError, TypeError, binascii.Error):
        return False
    return str(role) in {"anon", "authenticated"}
