"""A transaction that a stop depends on: read write where a session may be, and over in time."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from rollout_console.connection.session import SETTINGS

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

CUT_OFF = 1.0  # seconds after a statement should have been ended


def in_own_transaction(
    connection: psycopg.Connection[Any],
    statement: sql.Composed,
    values: Mapping[str, object],
    seconds: float,
    *,
    changes: bool,
) -> tuple[Any, ...] | None:
    """Begin, set, run and commit in one message, read write even where a database is read-only by default.

    Args:
        connection: in autocommit mode; behind a pooler nothing is left in its session.
        statement: what to run.
        values: of its placeholders.
        seconds: after which the server ends it, or else this side the connection.
        changes: whether it writes.

    Returns:
        The first row.

    Raises:
        psycopg.Error: as the statement, the commit or the connection.
    """
    import psycopg
    from psycopg import sql

    begin = f"begin isolation level read committed{' read write' if changes else ''}"
    settings = {**SETTINGS, "row_security": "on", "statement_timeout": f"{round(seconds * 1000)}ms"}
    limits = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    cursor = psycopg.ClientCursor(connection)
    with _cut_off_after(seconds + CUT_OFF, connection):
        try:
            cursor.execute(
                sql.SQL("; ").join([sql.SQL(begin), sql.SQL(f"select {limits}"), statement, sql.SQL("commit")]), values
            )
        except psycopg.Error:
            with suppress(psycopg.Error):
                connection.execute("rollback")
            raise
    cursor.nextset()
    cursor.nextset()
    return cursor.fetchone()


@contextmanager
def _cut_off_after(seconds: float, connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Shut the connection down if the block takes longer: a server that is frozen ends no statement."""

    def cut_off() -> None:
        with suppress(OSError, ValueError), socket.socket(fileno=os.dup(connection.fileno())) as own:
            own.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut_off)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
