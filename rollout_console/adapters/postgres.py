"""The PostgreSQL adapter: psycopg, a connection for each thread, one statement for each command."""

from __future__ import annotations

import functools
import re
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, LiteralString

from rollout_console.adapters.base import POLL, ROW, Target, Way, as_command
from rollout_console.connection.database_url import names_its_host, place_of, shown_place
from rollout_console.connection.session import (
    CUT_OFF,
    STATEMENT_TIMEOUT,
    close,
    in_one_message,
    is_closed,
    is_pooled,
    open_session,
    within,
)
from rollout_console.connection.urgent import in_own_transaction
from rollout_console.errors import (
    BadCredentials,
    NotConfigured,
    NotPermitted,
    RolloutError,
    Unreachable,
    from_sqlstate,
)
from rollout_console.pattern import pattern

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

CHANNEL = "rollout_history"
ACTIVE = "public.rollout_configuration", "where feature_name = %(feature)s and is_active"
LOGIN_REFUSED = "28000"
REFUSED_PAUSE = 60.0  # seconds in which a refused login answers reads: ten in 150 s shut Supabase's pooler
LEAST = 0.1  # seconds for what is to be sent, where it took all the time to connect
SENDINGS = 3  # of an idempotent call that another transaction overtakes
OVERTAKEN = frozenset({"40001", "40P01"})
# What a server or a pooler says that is full or starts, if need be after it has taken the password. Poolers name
# their own errors in capitals, as in (ECHECKOUTTIMEOUT).
UNAVAILABLE = pattern(
    r"\((?!ENOTFOUND)E[A-Z]{4,}\)|slots|too many (clients|connections)|max_client|starting up|shutting down", re.I
)
WRONG_PASSWORD = pattern(r"password authentication failed|is not permitted to log in", re.I)
NO_SUCH = pattern(r'(database|role) ".*" does not exist', re.I)
# Guesses of libpq at why, which fill two more lines.
PROBABLY = pattern(r"\s*(?:This probably means.*|Is the server running[^?]*\?)", re.S)
NO_TLS = pattern(r"does not support SSL|requested a cleartext password", re.I)


class _Own:
    """A thread's connection, closed when nothing holds this any more: at the latest as the thread ends.

    Args:
        connection: the thread's own.
        opened: all those of the adapter.

    Attributes:
        release: closes it now.
        is_listening: whether it listens for changes.
    """

    def __init__(self, connection: psycopg.Connection[Any], opened: list[psycopg.Connection[Any]]) -> None:
        self.connection = connection
        self.is_listening = False
        opened.append(connection)
        self.release = weakref.finalize(self, _release, connection, opened)
        self.release.atexit = False  # the process ends, and its connections with it


