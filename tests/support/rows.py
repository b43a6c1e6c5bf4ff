"""The row of a query that always has one."""

from __future__ import annotations

from typing import Any

import psycopg


def one_row(cursor: psycopg.Cursor[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return the first row; there must be one."""
    row = cursor.fetchone()
    if row is None:
        raise LookupError("the query has no row")
    return row
