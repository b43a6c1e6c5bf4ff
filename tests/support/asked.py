"""Rules that are asked in one session and rolled back after each case: no API, no second server, nothing to empty.

A transaction has one `now()`: a rule that tells what came before from what came after needs commits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from rollout_console.adapters.postgres import PostgresAdapter, _adapted, _statement, translate
from tests.support.rollouts import OPERATOR, RolloutUnderTest, Unseeing


class Session:
    """A transaction in which each statement may fail without ending it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def execute(self, statement: Any, values: Any = None) -> psycopg.Cursor:
        with self._connection.transaction():  # a savepoint
            return self._connection.execute(statement, values)


class InSession(PostgresAdapter):
    """The PostgreSQL adapter, whose statements are of a session that is given."""

    def __init__(self, session: Session) -> None:
        super().__init__("")
        self._session = session

    def _send(self, function: str, parameters: dict[str, object]) -> Any:
        row = self._session.execute(_statement(function, *parameters), _adapted(parameters)).fetchone()
        return row[0] if row else None

    def _urgently(self, seconds: float, statement: Any, values: Any, *, changes: bool) -> Any:
        try:
            return self._session.execute(statement, values).fetchone()
        except psycopg.Error as error:
            raise translate(error) from error


@dataclass
class AskedRollout(RolloutUnderTest):
    """A rollout whose every statement is of one transaction."""

    within: Session = field(kw_only=True)

    def session(self) -> Session:
        return self.within

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Lend the session, and take back at the end what was set in the block: in it, nothing is committed."""
        yield self.within
        for name in ("session_replication_role", "timezone"):
            self.within.execute(f"reset {name}")


@contextmanager
def asked(connection: psycopg.Connection) -> Iterator[AskedRollout]:
    """Lend a rollout at 0 % without repositories; whatever was done is rolled back at the end."""
    session = Session(connection)
    with connection.transaction(force_rollback=True):
        client = Unseeing(InSession(session), who=OPERATOR)
        client.create()
        yield AskedRollout(client, "", "session", within=session)
