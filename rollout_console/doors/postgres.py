"""The PostgreSQL door: psycopg, one connection, one statement a command."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from rollout_console.doors import Target
from rollout_console.errors import BadCredentials, NotConfigured, RolloutError, Unreachable, from_sqlstate

if TYPE_CHECKING:
    import psycopg

CONNECT_TIMEOUT = 5  # seconds
STATEMENT_TIMEOUT = 8  # seconds: hosted Supabase's limit, so that both doors behave alike


class PostgresDoor:
    """Calls the SQL functions over a PostgreSQL connection that is opened when first needed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None
        self._lock = threading.RLock()
        self.target = Target("postgres", _name_of(url))

    def call(self, function: str, **parameters: object) -> Any:
        """See `Door.call`. A call on a connection that turns out to be dead is sent once more.

        That is safe for changes too: they carry an operation id that the functions recognise.
        """
        import psycopg

        with self._lock:
            for attempt in (1, 2):
                fresh = self._connection is None
                try:
                    return self._send(function, parameters)
                except psycopg.Error as error:
                    lost = self._connection is None or self._connection.broken
                    if lost:
                        self.close()
                    if lost and not fresh and attempt == 1:
                        continue
                    raise translate(error) from error
        raise AssertionError("unreachable")

    def close(self) -> None:
        """See `Door.close`."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def url(self) -> str:
        """Return the connection string, credentials included; never show it."""
        return self._url

    def _send(self, function: str, parameters: dict[str, object]) -> Any:
        from psycopg import sql
        from psycopg.types.json import Jsonb

        if self._connection is None:
            self._connection = connect(self.url())
        arguments = sql.SQL(", ").join(
            sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in parameters
        )
        statement = sql.SQL("select {}({})").format(sql.Identifier(function), arguments)
        values = {name: Jsonb(value) if isinstance(value, dict) else value for name, value in parameters.items()}
        row = self._connection.execute(statement, values).fetchone()
        return row[0] if row else None


def connect(url: str) -> psycopg.Connection[Any]:
    """Open a connection that suits an operator: it gives up soon and commits each statement.

    Raises:
        psycopg.Error: the server can't be reached or refuses the login.
        NotConfigured: the URL is not one that libpq understands.
    """
    import psycopg

    try:
        connection = psycopg.connect(
            url,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT,
            application_name="rollout-console",
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=2,
            # Supabase's transaction pooler forgets prepared statements between transactions.
            prepare_threshold=None,
        )
    except psycopg.ProgrammingError as error:
        raise NotConfigured(
            "the database URL can't be read; it looks like postgresql://user:password@host:5432/postgres"
        ) from error
    connection.execute(f"set statement_timeout = '{STATEMENT_TIMEOUT}s'")
    return connection


def translate(error: psycopg.Error) -> RolloutError:
    """Return the package's error for one of psycopg's."""
    message = " ".join((error.diag.message_primary or str(error)).split())
    if error.sqlstate:
        return from_sqlstate(error.sqlstate, message)
    if "password" in message or "authentication" in message or "no pg_hba.conf entry" in message:
        return BadCredentials(f"the database refused the login ({message}); check the database URL")
    return Unreachable(f"the database can't be reached ({message}); check the network, then: rollout.status()")


def _name_of(url: str) -> str:
    """Return `host/database` from a connection string: what may be shown of it."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return "postgres"
    return f"{parts.get('host', 'localhost')}/{parts.get('dbname', 'postgres')}"
