"""Brings a database up to date: applies pending steps in order, then the present rules, then privileges."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from rollout_console.connection.session import connect_as_owner
from rollout_console.data_files import data_file
from rollout_console.errors import NotPermitted, SchemaMismatch
from rollout_console.units import Units, check_units, write_view

if TYPE_CHECKING:
    import psycopg

SCHEMA_VERSION = 2
LOCK_TIMEOUT = "4s"  # for a lock: give way to the application rather than block it
NEWEST = "order by applied_at desc limit 1"
ADOPT_JOBS = "select rollout.adopt_jobs();\n"
RELOAD = "notify pgrst, 'reload schema'"
FINISH = (
    "select rollout.limit_waits();\nselect rollout.apply_privileges();\n"
    f"select rollout.record_catalogue();\n{RELOAD};\n"
)


@dataclass(frozen=True)
class Step:
    """One SQL file in migrations/, named `<version>_<name>.sql`, and applied once."""

    version: str
    name: str
    sql: str

    def __str__(self) -> str:
        return f"{self.version}_{self.name}"

    @property
    def checksum(self) -> str:
        """Of the file as it is."""
        return _checksum(self.sql)

    @property
    def record(self) -> str:
        """The statement that records the step as applied, by whichever tool."""
        return (
            "insert into rollout.migrations (version, name, checksum) "
            f"values ('{self.version}', '{self.name}', '{self.checksum}') on conflict (version) do nothing;\n"
        )

    @property
    def whole(self) -> str:
        """The step with its record."""
        return f"{self.sql}\n{self.record}"


@dataclass(frozen=True)
class Rules:
    """The SQL functions and triggers in migrations/rules/, which are applied whole."""

    sql: str

    def __str__(self) -> str:
        return f"rules {self.checksum}"

    @property
    def checksum(self) -> str:
        """Of all files in their order."""
        return _checksum(self.sql)

    @property
    def record(self) -> str:
        """The statement that records which rules are in force."""
        return f"insert into rollout.rules (checksum) values ('{self.checksum}');\n"

    @property
    def whole(self) -> str:
        """The rules with the adoption of older rows, their record and the privileges."""
        adopt = "select rollout.adopt_functions();\nselect rollout.adopt_rows();\n"
        return f"{self.sql}\n{adopt}{self.record}{FINISH}"


class Pending(NamedTuple):
    """What a database lacks.

    Attributes:
        parts: steps and rules, in the order in which they apply; empty if it is up to date.
        differences: what in its catalogue is not as the last migration left it, a line each.
    """

    parts: list[Step | Rules]
    differences: list[str]


class Applied(NamedTuple):
    """What `apply` has done.

    Attributes:
        parts: the steps and rules that were applied, in order.
        mended: what was not as the last migration had left it, and is again, a line each.
        kept: what was not either, and stays, since it is the host's to say: rights on the application's tables.
    """

    parts: list[Step | Rules]
    mended: list[str]
    kept: list[str]


def steps() -> list[Step]:
    """Return the steps in the order in which they apply."""
    found = []
    for path in sorted(data_file("migrations").glob("*.sql")):
        version, _, name = path.stem.partition("_")
        found.append(Step(version, name, path.read_text(encoding="utf-8")))
    return found


def rules() -> Rules:
    """Return the present rules."""
    folder = data_file("migrations") / "rules"
    # From the ground up: a floor calls what is on it or below it, so PostgreSQL can check each body.
    files = sorted(folder.rglob("*.sql"))
    parts = [f"-- {path.relative_to(folder)}\n\n{path.read_text(encoding='utf-8')}" for path in files]
    return Rules("\n".join([_before("triggers"), *parts]))


def whole(parts: list[Step | Rules]) -> str:
    """Return the statements that apply these parts, in one transaction."""
    locks = _before("locks") if any(isinstance(part, Step) for part in parts) else ""
    return "\n".join([locks, *(f"-- {part}\n{part.whole}" for part in parts)])


def pending(url: str, units: Units | None = None) -> Pending:
    """Return what this database lacks.

    Args:
        url: the database's connection string.
        units: as of `apply`, which would raise the same of them.

    Raises:
        BadArgument: the units are not there.
        NotPermitted: the role may not read what was applied.
        SchemaMismatch: see `apply`.
        psycopg.Error: the database can't be reached or read.
    """
    with connect_as_owner(url, autocommit=True) as connection:
        if units is not None:
            check_units(connection, units)
        return _pending(connection)


def apply(url: str, units: Units | None = None) -> Applied:
    """Apply what is pending, all of it or nothing.

    Several processes may call this at once: they take turns under an advisory lock. Steps, rules, rows adopted and
    privileges are one transaction, so that nothing stands there open or half done, and a failure leaves what was there
    before. Only reports that are older than the rules are counted afterwards, since there may be millions.

    Args:
        url: the database's connection string, of a role that owns our tables or may create them.
        units: what another host than the web application rolls out to.

    Raises:
        BadArgument: the units are not there.
        NotPermitted: the role lacks rights, all of which are named; nothing was changed.
        SchemaMismatch: a step was applied with other content, or the rules are a newer console's.
        psycopg.Error: a part failed; nothing was changed.
    """
    with connect_as_owner(url, autocommit=True) as connection:
        with connection.transaction():
            _take_turns(connection)
            if units is not None:
                write_view(connection, units)
            done = _apply(connection)
        connection.execute(ADOPT_JOBS)  # counts millions of rows, and holds up no report
        connection.execute(RELOAD)  # with nothing to do as well: what an API knows of the schema may be older
    return done


def missing_rights(url: str) -> str | None:
    """Return in a line which rights `apply` would lack, who can give them, and how; None if it lacks none.

    Args:
        url: the database's connection string.

    Raises:
        psycopg.Error: the database can't be reached or read.
    """
    with connect_as_owner(url, autocommit=True) as connection:
        return _missing_rights(connection)


def refuse_without_rights(url: str) -> None:
    """Raise NotPermitted if `apply` would, before anything else is tried.

    Raises:
        NotPermitted: see `missing_rights`.
        psycopg.Error: the database can't be reached or read.
    """
    if missing := missing_rights(url):
        raise NotPermitted(missing)


def _apply(connection: psycopg.Connection[Any]) -> Applied:
    parts, differences = _pending(connection)
    if not parts:
        return Applied([], [], [])
    if missing := _missing_rights(connection):
        raise NotPermitted(missing)
    recorded = _rows(connection, "rollout.rules", "catalogue::text", NEWEST) if differences else []
    connection.execute(whole(parts))
    still = set(_lines(connection, recorded[0][0])) if recorded else set()
    return Applied(parts, [line for line in differences if line not in still], [x for x in differences if x in still])


def _take_turns(connection: psycopg.Connection[Any]) -> None:
    connection.execute("set local lock_timeout = '60s'")
    connection.execute("select pg_advisory_xact_lock(hashtextextended('rollout:migrate', 0))")
    connection.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")


def _pending(connection: psycopg.Connection[Any]) -> Pending:
    import psycopg

    try:
        recorded = dict(_rows(connection, "rollout.migrations", "version, checksum"))
        newest = _rows(connection, "rollout.rules", "checksum", NEWEST)
    except psycopg.errors.InsufficientPrivilege as error:
        raise NotPermitted(
            f"the role {connection.info.user} may not read the schema rollout; to migrate, set SUPABASE_DB_URL to the "
            "login of its owner (on hosted Supabase the user postgres)"
        ) from error
    for step in steps():
        if recorded.get(step.version, step.checksum) != step.checksum:
            raise SchemaMismatch(
                f"the database has another migration {step.version} than {step.name}; "
                "nothing was changed; compare it with this version's migrations/"
            )
    waiting: list[Step | Rules] = [step for step in steps() if step.version not in recorded]
    now = rules()
    differences = _differences(connection) if newest else []
    if waiting or differences or newest != [(now.checksum,)]:
        _refuse_to_downgrade(connection)
        waiting.append(now)
    return Pending(waiting, differences)


def _differences(connection: psycopg.Connection[Any]) -> list[str]:
    if connection.execute("select to_regprocedure('rollout.differences(jsonb)')").fetchone() == (None,):
        return ["function rollout.differences(jsonb) is missing"]
    return _lines(connection, None)


def _lines(connection: psycopg.Connection[Any], recorded: str | None) -> list[str]:
    return [str(line) for (line,) in connection.execute("select rollout.differences(%s::jsonb)", (recorded,))]


def _missing_rights(connection: psycopg.Connection[Any]) -> str | None:
    needs, remedies = connection.execute(_before("rights")).fetchone() or (None, None)
    if not needs:
        return None
    role = connection.execute("select current_user").fetchone()
    return (
        f"the role {role[0] if role else '?'} can't migrate; it needs: {needs}; nothing was changed; "
        f"type as their owner: {remedies} or set SUPABASE_DB_URL to the owner's login"
    )


def _refuse_to_downgrade(connection: psycopg.Connection[Any]) -> None:
    if connection.execute("select to_regprocedure('public.rollout_schema_version()')").fetchone() == (None,):
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


def _before(name: str) -> str:
    return data_file(f"migrations/before/{name}.sql").read_text(encoding="utf-8")


def _checksum(sql: str) -> str:
    return hashlib.sha256(sql.encode()).hexdigest()[:12]
