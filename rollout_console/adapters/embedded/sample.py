"""Migrates the embedded database, and loads the sample data into an empty one."""

from __future__ import annotations

from pathlib import Path

from rollout_console.errors import RolloutError

SAMPLE = Path(__file__).with_name("sample.sql")


def bring_up_to_date(url: str) -> None:
    """Apply what is pending, and load the samples if there are no repositories.

    Args:
        url: the connection string of the embedded database.

    Raises:
        RolloutError: either failed; the message also says how to begin afresh.
    """
    import psycopg

    from rollout_console.adapters.postgres import translate
    from rollout_console.migrate import apply, pending

    try:
        if pending(url).parts:
            apply(url)
        with psycopg.connect(url) as connection:
            # One console at a time decides whether this is the first start.
            connection.execute("select pg_advisory_xact_lock(hashtextextended('rollout:sample', 0))")
            row = connection.execute("select exists (select from repositories)").fetchone()
            if row is not None and not row[0]:
                connection.execute(SAMPLE.read_text(encoding="utf-8"))
    except psycopg.Error as error:
        raise translate(error) from error
    except RolloutError as error:
        raise type(error)(f"{error} (or begin afresh: rollout-console --reset-demo)") from error
