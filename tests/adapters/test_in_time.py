"""PostgreSQL directly: who waits in an emergency waits no longer than was said, whatever takes its time (R18)."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.errors import Unreachable
from tests.support.rows import one_row
from tests.support.waiting import wait_until

SESSIONS = "select count(*) from pg_stat_activity where application_name = 'rollout-console' and datname = %s"


def test_r18_a_name_with_several_addresses_that_answer_nothing_takes_no_longer_than_one_of_them():
    with ExitStack() as servers:
        ports = [servers.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(4)]
        hosts, listed = ",".join(["127.0.0.1"] * len(ports)), ",".join(map(str, ports))
        adapter, begun = PostgresAdapter(f"postgresql://u@/d?host={hosts}&port={listed}"), time.monotonic()
        with pytest.raises(Unreachable, match="can't be reached"):
            adapter.read_row(1, "a_feature")
        assert time.monotonic() - begun < 4, "two seconds, libpq's shortest, for each of four"


def test_r18_a_name_lookup_that_hangs_is_left_and_the_connection_that_comes_late_is_closed(postgres15_url, monkeypatch):
    found, lookup = threading.Event(), socket.getaddrinfo

    def slow(*asked, **options):
        assert found.wait(60)
        return lookup("127.0.0.1", *asked[1:], **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    parts = conninfo_to_dict(postgres15_url)
    adapter = PostgresAdapter(make_conninfo(postgres15_url, host="db.example", hostaddr="", sslmode="disable"))
    with psycopg.connect(make_conninfo(postgres15_url, host="127.0.0.1"), autocommit=True) as observer:
        with pytest.raises(Unreachable, match="can't be reached"):
            adapter.read_row(0.5, "a_feature")
        (late,) = [thread for thread in threading.enumerate() if thread.name == "apart"]
        assert late.daemon, "it keeps no process from leaving"
        found.set()
        late.join(60)
        wait_until(lambda: one_row(observer.execute(SESSIONS, [parts["dbname"]])) == (0,))
