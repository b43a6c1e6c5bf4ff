"""`rollout-console migrate`: shows or applies what the database lacks."""

from __future__ import annotations

import argparse

from rollout_console.errors import NotConfigured
from rollout_console.migrate import apply_one_by_one, migrations, pending
from rollout_console.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--status", action="store_true", help="list every migration and whether it is applied")
    parser.add_argument(
        "--dry-run", action="store_true", help="print the SQL that would be applied, and change nothing"
    )


def main(args: argparse.Namespace) -> int:
    """Show or apply the pending migrations; each is committed by itself."""
    import psycopg

    from rollout_console.doors.postgres import translate

    url = database_url(Settings.from_environment())
    try:
        if args.status:
            return _status(url)
        if args.dry_run:
            return _dry_run(url)
        applied = 0
        for migration in apply_one_by_one(url):
            print(f"applied {migration.version}_{migration.name}")
            applied += 1
    except psycopg.Error as error:
        raise translate(error) from error
    print(f"{applied} applied" if applied else "nothing to do: the database is up to date")
    return 0


def database_url(settings: Settings) -> str:
    """Return where to apply migrations: a database URL, or the embedded database if nothing else is set.

    Raises:
        NotConfigured: only an API is configured, which can't change the schema.
    """
    if settings.database_url:
        return settings.database_url
    if settings.supabase_url:
        raise NotConfigured(
            "migrations need the database itself: set SUPABASE_DB_URL to the project's connection string, "
            "or copy migrations/ to supabase/migrations/ and type: supabase db push"
        )
    from rollout_console.doors.embedded import EmbeddedDoor

    return EmbeddedDoor(settings.home).url()


def _status(url: str) -> int:
    waiting = {migration.version for migration in pending(url)}
    for migration in migrations():
        state = "pending" if migration.version in waiting else "applied"
        print(f"{state}  {migration.version}_{migration.name}")
    return 0


def _dry_run(url: str) -> int:
    waiting = pending(url)
    for migration in waiting:
        print(f"-- {migration.version}_{migration.name}\n{migration.sql}")
    print(f"-- {len(waiting)} migrations would be applied; nothing was changed")
    return 0
