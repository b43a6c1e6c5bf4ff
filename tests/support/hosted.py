"""A server laid out as a hosted Supabase project: `postgres`, who migrates, is no superuser, and nobody else is."""

from __future__ import annotations

from pathlib import Path

import psycopg

from rollout_console.adapters.embedded.cluster import ROLES
from rollout_console.adapters.embedded.cluster import SUPERUSER as SUPERUSER

REST = Path(__file__).with_name("hosted.sql")

# Until 30 October 2026 the API's roles got everything on whatever `postgres` made in public: what one of them must not
# have, a migration had to take away. A project that was made before keeps that for what it had.
BEFORE_OCTOBER_2026 = "".join(
    f"alter default privileges for role postgres in schema public grant all on {kind} to anon, authenticated, service_role;"
    for kind in ("tables", "functions", "sequences")
)

# Databases of the tests are copies of these, made by `postgres`, who owns them then. A project's database, and so its
# schema public, is not his.
TEMPLATE = "hosted"
TEMPLATE_BEFORE = "hosted_before_october_2026"
TEMPLATES = (TEMPLATE, TEMPLATE_BEFORE)


def lay_out(url: str) -> None:
    """Make roles, rights and templates on a new server, and switch the superuser's login off.

    Args:
        url: the superuser's, of the database `postgres`.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ROLES.read_text(encoding="utf-8"))
        connection.execute(REST.read_text(encoding="utf-8"))
        connection.execute(f"alter schema public owner to {SUPERUSER}")
    with psycopg.connect(url, dbname="template1", autocommit=True) as connection:
        for template in TEMPLATES:
            connection.execute(f"create database {template} template postgres is_template true")
    with psycopg.connect(url, dbname=TEMPLATE_BEFORE, autocommit=True) as connection:
        connection.execute(BEFORE_OCTOBER_2026)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"alter role {SUPERUSER} nologin")
