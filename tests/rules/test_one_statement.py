"""One command is one statement to the database: counted in the server's own log."""

from __future__ import annotations

import uuid
from pathlib import Path

import psycopg
import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from tests.support import servers
from tests.support.rows import one_row


@pytest.fixture
def logged(postgres15_url):
    """A client, and a function that tells which statements the server has seen from it since the last call."""
    name = f"logged_{uuid.uuid4().hex[:12]}"
    url = servers.create_database(postgres15_url, name)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"alter database {name} set log_statement = 'all'")
        folder = one_row(connection.execute("show data_directory"))
    log = Path(folder[0]).parent / "log"
    read = 0

    def statements() -> list[str]:
        nonlocal read
        text = log.read_text(errors="replace")
        new, read = text[read:], len(text)
        return [line for line in new.splitlines() if line.startswith(f"{name}/rollout-console/LOG:")]

    client = RolloutClient(PostgresAdapter(url))
    client.create(10)
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into repositories (github_id, full_name, owner, name)"
            " select n, 'a/' || n, 'a', n::text from generate_series(1, 20) n"
        )
    statements()
    yield client, statements
    client.adapter.close()


COMMANDS = {
    "status": lambda c: c.status(),
    "stats": lambda c: c.stats(),
    "categories": lambda c: c.categories(),
    "showMetrics": lambda c: c.show_metrics(),
    "checkHealth": lambda c: c.check_health(),
    "setRollout": lambda c: c.set_rollout(20),
    "emergencyStop": lambda c: c.emergency_stop("x"),
    "resume": lambda c: c.resume(5),
    "addToWhitelist": lambda c: c.add_to_whitelist(["a/1", "a/2"]),
    "removeFromWhitelist": lambda c: c.remove_from_whitelist("a/1"),
    "showWhitelist": lambda c: c.show_whitelist(),
    "markAsTest": lambda c: c.mark_as_test("a/3"),
    "unmarkAsTest": lambda c: c.unmark_as_test("a/3"),
    "categorizeAll of one batch": lambda c: c.categorize_all(),
    "enableAutoRollback": lambda c: c.enable_auto_rollback(),
    "disableAutoRollback": lambda c: c.disable_auto_rollback(),
    "rollbackToPercentage": lambda c: c.rollback_to_percentage(1),
    "rollbackToZero": lambda c: c.rollback_to_zero(),
    "history": lambda c: c.history(),
    "preview": lambda c: c.preview(50),
    "explain": lambda c: c.explain("a/4"),
    "phases": lambda c: c.phases(),
}


def test_one_command_is_one_statement(logged):
    client, statements = logged
    for command, run in COMMANDS.items():
        run(client)
        seen = statements()
        assert len(seen) == 1, (command, seen)
        assert "select " in seen[0]
        assert '"rollout_' in seen[0]