class PostgresAdapter(Way):
    """Calls the SQL functions over PostgreSQL connections that are opened when first needed.

    Each thread has a connection of its own, until it ends: an emergency stop never waits for a refresh.

    Args:
        url: a connection string as libpq reads it.
        target: what to show of it, by default its host and database.
    """

    patience: float = STATEMENT_TIMEOUT

    def __init__(self, url: str, target: Target | None = None) -> None:
        self._url = url
        self._local = threading.local()
        self._opened: list[psycopg.Connection[Any]] = []
        self._refused: tuple[float, BadCredentials] | None = None  # when a login was refused, and how
        self.target = target or Target("postgres", place_of(url))

    def call(self, function: str, *, changes: bool = True, idempotent: bool = False, **parameters: object) -> Any:
        """See `Adapter.call`. An idempotent call is retried if it was overtaken, and once if its connection is dead.

        A refused login answers the reads of the next minute, so that no loop tries a wrong password again and again.
        """
        import psycopg

        if not changes:
            self._raise_if_refused()
        sendings = SENDINGS if idempotent else 1
        lost_before = self._connection is None  # a new connection that fails, fails again
        while True:
            sendings -= 1
            try:
                return self._send(function, parameters)
            except psycopg.Error as error:
                lost = self._is_lost()
                retry = sendings > 0 and (not lost_before if lost else error.sqlstate in OVERTAKEN)
                if lost:
                    lost_before = True
                    self._forget()
                if not retry:
                    raise self._remembered(translate(error)) from error

    def call_within(self, seconds: float, function: str, *, changes: bool = True, **parameters: object) -> Any:
        """See `Way.call_within`."""
        row = self._urgently(seconds, _statement(function, *parameters), _adapted(parameters), changes=changes)
        return row[0] if row else None

    def write_row(self, seconds: float, feature: str, values: Mapping[str, object]) -> dict[str, Any] | None:
        """See `Way.write_row`."""
        return self._row(
            seconds,
            f"update {ACTIVE[0]} set {_set(values)} {ACTIVE[1]}{as_command(values)} returning {', '.join(ROW)}",
            {**values, "feature": feature},
            changes=True,
        )

    def read_row(self, seconds: float, feature: str) -> dict[str, Any] | None:
        """See `Way.read_row`."""
        return self._row(
            seconds, f"select {', '.join(ROW)} from {ACTIVE[0]} {ACTIVE[1]}", {"feature": feature}, changes=False
        )

    def _row(
        self, seconds: float, statement: str, values: Mapping[str, object], *, changes: bool
    ) -> dict[str, Any] | None:
        from psycopg import sql

        row = self._urgently(seconds, sql.Composed([sql.SQL(statement)]), values, changes=changes)
        return dict(zip(ROW, row, strict=True)) if row else None

    def _urgently(
        self, seconds: float, statement: sql.Composed, values: Mapping[str, object], *, changes: bool
    ) -> tuple[Any, ...] | None:
        """Send what is idempotent in a transaction of its own, again where it was overtaken or the connection dead.

        All of it is over in so many seconds, a connection that has to be opened included. A server that has let all the
        time pass is not asked again.
        """
        import psycopg

        sendings, lost_before = SENDINGS, self._connection is None
        if self._is_lost():
            self.url()  # starts an embedded server, which takes what it takes, once
        deadline = time.monotonic() + seconds
        while True:
            sendings -= 1
            try:
                connection = self._ready(deadline - time.monotonic())
                left = max(LEAST, deadline - time.monotonic())
                with self._discarded_if_interrupted():
                    return in_own_transaction(connection, statement, values, left, changes=changes)
            except psycopg.Error as error:
                lost, opened = self._is_lost(), self._connection is not None
                if lost:
                    self._forget()
                again = sendings and time.monotonic() < deadline
                if not again or (lost_before if lost else error.sqlstate not in OVERTAKEN):
                    failure = self._remembered(self._of_own_transaction(error))
                    failure.unsure = changes and lost and opened
                    raise failure from error
                lost_before = lost_before or lost

    def _of_own_transaction(self, error: psycopg.Error) -> RolloutError:
        connection = self._connection
        if error.sqlstate == "0A000" and connection and connection.info.parameter_status("in_hot_standby") == "on":
            return from_sqlstate("25006", "a standby")  # so it refuses what begins read write
        return translate(error)

    def _raise_if_refused(self) -> None:
        if self._refused is not None and time.monotonic() - self._refused[0] < REFUSED_PAUSE:
            raise BadCredentials(str(self._refused[1]))

    def _remembered(self, error: RolloutError) -> RolloutError:
        if isinstance(error, BadCredentials):
            self._refused = time.monotonic(), error
        return error

    @property
    def listens(self) -> bool:
        """See `Adapter.listens`: not behind a pooler, where whoever uses the session next would get our notices."""
        return self._connection is None or not is_pooled(self._connection)

    def pause(self, seconds: float) -> bool:
        """See `Adapter.pause`: listen on this thread's connection, unless it is a pooler's."""
        import psycopg

        own, connection = self._own, self._connection
        try:
            with self._discarded_if_interrupted():
                if own is None or connection is None or is_closed(connection) or is_pooled(connection):
                    time.sleep(seconds)
                    return False
                if own.is_listening:
                    return bool(list(connection.notifies(timeout=seconds, stop_after=1)))
                own.is_listening = True  # what came before is not told: return, so that the caller asks again
                within(self.patience, connection, lambda: connection.execute(f"listen {CHANNEL}"))
        except (psycopg.Error, OSError):  # a standby, or a server that restarts: the next call sees to it
            time.sleep(min(seconds, POLL))
        return True

    def close(self) -> None:
        """See `Adapter.close`."""
        for connection in [*self._opened]:  # a thread that ends takes its own out
            close(connection)
        self._opened.clear()
        self._local = threading.local()

    def url(self) -> str:
        """Return the connection string, credentials included; never show it."""
        return self._url

    @property
    def _connection(self) -> psycopg.Connection[Any] | None:
        """This thread's connection, if it has one."""
        return None if self._own is None else self._own.connection

    @property
    def _own(self) -> _Own | None:
        own: _Own | None = getattr(self._local, "own", None)
        return own

    def _is_lost(self) -> bool:
        return self._connection is None or is_closed(self._connection)

    def _forget(self) -> None:
        if (own := self._own) is not None:
            self._local.own = None
            own.release()

    def _ready(self, seconds: float | None = None) -> psycopg.Connection[Any]:
        """Return this thread's connection, opened unless it is, within so many seconds, by default `patience`."""
        connection = self._connection
        if connection is None or is_closed(connection):
            connection = open_session(self.url(), self.patience if seconds is None else seconds)
            self._local.own = _Own(connection, self._opened)
            self._connected(connection.info)
        return connection

    def _send(self, function: str, parameters: dict[str, object]) -> Any:
        connection, values = self._ready(), _adapted(parameters)
        statement = _statement(function, *parameters)

        def ask() -> tuple[Any, ...] | None:
            if is_pooled(connection):
                return in_one_message(connection, statement, values)
            return connection.execute(statement, values).fetchone()

        with self._discarded_if_interrupted():
            row = within(self.patience + CUT_OFF, connection, ask)
        return row[0] if row else None

    def _connected(self, info: psycopg.ConnectionInfo) -> None:
        """Take note that the login is good, and where it led if a service file or the environment said so."""
        self._refused = None
        if self._url and not names_its_host(self._url):
            self.target = self.target._replace(place=shown_place(info.host, info.dbname))

    @contextmanager
    def _discarded_if_interrupted(self) -> Iterator[None]:
        """Discard the connection after Ctrl-C or a signal: what was sent, and what comes back, is unknown then."""
        try:
            yield
        except KeyboardInterrupt:
            self._forget()
            raise


