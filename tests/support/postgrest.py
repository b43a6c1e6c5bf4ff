"""An API as PostgREST speaks it over a real PostgreSQL, behind Supabase's gateway; answers fail when a test says so.

It follows PostgREST's specification where @supabase/lite does not: the login `authenticator` and its limits, a role
for each request, read-only transactions for stable functions, a schema cache that can be stale, and the status,
headers and body of each error. 40001 is passed on as 16 does; 13 and 14 repeat the transaction first.
"""

from __future__ import annotations

import contextlib
import json
import queue
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.support import fault_proxy
from tests.support.lite import Api
from tests.support.postgrest_answers import Reply, database_error, own_error
from tests.support.postgrest_catalogue import Catalogue, Function

# As on hosted Supabase; roles are of the whole server, and are made once.
LOGIN = """
    do $$
    begin
        if not exists (select from pg_roles where rolname = 'authenticator') then
            create role authenticator login noinherit;
            grant anon, authenticated, service_role to authenticator;
            alter role authenticator set statement_timeout = '8s';
            alter role authenticator set lock_timeout = '8s';
            alter role anon set statement_timeout = '3s';
            alter role authenticated set statement_timeout = '8s';
        end if;
    end $$
"""
POOL = 10  # connections, PostgREST's default (test/io/test_connection.py)
SET = "select set_config(name, value, true) from unnest(%s::text[], %s::text[]) u(name, value)"
OPERATORS = {
    "eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "is": "is not distinct from",
}  # fmt: skip


