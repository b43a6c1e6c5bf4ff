"""What a host that is not the web application rolls out to: writes the view by which the rollout knows it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rollout_console.errors import BadArgument

if TYPE_CHECKING:
    import psycopg

EXAMPLE = 'rollout-console setup --units "tenants(id, slug, seats)"'
NAME = r"[^\s(),.\"]+"
SPECIFICATION = re.compile(rf"\s*(?:({NAME})\.)?({NAME})\s*\(([^()]*)\)\s*")
COUNTS = ("star_count", "contributor_count", "pr_count")
# Of a table, those of its columns that are named, with what their type makes of them.
COLUMNS = """
    select a.attname, a.atttypid = 'uuid'::regtype, t.typcategory = 'N'
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = to_regclass(%s) and a.attname = any (%s) and a.attnum > 0 and not a.attisdropped
"""

# The tables that the view reads, if there is one.
READ_BY_THE_VIEW = """
    select distinct n.nspname::text, c.relname::text
    from pg_rewrite w
    join pg_depend d on d.objid = w.oid and d.refclassid = 'pg_class'::regclass
    join pg_class c on c.oid = d.refobjid and c.oid <> w.ev_class
    join pg_namespace n on n.oid = c.relnamespace
    where w.ev_class = to_regclass('public.rollout_host_repositories') order by 1, 2
"""


class Units(NamedTuple):
    """A table, its id, its name, and up to three numbers that say how large one is.

    Attributes:
        schema: of the table.
        table: its name.
        columns: id, name, sizes.
    """

    schema: str
    table: str
    columns: tuple[str, ...]


def parse(text: str) -> Units:
    """Return what `--units` names.

    Raises:
        BadArgument: it is not TABLE(ID, NAME) or TABLE(ID, NAME, SIZE).
    """
    found = SPECIFICATION.fullmatch(text)
    columns = tuple(part.strip() for part in found[3].split(",")) if found else ()
    if found is None or not 2 <= len(columns) <= 2 + len(COUNTS) or not all(re.fullmatch(NAME, c) for c in columns):
        raise BadArgument(
            f"--units is a table with its columns of id, name and size, not {text[:60]!r}; type for example {EXAMPLE}"
        )
    return Units(found[1] or "public", found[2], columns)


def write_view(connection: psycopg.Connection[Any], units: Units) -> None:
    """Make the view `rollout_host_repositories` of a table; of an id that is no uuid it is `md5(id::text)::uuid`.

    Args:
        connection: of the owner, in the transaction that migrates.
        units: the table.

    Raises:
        BadArgument: as of `check_units`.
        psycopg.Error: the view is another one than ours, or the role may not make it.
    """
    from psycopg import sql

    has_uuids = check_units(connection, units)
    table = sql.Identifier(units.schema, units.table)
    identity, name, *sizes = units.columns
    plain = sql.SQL("u.{}").format(sql.Identifier(identity))
    as_uuid = plain if has_uuids else sql.SQL("md5({}::text)::uuid").format(plain)
    counts: list[sql.Composable] = [
        sql.SQL("least(greatest(coalesce(u.{}, 0), 0), 2147483647)::integer").format(sql.Identifier(column))
        for column in sizes
    ]
    counts += [sql.SQL("0")] * (len(COUNTS) - len(sizes))
    connection.execute(
        sql.SQL(
            "create or replace view public.rollout_host_repositories with (security_invoker = true) as"
            " select {} as id, coalesce(u.{}::text, {}::text) as full_name, {} as star_count,"
            " {} as contributor_count, {} as pr_count from {} u"
        ).format(as_uuid, sql.Identifier(name), plain, *counts, table)
    )


def check_units(connection: psycopg.Connection[Any], units: Units) -> bool:
    """Return whether the ids of a table are uuids.

    Raises:
        BadArgument: there is no such table, or it lacks a column, or a size is no number, or the view reads another;
            nothing was changed.
    """
    from psycopg import sql

    _refuse_another_view(connection, units)
    table = sql.Identifier(units.schema, units.table).as_string(connection)
    rows = connection.execute(COLUMNS, (table, list(units.columns))).fetchall()
    kinds = {name: (is_uuid, is_number) for name, is_uuid, is_number in rows}
    for column in units.columns:
        if column not in kinds:
            raise BadArgument(
                f"there is no table {units.schema}.{units.table} with a column {column}; nothing was changed; "
                f"type for example {EXAMPLE}"
            )
    identity, _, *sizes = units.columns
    for column in sizes:
        if not kinds[column][1]:
            raise BadArgument(f"{units.table}.{column} is no number; nothing was changed; type for example {EXAMPLE}")
    return bool(kinds[identity][0])


def _refuse_another_view(connection: psycopg.Connection[Any], units: Units) -> None:
    read = connection.execute(READ_BY_THE_VIEW).fetchall()
    if read and (units.schema, units.table) not in read:
        schema, table = read[0]
        raise BadArgument(
            f"the view rollout_host_repositories reads {schema}.{table} already; nothing was changed; to redefine it, "
            "type at an SQL prompt: create or replace view rollout_host_repositories …"
        )
