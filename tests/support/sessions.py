"""Sessions of a database that are in each other's way."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import psycopg
from psycopg.sql import SQL

from tests.support.rows import one_row


@contextmanager
def in_background(session: psycopg.Connection[Any], statement: str, *values: object) -> Iterator[threading.Thread]:
    """Execute a statement beside the block, which ends when it does."""
    thread = threading.Thread(target=session.execute, args=[statement, values or None])
    thread.start()
    yield thread
    thread.join()


def until_ended(session: psycopg.Connection[Any], statement: str) -> None:
    """Execute a statement in a session that somebody may end meanwhile."""
    with suppress(psycopg.Error):
        session.execute(statement)


@contextmanager
def prepared(url: str, statement: str, name: str | None = None) -> Iterator[str]:
    """Leave a prepared transaction behind, by this name or another, until the end of the block or somebody ends it."""
    name = name or f"billing-{uuid.uuid4().hex[:8]}"
    with closing(psycopg.connect(url, autocommit=True)) as session:
        session.execute(f"begin; {statement}")
        session.execute(SQL("prepare transaction {}").format(name))
        try:
            yield name
        finally:
            if session.execute("select gid from pg_prepared_xacts where gid = %s", [name]).fetchone():
                session.execute(SQL("rollback prepared {}").format(name))


def waits(
    observer: psycopg.Connection[Any], session: psycopg.Connection[Any], thread: threading.Thread, lock: str = "%"
) -> bool:
    """Return True as soon as a session waits for such a lock, False once its statement is over.

    Args:
        observer: asks.
        session: is asked about.
        thread: executes its statement.
        lock: a pattern for `pg_locks.locktype`.
    """
    waiting = "select count(*) from pg_locks where pid = %s and locktype like %s and not granted"
    while thread.is_alive():
        if one_row(observer.execute(waiting, [session.info.backend_pid, lock]))[0]:
            return True
    return False
