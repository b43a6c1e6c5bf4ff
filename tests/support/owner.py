"""Sessions of `postgres`, who owns the tables, kept from test to test: a new one would plan every function anew."""

from __future__ import annotations

import threading
from collections import OrderedDict

import psycopg

KEPT = 3  # for each thread: a test is repeated through each adapter


class _Sessions(threading.local):
    """A thread's open sessions by URL, the last used at the end."""

    def __init__(self) -> None:
        self.by_url: OrderedDict[str, psycopg.Connection] = OrderedDict()


_own = _Sessions()


def session(url: str) -> psycopg.Connection:
    """Return a session in which each statement is committed by itself and nothing is set; nobody closes it."""
    kept = _own.by_url.pop(url, None)
    if kept is None or not _is_fresh(kept):
        kept = psycopg.connect(url, autocommit=True)
    _own.by_url[url] = kept
    if len(_own.by_url) > KEPT:
        _own.by_url.popitem(last=False)[1].close()
    return kept


def _is_fresh(kept: psycopg.Connection) -> bool:
    """Take back what was set; False if the session was ended, or left in a transaction."""
    if kept.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        kept.close()
        return False
    try:
        kept.execute("reset all")
    except psycopg.OperationalError:
        return False
    return True
