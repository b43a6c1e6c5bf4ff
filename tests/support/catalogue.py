"""What the catalogue knows of our tables and functions, for the tests of R11."""

from __future__ import annotations

from contextlib import contextmanager

import psycopg
from psycopg import sql

from tests.support.rollouts import RolloutUnderTest

# The application's own tables are the host's to guard; ours are the rest.
TABLES = """
    select oid::regclass::text from pg_class
    where relnamespace in ('public'::regnamespace, 'rollout'::regnamespace) and relkind = 'r'
      and relname not in ('repositories', 'pull_requests', 'progressive_capture_jobs')
    order by 1
"""
FUNCTIONS = """
    select p.oid::regprocedure::text as signature, case p.pronamespace when 'public'::regnamespace then '' else 'rollout.' end || p.proname as name,
           p.provolatile as volatile,
           p.prorettype = 'trigger'::regtype as is_trigger, p.prosecdef as definer, l.lanname as language,
           array(select s from unnest(p.proconfig) s where s like 'search_path=%') as search_path,
           p.proargnames[1:p.pronargs] as argument_names,
           array(select format('%I.%I', s.nspname, t.typname)
                 from unnest(p.proargtypes) with ordinality a (id, n)
                 join pg_type t on t.oid = a.id join pg_namespace s on s.oid = t.typnamespace order by n) as types
    from pg_proc p join pg_language l on l.oid = p.prolang
    where p.pronamespace in ('public'::regnamespace, 'rollout'::regnamespace)
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
    order by 1
"""


@contextmanager
def session(rollout, role=None, path=None):
    """A connection in a role, with a search path, whose changes are forgotten."""
    with psycopg.connect(rollout.url) as connection:
        if path:
            connection.execute(f"set search_path = {path}")
        if role:
            connection.execute(f"set role {role}")
        yield connection
        connection.rollback()


def busy_rollout(rollout: RolloutUnderTest) -> RolloutUnderTest:
    """A rollout in use, so that there is something to read and to lose."""
    names = rollout.add_repositories(20)
    rollout.client.categorize_all()
    rollout.client.set_rollout(50)
    rollout.client.add_to_whitelist(names[0])
    rollout.report(good=3)
    return rollout


def tables(rollout) -> list[str]:
    return [row[0] for row in rollout.sql(TABLES)]


def a_column(rollout, table: str) -> str:
    """The first column that an update may set."""
    column: str = rollout.value(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and attidentity = ''"
        " order by attnum limit 1", table,
    )  # fmt: skip
    return column


def functions(rollout):
    with psycopg.connect(rollout.url, row_factory=psycopg.rows.namedtuple_row) as connection:
        return connection.execute(FUNCTIONS).fetchall()


def contents(rollout) -> list[object]:
    """Every row of ours, in an order that holds however the server reads the table."""
    return [rollout.sql(f"select * from {table} as row order by row::text") for table in tables(rollout)]


def call_with_nulls(function) -> sql.Composed:
    arguments = sql.SQL(", ").join(sql.SQL(f"null::{kind}") for kind in function.types)  # kinds from the catalogue
    return sql.SQL("select {}({})").format(sql.Identifier(*f"public.{function.name}".split(".")[-2:]), arguments)
