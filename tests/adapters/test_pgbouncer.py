"""A pooler in transaction mode: every command works through it, and nothing is set in the session that all share."""

from __future__ import annotations

import uuid
from typing import Any

import psycopg
import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import RolloutError
from tests.support import servers
from tests.support.changes import CHANGES, REPORTS
from tests.support.pgbouncer import pgbouncer, who_is_there
from tests.support.rollouts import OPERATOR, RolloutUnderTest

SEEN = """
    select current_setting('statement_timeout'), current_setting('rollout.change', true),
           current_setting('search_path'), (select count(*) from pg_prepared_statements)
"""


@pytest.fixture(scope="module")
def urls(postgres15_url):
    url = servers.create_database(postgres15_url, f"pooled_{uuid.uuid4().hex[:12]}")
    with pgbouncer(url) as through:
        yield url, through


@pytest.fixture
def pooled(urls):
    url, through = urls
    servers.empty(url)
    adapter = PostgresAdapter(through)
    client = RolloutClient(adapter, who=OPERATOR)
    client.create(10)
    rollout = RolloutUnderTest(client, url, "pooled")
    rollout.add_repositories(20)
    client.categorize_all()
    yield rollout
    adapter.close()


def session(urls) -> tuple[Any, ...]:
    """What the next client of the pooler finds in the one session behind it."""
    with psycopg.connect(urls[1], autocommit=True, prepare_threshold=None) as next_client:
        try:
            found = next_client.execute(SEEN).fetchone()
        except psycopg.errors.ProtocolViolation as error:
            pytest.fail(f"{error}\n{who_is_there(urls[1])}")
    assert found is not None
    return found


def test_through_a_pooler_every_command_works_and_sets_nothing_for_others(pooled, urls):
    was = ("0", "", session(urls)[2], 0)
    for name, change in CHANGES.items():
        change.prepare(pooled.client, pooled.sql)
        change.act(pooled.client)
        assert session(urls) == was, name
    for name, report in REPORTS.items():
        report(pooled.client)
        assert session(urls) == was, name


def test_through_a_pooler_every_text_arrives_as_it_was_typed(pooled):
    for text in ("it's 100 % of \\ and %(name)s", '"; drop table rollout_history; --', "$1 {} E'\\n' né 名 🚦"):
        assert pooled.client.note(text).change.reason == text


def test_through_a_pooler_a_call_ends_at_its_limit_and_the_next_works(pooled, urls, monkeypatch):
    pooled.sql(
        "create or replace function rollout_slow() returns jsonb language sql as 'select ''1''::jsonb from pg_sleep(5)'"
    )
    soon = "select set_config('statement_timeout', '50ms', true)"
    with monkeypatch.context() as limited:
        limited.setattr("rollout_console.connection.session.LIMIT_OF_TRANSACTION", soon)
        with pytest.raises(RolloutError):
            pooled.client.adapter.call("rollout_slow")
    assert session(urls)[0] == "0"
    assert pooled.client.status().rollout_percentage == 10