def _release(connection: psycopg.Connection[Any], opened: list[psycopg.Connection[Any]]) -> None:
    """Close what a thread has used; see `_Own`."""
    with suppress(ValueError):  # the adapter was closed meanwhile
        opened.remove(connection)
    close(connection)


def _adapted(parameters: Mapping[str, object]) -> dict[str, object]:
    from psycopg.types.json import Jsonb

    return {name: Jsonb(value) if _is_json(value) else value for name, value in parameters.items()}


def _set(values: Mapping[str, object]) -> LiteralString:
    return ", ".join(f"{name} = %({name})s" for name in ROW if name in values)


def _is_json(value: object) -> bool:
    """Whether an argument goes as JSON; a list of anything but objects is an array."""
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


@functools.cache
def _statement(function: str, *parameters: str) -> sql.Composed:
    from psycopg import sql

    arguments = sql.SQL(", ").join(
        sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in parameters
    )
    return sql.SQL("select public.{}({})").format(sql.Identifier(function), arguments)


def translate(error: psycopg.Error) -> RolloutError:
    """Return the package's error for one of psycopg's, by its SQLSTATE.

    A connection that could not be opened has none: libpq passes on the server's words alone. That the server asked
    for the password tells a refused login from an outage in any language, but for what it may still refuse then.
    """
    message = " ".join(PROBABLY.sub("", error.diag.message_primary or str(error)).split())
    if error.sqlstate == "42501":
        return NotPermitted(
            f"not permitted ({message}); a command needs a role that is a member of service_role and acts as it, a "
            "migration the owner: correct the user in the database URL, then start again"
        )
    if error.sqlstate:
        return from_sqlstate(error.sqlstate, message)
    if NO_TLS.search(message):
        return NotConfigured(
            f"no encrypted login ({message}); on a network of your own add sslmode=disable to the database URL, or "
            "require_auth=password where the server wants the password itself, then start again"
        )
    if NO_SUCH.search(message):
        return NotConfigured(
            f"the login was refused ({message}); correct the name in the database URL, then start again"
        )
    if WRONG_PASSWORD.search(message):
        return from_sqlstate(LOGIN_REFUSED, message)
    if UNAVAILABLE.search(message):
        return from_sqlstate("08006", message)
    if error.pgconn is not None and error.pgconn.used_password:
        return from_sqlstate(LOGIN_REFUSED, message)
    return Unreachable(
        f"the database can't be reached ({message}); check the network, and that the server runs and has a connection "
        "free, then: rollout.status()"
    )
