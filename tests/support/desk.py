"""The superuser's sessions, kept from test to test: a new one would plan every function anew."""

from __future__ import annotations

import threading
from collections import OrderedDict

import psycopg

KEPT = 3  # for each thread: a test is repeated through each adapter


class Desk(threading.local):
    """A thread's open sessions, the last used at the end."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, psycopg.Connection] = OrderedDict()

    def session(self, url: str) -> psycopg.Connection:
        """Return a session in which each statement is committed by itself and nothing is set; nobody closes it."""
        session = self._open.pop(url, None)
        if session is None or not _is_fresh(session):
            session = psycopg.connect(url, autocommit=True)
        self._open[url] = session
        if len(self._open) > KEPT:
            self._open.popitem(last=False)[1].close()
        return session


def _is_fresh(session: psycopg.Connection) -> bool:
    """Take back what was set; False if the session was ended, or left in a transaction."""
    if session.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        session.close()
        return False
    try:
        session.execute("reset all")
    except psycopg.OperationalError:
        return False
    return True


desk = Desk()
