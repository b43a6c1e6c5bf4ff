"""Two sessions of a database, one of which waits for the other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from tests.support.rows import one_row


@contextmanager
def in_background(session: psycopg.Connection[Any], statement: str, *values: object) -> Iterator[threading.Thread]:
    """Execute a statement beside the block, which ends when it does."""
    thread = threading.Thread(target=session.execute, args=[statement, values or None])
    thread.start()
    yield thread
    thread.join()


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
