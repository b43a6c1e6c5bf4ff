"""A change is heard of as it commits, and asked for every few seconds where that does not work."""

from __future__ import annotations

import json
import threading
import time
import uuid
from typing import Any

import psycopg
import pytest

from rollout_console.adapters import base
from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.refresh import Wait
from tests.support import servers
from tests.support.rollouts import OPERATOR
from tests.support.rows import one_row


def changed_later(client: RolloutClient, url: str, newest: str | None, wait: Wait | None = None) -> str | None:
    """Wait for a change that another session makes in the middle of the wait."""
    other = RolloutClient(PostgresAdapter(url), who=OPERATOR)
    timer = threading.Timer(0.5, other.note, ("seen",))
    timer.start()
    try:
        return wait(newest, 60, lambda: False) if wait else client.wait_for_change(newest, 60)
    finally:
        timer.join()
        other.close()


def test_a_wait_ends_with_the_change(rollout):
    newest = rollout.client.wait_for_change(None, 60)
    assert newest == rollout.client.history(1).entries[0].id
    assert rollout.client.wait_for_change(newest, 0) == newest
    found = changed_later(rollout.client, rollout.url, newest)
    assert found == rollout.client.history(1).entries[0].id != newest


def test_each_row_notifies_with_its_feature_and_id_when_it_commits(rollout):
    with psycopg.connect(rollout.url, autocommit=True) as listener:
        listener.execute("listen rollout_history")
        change = rollout.client.note("seen").change
        told = [json.loads(n.payload) for n in listener.notifies(timeout=5, stop_after=1)]
    assert told == [{"id": change.id, "feature": rollout.client.feature}]


@pytest.mark.parametrize("kind", ["embedded", "postgres15"])
def test_a_listener_hears_and_does_not_ask(rollout, monkeypatch):
    """Of an idle dashboard the database sees one statement at each refresh, and hardly any other."""
    asked: list[str] = []
    call = PostgresAdapter.call

    def counted(self: PostgresAdapter, function: str, **more: Any) -> Any:
        asked.append(function)
        return call(self, function, **more)

    monkeypatch.setattr(PostgresAdapter, "call", counted)
    listen = rollout.client.listener
    newest = listen(None, 60, lambda: False)
    assert listen(newest, 5, lambda: False) == newest
    assert len(asked) <= 4  # as it begins to listen, after that, and as the time is up
    assert changed_later(rollout.client, rollout.url, newest, listen) != newest


@pytest.mark.parametrize("kind", ["postgres15"])
def test_where_listening_fails_it_is_asked_for(rollout, monkeypatch):
    """As behind a pooler, which takes `listen` and keeps silent."""
    monkeypatch.setattr("rollout_console.adapters.postgres.CHANNEL", "nobody_notifies_here")
    newest = rollout.client.wait_for_change(None, 60)
    adapter = PostgresAdapter(rollout.url)
    assert changed_later(RolloutClient(adapter, who=OPERATOR), rollout.url, newest) != newest
    adapter.close()


def test_listening_survives_a_restart_of_the_server(monkeypatch):
    monkeypatch.setattr(base, "POLL", 0.5)
    with servers.cluster() as server:
        url = servers.create_database(server.url, f"restart_{uuid.uuid4().hex[:8]}")
        client = RolloutClient(PostgresAdapter(url), who=OPERATOR)
        client.create()
        newest = client.wait_for_change(None, 60)

        def restart() -> None:
            with servers.outage(server):
                pass
            time.sleep(1.5)
            client_after = RolloutClient(PostgresAdapter(url), who=OPERATOR)
            client_after.note("after the restart")
            client_after.close()

        thread = threading.Timer(0.5, restart)
        thread.start()
        found = newest
        deadline = time.monotonic() + 60
        while found == newest and time.monotonic() < deadline:
            try:
                found = client.wait_for_change(newest, 60)
            except Exception:  # away for a moment, as the caller's next attempt finds out
                time.sleep(0.1)
        thread.join()
        assert found == client.history(1).entries[0].id != newest
        client.close()


ASKED_AGAIN_AND_AGAIN = {
    "newest change": "select rollout_newest_change()",
    "alerts": "select rollout_claim_alerts(array['trip', 'settings'])",
}


@pytest.mark.parametrize("asked", ASKED_AGAIN_AND_AGAIN)
def test_whoever_asks_again_and_again_reads_no_more_of_a_long_history(rollout, asked):
    read = (  # what an index finds is counted as read of the index
        "select sum(pg_stat_get_xact_tuples_returned(t.oid) + pg_stat_get_xact_tuples_fetched(t.oid))"
        " from pg_class t left join pg_index i on i.indexrelid = t.oid"
        " where 'rollout_history'::regclass in (t.oid, i.indrelid)"
    )
    with psycopg.connect(rollout.url) as session:
        session.execute("set local session_replication_role = replica")  # history dates each row itself
        session.execute(
            "insert into rollout_history (rollout_config_id, action, metadata, created_at)"
            """ select id, 'updated', '{"before": {}, "after": {}, "details": {}, "command": "configure"}',"""
            " now() - n * interval '1 day' from rollout_configuration, generate_series(31, 2000) n"
        )
        if asked == "newest change":  # of alerts each such row is read once, and then no more
            session.execute(
                "insert into rollout_history (rollout_config_id, action, metadata, created_at)"
                """ select id, 'categorized', '{"before": {}, "after": {"transitions": []}, "details": {}}',"""
                " now() + n * interval '1 ms' from rollout_configuration, generate_series(1, 2000) n"
            )
        session.execute("set local session_replication_role = origin; analyze rollout_history")
        (before,) = one_row(session.execute(read))
        session.execute(ASKED_AGAIN_AND_AGAIN[asked])
        (after,) = one_row(session.execute(read))
        session.rollback()
    assert after - before < 100
