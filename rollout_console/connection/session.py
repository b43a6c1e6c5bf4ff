"""Sessions of PostgreSQL that behave alike, whatever the role, the database or a pooler sets for them."""

from __future__ import annotations

import os
import socket
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from rollout_console.connection.apart import Apart, TooLate, apart
from rollout_console.connection.database_url import connection_string
from rollout_console.errors import NotConfigured

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

CONNECT_TIMEOUT = 5  # seconds for each address of a name, in whole ones, at least 2
STATEMENT_TIMEOUT = 8  # seconds: hosted Supabase's limit, so that the adapters behave alike
CUT_OFF = 1.0  # seconds after a statement should have been ended; and in which Ctrl-C has the server end one
SETTINGS = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "standard_conforming_strings": "on",
    "default_transaction_isolation": "read committed",
}
LIMIT = {**SETTINGS, "statement_timeout": f"{STATEMENT_TIMEOUT}s"}


def _set(settings: dict[str, str], *, local: bool) -> str:
    each = ", ".join(f"set_config('{name}', '{value}', {local})" for name, value in settings.items())
    return f"select {each}"


LIMIT_OF_SESSION = f"{_set(LIMIT, local=False)} where pg_backend_pid() = %s"
LIMIT_OF_TRANSACTION = f"set transaction isolation level read committed; {_set(LIMIT, local=True)}"
# Our tables have to be found, and what the host's own triggers call.
FOR_THE_OWNER = f"""
    {_set(SETTINGS, local=False)},
        set_config('search_path', concat_ws(', ', 'public', nullif(current_setting('search_path'), '')), false)
    where pg_backend_pid() = %s
"""

T = TypeVar("T")
POOLED: weakref.WeakSet[psycopg.Connection[Any]] = weakref.WeakSet()  # connections behind a pooler
LEFT: weakref.WeakSet[psycopg.Connection[Any]] = weakref.WeakSet()  # connections that go with the thread that uses them


def open_session(url: str, seconds: float) -> psycopg.Connection[Any]:
    """Open a connection for an operator: short timeouts, each statement committed by itself.

    Behind a pooler in transaction mode the session is shared, so nothing is set in it: see `in_one_message`.

    Args:
        url: the connection string.
        seconds: for all of it, name lookups and each address of a name included.

    Raises:
        psycopg.Error: the server can't be reached or refuses the login.
        NotConfigured: the URL is not one that libpq understands.
    """
    import psycopg

    deadline = time.monotonic() + seconds
    try:
        connection = apart(lambda: _open(url, seconds), seconds, discard=psycopg.Connection.close)
    except TooLate:
        raise psycopg.errors.ConnectionTimeout("no answer in time") from None
    pid = connection.info.backend_pid
    try:
        limited = within(
            deadline - time.monotonic(), connection, lambda: connection.execute(LIMIT_OF_SESSION, (pid,)).rowcount
        )
    except BaseException:
        close(connection)
        raise
    if not limited:
        POOLED.add(connection)
    return connection


def connect_as_owner(url: str, *, autocommit: bool = False) -> psycopg.Connection[Any]:
    """Open a connection for whoever changes the schema; `public` comes first in its search path.

    Raises:
        psycopg.Error: as `open_session`.
        NotConfigured: as `open_session`, or the database can't hold every text.
    """
    connection = _open(url)
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        connection.close()
        raise NotConfigured(
            f"the database is encoded in {encoding}, which can't hold every text; nothing was changed: "
            "create one with encoding 'UTF8' template template0, then start again"
        )
    connection.execute(FOR_THE_OWNER, (connection.info.backend_pid,))
    connection.autocommit = autocommit
    return connection


def is_pooled(connection: psycopg.Connection[Any]) -> bool:
    """Return whether a pooler stands between, which answers with a process id of its own."""
    return connection in POOLED


def is_closed(connection: psycopg.Connection[Any]) -> bool:
    """Return whether a connection is of no use any more."""
    return connection.closed or connection in LEFT


def close(connection: psycopg.Connection[Any]) -> None:
    """Close a connection, also one that another thread is using, whose call fails then.

    psycopg's own `close` frees what that thread is reading, and the process would crash. It reads while it holds the
    connection's lock, so what it waits for is ended first; who has the lock CUT_OFF later keeps the connection.
    """
    if is_closed(connection):
        return
    is_free = connection.lock.acquire(blocking=False)
    if not is_free:
        _shut_down(connection)
        is_free = connection.lock.acquire(timeout=CUT_OFF)
    if not is_free:
        LEFT.add(connection)
        return
    try:
        connection.close()
    finally:
        connection.lock.release()


def in_one_message(
    connection: psycopg.Connection[Any], statement: sql.Composed, values: dict[str, object]
) -> tuple[Any, ...] | None:
    """Set and call in one message: one transaction and one round trip, and nothing is set in what others share.

    Supavisor, in transaction mode, loses what follows the first answer of a pipeline, so the values go in the text.
    """
    import psycopg
    from psycopg import sql

    cursor = psycopg.ClientCursor(connection)
    cursor.execute(sql.SQL("{}; {}").format(sql.SQL(LIMIT_OF_TRANSACTION), statement), values)
    while cursor.nextset():
        pass
    return cursor.fetchone()


def within(seconds: float, connection: psycopg.Connection[Any], work: Callable[[], T]) -> T:
    """Do what uses a connection in a thread of its own, wait for it no longer than `seconds`, then shut it down.

    A server or a pooler that is frozen ends no statement. Ctrl-C has the server end it, which waits for a second at
    most, and shuts the connection down.

    Raises:
        psycopg.Error: the work's own, or the connection is shut down.
    """
    import psycopg

    running = Apart(work)
    try:
        return running.result(seconds)
    except TooLate:
        _shut_down(connection)
    except KeyboardInterrupt:
        with suppress(Exception):
            apart(lambda: connection.cancel_safe(timeout=CUT_OFF), CUT_OFF)
            running.result(CUT_OFF)
        _shut_down(connection)
        raise
    try:
        return running.result(CUT_OFF)  # which finds its connection shut down, or has been done at the last moment
    except TooLate:
        LEFT.add(connection)
        raise psycopg.OperationalError("no answer in time") from None


def _shut_down(connection: psycopg.Connection[Any]) -> None:
    """End what waits for an answer; unlike `close`, it frees nothing that another thread uses."""
    import psycopg

    with suppress(OSError, ValueError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as own:
        own.shutdown(socket.SHUT_RDWR)


def _open(url: str, seconds: float = CONNECT_TIMEOUT) -> psycopg.Connection[Any]:
    import psycopg

    return psycopg.connect(
        connection_string(url),
        autocommit=True,
        connect_timeout=max(2, round(min(seconds, CONNECT_TIMEOUT))),
        application_name="rollout-console",
        client_encoding="utf8",
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=2,
        # Supabase's transaction pooler forgets prepared statements between transactions.
        prepare_threshold=None,
    )
