"""How a client of Supabase sends a statement: in a role, by SQL or through the API, each a transaction of its own."""

from __future__ import annotations

from typing import Any, Protocol

import httpx
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.support.lite import Api

Row = dict[str, Any]
Filters = dict[str, tuple[str, Any]]  # column: ("eq" or "gte", value)


class Refused(Exception):
    """The database refused a statement; the application logs it and goes on."""


class Channel(Protocol):
    """What supabase-js offers, in the role of its key."""

    def select(self, table: str, filters: Filters, *, newest: str = "", limit: int = 1000) -> list[Row]:
        """Return rows, the newest by a column first."""

    def insert(self, table: str, row: Row) -> None:
        """Insert a row, without reading it back."""

    def update(self, table: str, values: Row, filters: Filters) -> None:
        """Update rows, without reading them back."""

    def call(self, function: str, arguments: Row) -> Any:
        """Call a function."""


class SqlChannel:
    """SQL, in one of the roles anon, authenticated, service_role.

    Args:
        url: of the database, as `postgres`.
        role: the role that each statement takes.
    """

    def __init__(self, url: str, role: str) -> None:
        self._url, self._role = url, role

    def select(self, table: str, filters: Filters, *, newest: str = "", limit: int = 1000) -> list[Row]:
        """See `Channel`."""
        order = sql.SQL("order by {} desc").format(sql.Identifier(newest)) if newest else sql.SQL("")
        statement = sql.SQL("select to_jsonb(t) from (select * from {} {} {} limit {}) t").format(
            sql.Identifier(table), self._where(filters), order, limit
        )
        return [row for (row,) in self._run(statement)]

    def insert(self, table: str, row: Row) -> None:
        """See `Channel`."""
        columns = sql.SQL(", ").join(map(sql.Identifier, row))
        record = sql.SQL("jsonb_populate_record(null::{}, {})").format(sql.Identifier(table), Jsonb(row))
        self._run(sql.SQL("insert into {} ({c}) select {c} from {}").format(sql.Identifier(table), record, c=columns))

    def update(self, table: str, values: Row, filters: Filters) -> None:
        """See `Channel`."""
        columns = sql.SQL(", ").join(map(sql.Identifier, values))
        record = sql.SQL("jsonb_populate_record(null::{}, {})").format(sql.Identifier(table), Jsonb(values))
        self._run(
            sql.SQL("update {} set ({c}) = (select {c} from {}) {}").format(
                sql.Identifier(table), record, self._where(filters), c=columns
            )
        )

    def call(self, function: str, arguments: Row) -> Any:
        """See `Channel`."""
        named = sql.SQL(", ").join(sql.SQL("{} => {}").format(sql.Identifier(k), v) for k, v in arguments.items())
        return self._run(sql.SQL("select public.{}({})").format(sql.Identifier(function), named))[0][0]

    def _where(self, filters: Filters) -> sql.Composable:
        signs = {"eq": "=", "gte": ">="}
        tests = [sql.SQL("{} {} {}").format(sql.Identifier(c), sql.SQL(signs[s]), v) for c, (s, v) in filters.items()]
        return sql.SQL("where ") + sql.SQL(" and ").join(tests) if tests else sql.SQL("")

    def _run(self, statement: sql.Composed) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._url) as connection:
            connection.execute(sql.SQL("set local role {}").format(sql.Identifier(self._role)))
            try:
                cursor = connection.execute(statement)
                return cursor.fetchall() if cursor.description else []
            except psycopg.Error as error:
                raise Refused(f"{error.sqlstate} {error}") from error


class ApiChannel:
    """The API, with the publishable key (anon) or the secret key (service_role)."""

    def __init__(self, api: Api, role: str) -> None:
        key = {"anon": api.publishable_key, "service_role": api.secret_key}[role]
        self._http = httpx.Client(
            base_url=f"{api.url}/rest/v1", headers={"apikey": key, "Prefer": "return=minimal"}, trust_env=False
        )

    def select(self, table: str, filters: Filters, *, newest: str = "", limit: int = 1000) -> list[Row]:
        """See `Channel`."""
        order = {"order": f"{newest}.desc"} if newest else {}
        found: list[Row] = self._send("GET", table, params={**self._params(filters), **order, "limit": str(limit)})
        return found

    def insert(self, table: str, row: Row) -> None:
        """See `Channel`."""
        self._send("POST", table, json=row)

    def update(self, table: str, values: Row, filters: Filters) -> None:
        """See `Channel`."""
        self._send("PATCH", table, json=values, params=self._params(filters))

    def call(self, function: str, arguments: Row) -> Any:
        """See `Channel`."""
        return self._send("POST", f"rpc/{function}", json=arguments)

    def _params(self, filters: Filters) -> dict[str, str]:
        return {c: f"{s}.{str(v).lower() if isinstance(v, bool) else v}" for c, (s, v) in filters.items()}

    def _send(self, method: str, path: str, **request: Any) -> Any:
        answer = self._http.request(method, f"/{path}", **request)
        if answer.is_error:
            raise Refused(answer.text)
        return answer.json() if answer.content else None
