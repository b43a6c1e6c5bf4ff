"""The PostgreSQL adapter: psycopg, a connection for each thread, one statement for each command."""

from __future__ import annotations

import functools
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rollout_console.adapters.base import POLL, Adapter, Target
from rollout_console.errors import NotConfigured, RolloutError, Unreachable, from_sqlstate

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

CHANNEL = "rollout_history"
CONNECT_TIMEOUT = 5  # seconds
LOGIN_REFUSED = "28000"
STATEMENT_TIMEOUT = 8  # seconds: hosted Supabase's limit, so that the adapters behave alike
LIMIT_OF_TRANSACTION = f"select set_config('statement_timeout', '{STATEMENT_TIMEOUT}s', true)"
LIMIT_OF_SESSION = f"""
    select set_config('statement_timeout', '{STATEMENT_TIMEOUT}s', false) where pg_backend_pid() = %s
"""


POOLED: weakref.WeakSet[psycopg.Connection[Any]] = weakref.WeakSet()  # connections behind a pooler


class PostgresAdapter(Adapter):
    """Calls the SQL functions over PostgreSQL connections that are opened when first needed.

    Each thread has a connection of its own: an emergency stop never waits for a refresh.

    Args:
        url: a connection string as libpq reads it.
        target: what to show of it, by default its host and database.
    """

    patience: float = STATEMENT_TIMEOUT

    def __init__(self, url: str, target: Target | None = None) -> None:
        self._url = url
        self._own = threading.local()
        self._opened: list[psycopg.Connection[Any]] = []
        self.target = target or Target("postgres", _name_of(url))

    def call(self, function: str, *, changes: bool = True, idempotent: bool = False, **parameters: object) -> Any:
        """See `Adapter.call`. An idempotent call is retried once if its connection turns out to be dead."""
        import psycopg

        retriable = idempotent and self._connection is not None  # a new connection that fails, fails again
        try:
            return self._send(function, parameters)
        except psycopg.Error as error:
            if not self._is_lost():
                raise translate(error) from error
            self._forget()
            if not retriable:
                raise translate(error) from error
        try:
            return self._send(function, parameters)
        except psycopg.Error as error:
            raise translate(error) from error

    @property
    def listens(self) -> bool:
        """See `Adapter.listens`."""
        return True

    def pause(self, seconds: float) -> None:
        """See `Adapter.pause`: listen on this thread's connection, where that works; a pooler keeps silent."""
        import psycopg

        connection = self._connection
        listening = connection is not None and getattr(self._own, "listening", None) is connection
        try:
            with self._discarded_if_interrupted():
                if connection is None or connection.closed:
                    time.sleep(seconds)
                elif listening:
                    for _ in connection.notifies(timeout=seconds, stop_after=1):
                        pass
                else:  # what came before is not told: return, so that the caller asks again
                    self._own.listening = connection
                    connection.execute(f"listen {CHANNEL}")
        except (psycopg.Error, OSError):  # a standby, or a server that restarts: the next call sees to it
            time.sleep(min(seconds, POLL))

    def close(self) -> None:
        """See `Adapter.close`."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()
        self._own = threading.local()

    def url(self) -> str:
        """Return the connection string, credentials included; never show it."""
        return self._url

    @property
    def _connection(self) -> psycopg.Connection[Any] | None:
        """This thread's connection, if it has one."""
        return getattr(self._own, "connection", None)

    def _is_lost(self) -> bool:
        return self._connection is None or self._connection.closed

    def _forget(self) -> None:
        if self._connection is not None:
            self._opened.remove(self._connection)
            self._connection.close()
            del self._own.connection

    def _send(self, function: str, parameters: dict[str, object]) -> Any:
        from psycopg.types.json import Jsonb

        connection = self._connection
        if connection is None or connection.closed:
            connection = self._own.connection = connect(self.url())
            self._opened.append(connection)
        values = {name: Jsonb(value) if _is_json(value) else value for name, value in parameters.items()}
        statement = _statement(function, *parameters)
        with self._discarded_if_interrupted():
            if _is_pooled(connection):
                row = _in_one_message(connection, statement, values)
            else:
                row = connection.execute(statement, values).fetchone()
        return row[0] if row else None

    @contextmanager
    def _discarded_if_interrupted(self) -> Iterator[None]:
        """Discard the connection after Ctrl-C or a signal: what was sent, and what comes back, is unknown then."""
        try:
            yield
        except KeyboardInterrupt:
            self._forget()
            raise


def _is_json(value: object) -> bool:
    """Whether an argument goes as JSON; a list of anything but objects is an array."""
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


@functools.cache
def _statement(function: str, *parameters: str) -> sql.Composed:
    from psycopg import sql

    arguments = sql.SQL(", ").join(
        sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in parameters
    )
    return sql.SQL("select {}({})").format(sql.Identifier(function), arguments)


def connect(url: str) -> psycopg.Connection[Any]:
    """Open a connection for an operator: short timeouts, each statement committed by itself.

    Behind a pooler in transaction mode the session is shared, so nothing is set in it.

    Raises:
        psycopg.Error: the server can't be reached or refuses the login.
        NotConfigured: the URL is not one that libpq understands.
    """
    import psycopg

    try:
        connection = psycopg.connect(
            url,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT,
            application_name="rollout-console",
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=2,
            # Supabase's transaction pooler forgets prepared statements between transactions.
            prepare_threshold=None,
        )
    except psycopg.ProgrammingError as error:
        raise NotConfigured(
            "the database URL can't be read; it looks like postgresql://user:password@host:5432/postgres"
        ) from error
    limited = connection.execute(LIMIT_OF_SESSION, (connection.info.backend_pid,)).rowcount
    if not limited:
        POOLED.add(connection)
    return connection


def _is_pooled(connection: psycopg.Connection[Any]) -> bool:
    """Whether a pooler stands between, which answers with a process id of its own."""
    return connection in POOLED


def _in_one_message(
    connection: psycopg.Connection[Any], statement: sql.Composed, values: dict[str, object]
) -> tuple[Any, ...] | None:
    """Limit and call as one message: one transaction and one round trip, and nothing is set in what others share."""
    import psycopg
    from psycopg import sql

    cursor = psycopg.ClientCursor(connection)
    cursor.execute(sql.SQL("{}; {}").format(sql.SQL(LIMIT_OF_TRANSACTION), statement), values)
    cursor.nextset()
    return cursor.fetchone()


def translate(error: psycopg.Error) -> RolloutError:
    """Return the package's error for one of psycopg's, by its SQLSTATE.

    A connection that could not be opened has none: libpq passes on the server's words alone, which may be in
    any language. Whether the server asked for the password is what tells a refused login from an outage.
    """
    message = " ".join((error.diag.message_primary or str(error)).split())
    if error.sqlstate:
        return from_sqlstate(error.sqlstate, message)
    if error.pgconn is not None and error.pgconn.used_password:
        return from_sqlstate(LOGIN_REFUSED, message)
    return Unreachable(
        f"the database can't be reached ({message}); check the network, and that the server runs and has a connection "
        "free, then: rollout.status()"
    )


def _name_of(url: str) -> str:
    """Return `host/database` of a connection string, the part of it that may be shown."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return "postgres"
    host = str(parts.get("host") or "localhost")
    return f"{'localhost' if host.startswith('/') else host}/{parts.get('dbname', 'postgres')}"
