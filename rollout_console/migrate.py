"""Applies the migrations, and records them in the ledger that the Supabase CLI uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollout_console.errors import SchemaMismatch
from rollout_console.resources import resource

if TYPE_CHECKING:
    import psycopg

LEDGER = """
    create schema if not exists supabase_migrations;
    create table if not exists supabase_migrations.schema_migrations (
        version text not null primary key, statements text[], name text);
"""


@dataclass(frozen=True)
class Migration:
    """One SQL file, named `<version>_<name>.sql`."""

    version: str
    name: str
    sql: str

    def is_recorded_as(self, statements: list[str] | None) -> bool:
        """Tell whether the ledger's statements are this file's.

        The Supabase CLI records a file split into statements, so white space and semicolons at
        the seams do not count. A ledger without statements proves nothing and is believed.
        """
        return not statements or _bare("".join(statements)) == _bare(self.sql)


def migrations() -> list[Migration]:
    """Return the migrations in the order in which they apply."""
    return [_read(path) for path in sorted(resource("migrations").glob("*.sql"))]


def pending(url: str) -> list[Migration]:
    """Return the migrations that this database has not seen.

    Raises:
        SchemaMismatch: the ledger holds one of our versions with another content.
    """
    import psycopg

    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        return _pending(connection)


def apply(url: str) -> list[Migration]:
    """Apply the pending migrations, each in its own transaction, and return them.

    Several processes may call this at once: an advisory lock lets one in at a time.

    Raises:
        SchemaMismatch: the ledger holds one of our versions with another content.
        psycopg.Error: a migration failed; those before it stay applied, it and the rest are not.
    """
    return list(apply_one_by_one(url))


def apply_one_by_one(url: str) -> Iterator[Migration]:
    """As `apply`, yielding each migration once it is committed."""
    import psycopg

    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        connection.execute("set lock_timeout = '4s'")  # wait for the application, don't block it
        while True:
            with connection.transaction():
                connection.execute("set local lock_timeout = '60s'")
                connection.execute("select pg_advisory_xact_lock(hashtextextended('rollout:migrate', 0))")
                connection.execute("set local lock_timeout = '4s'")
                waiting = _pending(connection)
                if not waiting:
                    return
                migration = waiting[0]
                connection.execute(LEDGER)
                connection.execute(migration.sql)
                connection.execute(
                    "insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s)",
                    (migration.version, migration.name, [migration.sql]),
                )
            yield migration


def _pending(connection: psycopg.Connection[Any]) -> list[Migration]:
    known = connection.execute("select to_regclass('supabase_migrations.schema_migrations')").fetchone()
    rows = (
        connection.execute("select version, statements from supabase_migrations.schema_migrations").fetchall()
        if known and known[0]
        else []
    )
    recorded: dict[str, list[str] | None] = {row[0]: row[1] for row in rows}
    for migration in migrations():
        if migration.version in recorded and not migration.is_recorded_as(recorded[migration.version]):
            raise SchemaMismatch(
                f"the database has another migration {migration.version} than {migration.name}: "
                "stopped before changing anything; compare it with this version's migrations/"
            )
    return [migration for migration in migrations() if migration.version not in recorded]


def _read(path: Path) -> Migration:
    version, _, name = path.stem.partition("_")
    return Migration(version, name, path.read_text(encoding="utf-8"))


def _bare(sql: str) -> str:
    return re.sub(r"[\s;]+", "", sql)
