"""One command is one statement to the database: counted in the server's own log."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from tests.support import servers
from tests.support.changes import CHANGES, REPORTS
from tests.support.rows import one_row

HALTING = {"emergencyStop", "rollbackToZero"}  # is made, read back, and then the status is asked for (R18)


@pytest.fixture
def server():
    with servers.cluster(durable=False, settings={"log_statement": "all"}) as cluster:
        yield cluster.url


@pytest.fixture
def logged(server):
    """A client, and a function that tells which statements the server has seen from it since the last call."""
    url = servers.create_database(server, "logged")
    with psycopg.connect(url) as connection:
        folder = one_row(connection.execute("show data_directory"))
    log = Path(folder[0]).parent / "log"
    read = 0

    def statements() -> list[str]:
        nonlocal read
        text = log.read_text(errors="replace")
        new, read = text[read:], len(text)
        return [line for line in new.splitlines() if line.startswith("logged/rollout-console/LOG:")]

    client = RolloutClient(PostgresAdapter(url))
    client.create(10)
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into repositories (github_id, full_name, owner, name)"
            " select n, 'acme/repo-' || n, 'acme', 'repo-' || n from generate_series(1, 20) n"
        )
    statements()
    yield client, statements
    client.adapter.close()


@pytest.mark.large
def test_one_command_is_one_statement(logged):
    client, statements = logged
    for name, run in [*REPORTS.items(), *((name, change.act) for name, change in CHANGES.items())]:
        run(client)
        seen = statements()
        assert len(seen) == (3 if name in HALTING else 1), (name, seen)
        assert "select " in seen[0]
        assert '"rollout_' in seen[0]