class Unanswered(Exception):
    """A request that ends in an answer of PostgREST's own."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply


class Postgrest(fault_proxy.FaultProxy):
    """The API in a thread; `next` and `always` let faults happen in the place of its answers, or after the work.

    Attributes:
        api: where it is, and the keys of its two roles.
        stale: whether it hears of no change of the schema.
        acquisition_timeout: seconds that a request waits for a connection of the pool.
    """

    def __init__(self, database_url: str) -> None:
        with (
            psycopg.connect(database_url, autocommit=True) as connection,
            contextlib.suppress(psycopg.errors.UniqueViolation),
        ):
            connection.execute(LOGIN)
        super().__init__(upstream=0, handler=Handler)
        self.api = Api(self.url, f"sb_secret_{secrets.token_hex(16)}", f"sb_publishable_{secrets.token_hex(16)}")
        self.roles = {self.api.secret_key: "service_role", self.api.publishable_key: "anon"}
        self.stale = False
        self.acquisition_timeout = 10.0
        self._login = make_conninfo(database_url, user="authenticator", application_name="postgrest")
        self._idle: queue.LifoQueue[psycopg.Connection[Any]] = queue.LifoQueue()
        self.free = threading.BoundedSemaphore(POOL)
        self._listening = psycopg.connect(self._login, autocommit=True)
        self._listening.execute("listen pgrst")
        self._lock = threading.Lock()
        self.catalogue = Catalogue.read(self._listening)

    def known(self) -> Catalogue:
        """Return the schema cache, read again if the database has asked for it (test/io/test_reloading.py)."""
        with self._lock:
            if not self.stale and list(self._listening.notifies(timeout=0)):
                self.catalogue = Catalogue.read(self._listening)
            return self.catalogue

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """Lend a connection of the pool."""
        if not self.free.acquire(timeout=self.acquisition_timeout):
            raise Unanswered(own_error("PGRST003"))
        try:
            connection = self._take()
            yield connection
            if not connection.closed:
                self._idle.put(connection)
        finally:
            self.free.release()

    def _take(self) -> psycopg.Connection[Any]:
        with contextlib.suppress(queue.Empty):
            return self._idle.get_nowait()
        try:
            return psycopg.connect(self._login, autocommit=True, prepare_threshold=None)
        except psycopg.OperationalError as error:
            raise Unanswered(own_error("PGRST000", details=str(error))) from error

    def close(self) -> None:
        self._listening.close()
        while not self._idle.empty():
            self._idle.get_nowait().close()


class Handler(fault_proxy.Handler):
    def ask(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Do what the request asks for, and return the answer."""
        try:
            reply = self._reply()
        except Unanswered as error:
            reply = error.reply
        headers = {"content-type": reply.kind, **reply.headers} if reply.body else reply.headers
        return reply.status, list(headers.items()), reply.body

    @property
    def surface(self) -> Postgrest:
        assert isinstance(self.proxy, Postgrest)
        return self.proxy

    def _reply(self) -> Reply:
        key = self.headers.get("apikey")
        if key is None:  # the gateway's words, as hosted projects answer
            return _gateway(401, "No API key found in request", "No `apikey` request header or url param was found.")
        role = self.surface.roles.get(key)
        if role is None:
            return _gateway(401, "Invalid API key", "Double check your Supabase `anon` or `service_role` API key.")
        if self.headers.get("authorization", f"Bearer {key}") != f"Bearer {key}":
            return own_error("PGRST301", "Expected 3 parts in JWT; got 1")  # AuthSpec
        address = urlsplit(self.path)
        place = address.path.removeprefix("/rest/v1/")
        if place == address.path:
            return _gateway(404, "no Route matched with those values")
        profile = self.headers.get("accept-profile" if self.command == "GET" else "content-profile", "public")
        if profile != "public":  # MultipleSchemaSpec
            return own_error(
                "PGRST106", f"Invalid schema: {profile}", hint="Only the following schemas are exposed: public"
            )
        try:
            given = json.loads(self.body or "{}")
        except ValueError:
            return own_error("PGRST102")
        if place.startswith("rpc/"):
            function = self._function(place.removeprefix("rpc/"), given)
            return self._transaction(role, _call(function, self.body.decode(), given), function)
        return self._transaction(role, self._rows(place, given, dict(parse_qsl(address.query))))

    def _function(self, name: str, given: dict[str, Any]) -> Function:
        """Resolve a call by the names of its arguments (RpcSpec, "unknown function", "overloaded functions")."""
        fitting = [each for each in self.surface.known().functions.get(name, []) if each.takes(set(given))]
        if not fitting:
            said = f"({', '.join(given)})" if given else " without parameters"
            raise Unanswered(
                own_error("PGRST202", f"Could not find the function public.{name}{said} in the schema cache")
            )
        if len(fitting) > 1:
            named = ", ".join(map(str, fitting))
            raise Unanswered(own_error("PGRST203", f"Could not choose the best candidate function between: {named}"))
        return fitting[0]

    def _rows(self, table: str, given: dict[str, Any], asked: dict[str, str]) -> sql.Composed:
        """Read (QuerySpec) or update (UpdateSpec) the rows that the filters leave."""
        columns = self.surface.known().columns.get(table)
        if columns is None:
            raise Unanswered(own_error("PGRST205", f"Could not find the table 'public.{table}' in the schema cache"))
        shown = [name for name in asked.pop("select", "*").split(",") if name != "*"] or list(columns)
        for name in given:
            if name not in columns:
                raise Unanswered(
                    own_error("PGRST204", f"Could not find the '{name}' column of '{table}' in the schema cache")
                )
        end = _end(asked)
        filters = sql.SQL(" and ").join([sql.SQL("true"), *(_filter(name, value) for name, value in asked.items())])
        listed = sql.SQL(", ").join(map(sql.Identifier, shown))
        target = sql.Identifier("public", table)
        if self.command == "GET":
            rows = sql.SQL("select {} from {} t where {}{}").format(listed, target, filters, end)
        else:
            body = _record(self.body.decode(), given, columns)
            new = sql.SQL(", ").join(
                sql.SQL("{0} = (select _.{0} from {1})").format(sql.Identifier(n), body) for n in given
            )
            rows = sql.SQL("update {} t set {} where {} returning {}").format(target, new, filters, listed)
        return sql.SQL("with r as ({}) select coalesce(json_agg(r), '[]')::text from r").format(rows)

    def _transaction(self, role: str, statement: sql.Composed, function: Function | None = None) -> Reply:
        """Run one statement as PostgREST does: settings first, so that they limit it (docs transactions; MainTx.hs)."""
        reads = self.command == "GET" or (function is not None and not function.volatile)
        settings = {
            "search_path": '"public"',
            **self.surface.known().roles.get(role, {}),
            "role": role,
            "request.jwt.claims": json.dumps({"role": role}),
            "request.method": self.command,
            "request.path": self.path,
            **(function.settings if function else {}),
        }
        with self.surface.connection() as connection:
            try:
                with connection.transaction():
                    connection.execute(
                        f"set transaction isolation level read committed, read {'only' if reads else 'write'}"
                    )
                    connection.execute(SET, (list(settings), list(settings.values())))
                    row = connection.execute(statement).fetchone()
            except psycopg.Error as error:
                return _failed(error, role)
        body = row[0].encode() if row else b""
        wants_nothing = self.command == "PATCH" and "representation" not in self.headers.get("prefer", "")
        if wants_nothing or (function is not None and function.returns_void):
            return Reply(204, {}, b"")  # UpdateSpec; RpcSpec, "a void function"
        return Reply(200, {}, body)


