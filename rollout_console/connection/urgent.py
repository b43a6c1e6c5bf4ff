"""A transaction that a stop depends on: read write where a session may be, and over in time."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rollout_console.connection.session import SETTINGS, within

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

ON_THE_WAY = 0.25  # seconds of those given, at most, in which an answer comes back: the server ends it before


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
        seconds: after which it is over: the server ends it, or else this side the connection.
        changes: whether it writes.

    Returns:
        The first row.

    Raises:
        psycopg.Error: as the statement, the commit or the connection.
    """
    import psycopg
    from psycopg import sql

    begin = f"begin isolation level read committed{' read write' if changes else ''}"
    timeout = max(1, round(1000 * (seconds - min(ON_THE_WAY, seconds / 4))))
    settings = {**SETTINGS, "row_security": "on", "statement_timeout": f"{timeout}ms"}
    limits = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    message = sql.SQL("; ").join([sql.SQL(begin), sql.SQL(f"select {limits}"), statement, sql.SQL("commit")])

    def run() -> tuple[Any, ...] | None:
        cursor = psycopg.ClientCursor(connection)
        try:
            cursor.execute(message, values)
        except psycopg.Error:
            with suppress(psycopg.Error):
                connection.execute("rollback")
            raise
        cursor.nextset()
        cursor.nextset()
        return cursor.fetchone()

    return within(seconds, connection, run)
