"""Who can read and write which table, and whose decision the application gets, for the owner of the database."""

from __future__ import annotations

import json
from typing import Any

from rollout_console.connection.session import connect_as_owner
from rollout_console.data_files import data_file
from rollout_console.results import AccessRight, DecisionChoice, DecisionComparison, parse_list
from rollout_console.results.base import parse

CHOICES = ("host", "readers", "everyone")


def read_access(url: str) -> list[AccessRight]:
    """Return what each role can do with each table (R11), also where the rules are not applied yet.

    Args:
        url: the database's connection string.

    Raises:
        psycopg.Error: the database can't be reached or read.
    """
    with connect_as_owner(url) as connection:
        # The same functions before a migration as after it: created in a transaction that is rolled back.
        if connection.execute("select to_regnamespace('rollout')").fetchone() == (None,):
            connection.execute("create schema rollout")
        for file in ("01_ground/names.sql", "10_programs/access.sql"):
            connection.execute(data_file(f"migrations/rules/{file}").read_text(encoding="utf-8"))
        (found,) = connection.execute("select rollout.access()").fetchone() or ([],)
        connection.rollback()
    return parse_list(AccessRight, found)


def adoption_notes(url: str) -> list[str]:
    """Return what an operator should know of an adopted database, each with what to type.

    Args:
        url: the connection string of a database with the present rules.

    Raises:
        psycopg.Error: the database can't be reached or read.
    """
    with connect_as_owner(url) as connection:
        (notes,) = connection.execute("select rollout.adoption_notes()").fetchone() or ([],)
    return [str(note) for note in notes]


def compare_decisions(url: str, feature: str) -> DecisionComparison:
    """Return for how many repositories each role is answered yes, now and by our decision (R1).

    Each role is asked in a transaction that is rolled back, since the host's function may write.

    Args:
        url: the connection string of a database with the present rules, of the owner of the functions.
        feature: the feature's name.

    Raises:
        psycopg.Error: the database can't be reached or refuses.
    """
    with connect_as_owner(url) as connection:
        (found,) = connection.execute("select rollout.compare_decisions(%s)", (feature,)).fetchone() or (None,)
        connection.rollback()
    return parse(DecisionComparison, found)


def choose_decision(url: str, choice: str, who: dict[str, Any]) -> DecisionChoice:
    """Choose whose decision the application gets (R11); every active configuration gets a history row.

    Args:
        url: the connection string, of the owner of the functions.
        choice: `host`, `readers` or `everyone`; see docs/coexistence.md.
        who: operator and host, for the history row.

    Raises:
        psycopg.Error: the database can't be reached or refuses.
    """
    with connect_as_owner(url) as connection:
        connection.execute("set local lock_timeout = '4s'")
        (made,) = connection.execute(
            "select rollout.decide_by(%s, context => %s::jsonb)", (choice, json.dumps(who))
        ).fetchone() or (None,)
        connection.execute("notify pgrst, 'reload schema'")
    return parse(DecisionChoice, made)
