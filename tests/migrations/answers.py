"""What each role may do, sees and is answered in a deployment, before it is adopted and after."""

from __future__ import annotations

from typing import Any

import psycopg

from rollout_console.access import read_access
from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.results import AccessRight
from tests.support.rows import one_row

ROLES = ("anon", "authenticated", "service_role")
FEATURES = ("hybrid_progressive_capture", "at_zero", "by_size")
TABLES = ("repositories", "pull_requests", "rollout_configuration", "repository_categories", "rollout_metrics",
          "rollout_history")  # fmt: skip
CATALOGUE = """
    select c.relname, c.relrowsecurity, c.relforcerowsecurity, array(select unnest(c.relacl)::text order by 1),
           array(select row(p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid),
                            pg_get_expr(p.polwithcheck, p.polrelid))::text from pg_policy p
                 where p.polrelid = c.oid order by 1)
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relname = any (%s) order by 1
"""
DECISIONS = """
    select array_agg(is_repository_eligible_for_rollout(id, %s) order by place)
    from unnest(%s::uuid[]) with ordinality i (id, place)
"""


def sql(url: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


def rights(url: str) -> tuple[list[tuple[Any, ...]], list[AccessRight]]:
    """The catalogue's own words, and what we derive from them, for the tables that were there before us."""
    return sql(url, CATALOGUE, list(TABLES)), [right for right in read_access(url) if right.table_name in TABLES]


def visible(url: str) -> dict[tuple[str, str], object]:
    """How many rows of each table each role sees; the history of superseded configurations is added by the migration."""
    seen: dict[tuple[str, str], object] = {}
    for role in ROLES:
        for table in TABLES:
            with psycopg.connect(url) as connection:
                connection.execute(f"set local role {role}")
                try:
                    found = connection.execute(
                        f"select count(*) from {table}"
                        + (" where triggered_by is distinct from 'migration'" if table == "rollout_history" else "")
                    ).fetchone()
                except psycopg.errors.InsufficientPrivilege:
                    found = None
            seen[role, table] = found
    return seen


def told(url: str, role: str, feature: str) -> list[bool]:
    """What a role is answered for every repository; as for the application, an error is a no."""
    ids = [i for (i,) in sql(url, "select id from repositories order by id")]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"set role {role}")
        try:
            return one_row(connection.execute(DECISIONS, (feature, ids)))[0] or []
        except psycopg.Error:  # for one of them, or for all
            return [is_eligible(connection, i, feature) for i in ids]


def decisions(url: str) -> dict[tuple[str, str], list[bool]]:
    """What each role is answered for every repository and feature."""
    return {(role, feature): told(url, role, feature) for role in ROLES for feature in FEATURES}


def is_eligible(connection: psycopg.Connection[Any], repository: object, feature: str) -> bool:
    try:
        asked = connection.execute("select is_repository_eligible_for_rollout(%s, %s)", (repository, feature))
    except psycopg.Error:
        return False
    return bool(one_row(asked)[0])


def stop(url: str, feature: str) -> RolloutClient:
    client = RolloutClient(PostgresAdapter(url), feature)
    client.emergency_stop("incident")
    return client
