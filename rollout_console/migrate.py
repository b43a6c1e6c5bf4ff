"""Brings a database up to date: applies pending steps in order, then the present rules, then privileges."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollout_console.data_files import data_file
from rollout_console.errors import SchemaMismatch

if TYPE_CHECKING:
    import psycopg

SCHEMA_VERSION = 1
LEDGER = """
    create schema if not exists supabase_migrations;
    create table if not exists supabase_migrations.schema_migrations (
        version text not null primary key, statements text[], name text);
"""
ADOPT_JOBS = "select rollout.adopt_jobs();\n"
FINISH = "select rollout.limit_waits();\nselect rollout.apply_privileges();\nnotify pgrst, 'reload schema';\n"


@dataclass(frozen=True)
class Step:
    """One SQL file in migrations/, named `<version>_<name>.sql`, and applied once."""

    version: str
    name: str
    sql: str

    def __str__(self) -> str:
        return f"{self.version}_{self.name}"

    def is_recorded_as(self, statements: list[str] | None) -> bool:
        """Return whether the statements in the ledger are those of this file.

        The Supabase CLI records a file split into statements, so white space and semicolons do not count.
        A ledger without statements proves nothing either way, and counts as the same.
        """
        return not statements or _bare("".join(statements)) == _bare(self.sql)


@dataclass(frozen=True)
class Rules:
    """The SQL functions and triggers in migrations/rules/, which are applied whole."""

    checksum: str
    sql: str

    def __str__(self) -> str:
        return f"rules {self.checksum}"


def steps() -> list[Step]:
    """Return the steps in the order in which they apply."""
    found = []
    for path in sorted(data_file("migrations").glob("*.sql")):
        version, _, name = path.stem.partition("_")
        found.append(Step(version, name, path.read_text(encoding="utf-8")))
    return found


def rules() -> Rules:
    """Return the present rules, with the adoption of older rows and the record in the database."""
    folder = data_file("migrations") / "rules"
    # From the ground up: a floor calls what is on it or below it, so PostgreSQL can check each body.
    files = sorted(folder.rglob("*.sql"))
    sql = "\n".join(f"-- {path.relative_to(folder)}\n\n{path.read_text(encoding='utf-8')}" for path in files)
    checksum = hashlib.sha256(sql.encode()).hexdigest()[:12]
    record = f"insert into rollout.rules (checksum) values ('{checksum}');\n"
    adopt = "select rollout.adopt_functions();\nselect rollout.adopt_rows();\n"
    return Rules(checksum, f"{sql}\n{adopt}{record}")


def pending(url: str) -> list[Step | Rules]:
    """Return what this database lacks, in the order in which it would be applied.

    Args:
        url: the database's connection string.

    Raises:
        SchemaMismatch: see `apply`.
        psycopg.Error: the database can't be reached or read.
    """
    import psycopg

    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        return _pending(connection)


def apply(url: str) -> list[Step | Rules]:
    """Apply what is pending, then the privileges, and return what was applied.

    Several processes may call this at once: they take turns under an advisory lock.

    Args:
        url: the database's connection string, of a role that owns our tables or may create them.

    Raises:
        SchemaMismatch: the ledger holds one of our steps with other content, or the rules are a newer console's.
        psycopg.Error: a part failed; the parts before it stay applied, it and the rest are not.
    """
    return list(apply_one_by_one(url))


def apply_one_by_one(url: str) -> Iterator[Step | Rules]:
    """As `apply`, yielding each part once it is committed.

    Each step is a transaction of its own, so that no table stays locked longer than its step takes; rules,
    adoption and privileges are one, so that no function can be called before its privileges are set.
    """
    import psycopg

    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        while True:
            with connection.transaction():
                _take_turns(connection)
                part = next(iter(_pending(connection)), None)
                if isinstance(part, Step):
                    _apply_step(connection, part)
                else:
                    connection.execute((part.sql if part else "") + FINISH)
            if part is None or isinstance(part, Rules):
                connection.execute(ADOPT_JOBS)  # counts millions of rows, and holds up no report
            if part is None:
                return
            yield part
            if isinstance(part, Rules):
                return


def export(folder: Path) -> list[Path]:
    """Write the steps and the present rules as files for `supabase db push`; return the new ones.

    Files that are in the folder already stay as they are: a pushed file is never edited. Rules that have changed
    since the last export become a new file, with the time of the export as its version.

    Args:
        folder: made if need be, for example `supabase/migrations`.

    Raises:
        OSError: the folder can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    now = rules()
    files = {f"{step}.sql": step.sql for step in steps()}
    if not list(folder.glob(f"*_rollout_rules_{now.checksum}.sql")):
        files[f"{datetime.now(UTC):%Y%m%d%H%M%S}_rollout_rules_{now.checksum}.sql"] = now.sql + FINISH + ADOPT_JOBS
    written = []
    for name, sql in files.items():
        file = folder / name
        if not file.exists():
            file.write_text(sql, encoding="utf-8")
            written.append(file)
    return written


def _take_turns(connection: psycopg.Connection[Any]) -> None:
    connection.execute("set local lock_timeout = '60s'")
    connection.execute("select pg_advisory_xact_lock(hashtextextended('rollout:migrate', 0))")
    connection.execute("set local lock_timeout = '4s'")  # give way to the application rather than block it


def _apply_step(connection: psycopg.Connection[Any], step: Step) -> None:
    connection.execute(LEDGER)
    connection.execute(step.sql)
    connection.execute(
        "insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s)",
        (step.version, step.name, [step.sql]),
    )


def _pending(connection: psycopg.Connection[Any]) -> list[Step | Rules]:
    recorded = dict(_rows(connection, "supabase_migrations.schema_migrations", "version, statements"))
    for step in steps():
        if step.version in recorded and not step.is_recorded_as(recorded[step.version]):
            raise SchemaMismatch(
                f"the database has another migration {step.version} than {step.name}; "
                "nothing was changed; compare it with this version's migrations/"
            )
    waiting: list[Step | Rules] = [step for step in steps() if step.version not in recorded]
    now = rules()
    applied = _rows(connection, "rollout.rules", "applied_at, checksum", "order by applied_at desc limit 1")
    if waiting or not applied or applied[0][1] != now.checksum:
        _refuse_to_downgrade(connection)
        waiting.append(now)
    return waiting


def _refuse_to_downgrade(connection: psycopg.Connection[Any]) -> None:
    if not connection.execute("select 1 from pg_proc where proname = 'rollout_schema_version'").fetchone():
        return
    row = connection.execute("select public.rollout_schema_version()").fetchone()
    if row is not None and row[0] > SCHEMA_VERSION:
        raise SchemaMismatch(
            f"the database has the rules of a newer console (schema version {row[0]}, this one has {SCHEMA_VERSION}); "
            "upgrade rollout-console"
        )


def _rows(connection: psycopg.Connection[Any], table: str, columns: str, more: str = "") -> list[Any]:
    known = connection.execute("select to_regclass(%s)", (table,)).fetchone()
    return connection.execute(f"select {columns} from {table} {more}").fetchall() if known and known[0] else []


def _bare(sql: str) -> str:
    return re.sub(r"[\s;]+", "", sql)