def _call(function: Function, body: str, given: dict[str, Any]) -> sql.Composed:
    """Hand the JSON body's fields to the function, typed as its arguments are; what is left out has its default."""
    arguments = sql.SQL(", ").join(sql.SQL("{0} => _.{0}").format(sql.Identifier(name)) for name in given)
    called = sql.SQL("{}({})").format(sql.Identifier("public", function.name), arguments)
    source = _record(body, given, function.arguments) if given else sql.SQL("(select) _")
    rows = sql.SQL("select f.value from {}, lateral (select {} as value) f").format(source, called)
    whole = "coalesce(json_agg(f.value), '[]')" if function.returns_set else "coalesce(json_agg(f.value) -> 0, 'null')"
    if function.returns_void:
        whole = "count(f.value)"
    return sql.SQL("select ({})::text from ({}) f").format(sql.SQL(whole), rows)


def _record(body: str, given: dict[str, Any], types: dict[str, str]) -> sql.Composed:
    columns = sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(n), sql.SQL(types[n])) for n in given)
    return sql.SQL("json_to_record({}::json) as _({})").format(sql.Literal(body), columns)


def _filter(column: str, value: str) -> sql.Composed:
    """One filter of a query, as `eq.x`, `is.true`, `in.(a,b)` or `not.eq.x` (QuerySpec)."""
    operator, _, operand = value.partition(".")
    name = sql.SQL("t.{}").format(sql.Identifier(column))
    if operator == "not":
        return sql.SQL("not ({})").format(_filter(column, operand))
    if operator == "in":
        items = sql.SQL(", ").join(map(sql.Literal, operand.strip("()").split(",")))
        return sql.SQL("{} in ({})").format(name, items)
    right = sql.SQL(operand) if operator == "is" and operand in {"true", "false", "null"} else sql.Literal(operand)
    return sql.SQL("{} {} {}").format(name, sql.SQL(OPERATORS[operator]), right)


def _end(asked: dict[str, str]) -> sql.Composed:
    """Take order and limit out of a query (RangeSpec, QuerySpec "ordering response")."""
    end = sql.SQL("").format()
    if order := asked.pop("order", ""):
        column, _, direction = order.partition(".")
        end += sql.SQL(" order by {} {}").format(
            sql.Identifier(column), sql.SQL("desc" if direction.startswith("desc") else "asc")
        )
    if limit := asked.pop("limit", ""):
        end += sql.SQL(" limit {}").format(sql.Literal(int(limit)))
    return end


def _failed(error: psycopg.Error, role: str) -> Reply:
    diagnosis = error.diag
    if error.sqlstate is None or diagnosis.message_primary is None:
        return own_error("PGRST001", details=str(error))
    return database_error(
        error.sqlstate,
        diagnosis.message_primary,
        details=diagnosis.message_detail,
        hint=diagnosis.message_hint,
        anonymous=role == "anon",
    )


def _gateway(status: int, message: str, hint: str | None = None) -> Reply:
    return Reply(status, {}, json.dumps({"message": message, "hint": hint}).encode(), "application/json")


@contextmanager
def postgrest(database_url: str) -> Iterator[Postgrest]:
    """Run the API over a database that has Supabase's roles."""
    server = Postgrest(database_url)
    with fault_proxy.serving(server):
        yield server
    server.close()
