"""A transaction that a stop depends on: read write where a session may be, and over in time."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rollout_console.connection.session import CUT_OFF, SETTINGS, cut_off_after

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql


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
    with cut_off_after(seconds + CUT_OFF, connection):
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
