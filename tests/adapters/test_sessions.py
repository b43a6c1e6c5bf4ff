"""PostgreSQL directly: what a role, a database or a pooler sets, who refuses a login, and who asks for a password."""

from __future__ import annotations

import queue
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from rollout_console.adapters import open_adapter
from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.client.job_report import JobReport
from rollout_console.errors import BadCredentials, NotConfigured, RolloutError
from rollout_console.migrate import apply
from rollout_console.protection import Protection
from rollout_console.refresh import Refresher
from rollout_console.settings import Settings
from tests.support import ROOT, servers
from tests.support.pgbouncer import pgbouncer
from tests.support.rollouts import OPERATOR
from tests.support.rows import one_row
from tests.support.waiting import wait_until

ODD = {  # of a database: each has changed what a command did, or could
    "search_path": "app, extensions",
    "client_encoding": "LATIN1",
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "standard_conforming_strings": "off",
    "default_transaction_isolation": "serializable",
}
SEEN = [name for name in ODD if name not in ("search_path", "client_encoding")]


@pytest.fixture(scope="module")
def odd_url(postgres15_url):
    """A database that sets what is odd, migrated under those settings."""
    name = f"odd_{uuid.uuid4().hex[:12]}"
    url = servers.create_database(postgres15_url, name, migrated=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create schema app")
        for setting, value in ODD.items():
            connection.execute(f'alter database "{name}" set {setting} = {value}')
    apply(url)
    return url


@contextmanager
def client_of(url: str) -> Iterator[RolloutClient]:
    with RolloutClient(PostgresAdapter(url), who=OPERATOR) as client:
        yield client


def walk(client: RolloutClient, url: str) -> None:
    """Operate a rollout with reports, and with text that no other encoding holds."""
    servers.empty(url)
    client.create(10)
    with psycopg.connect(url, autocommit=True) as connection:
        (repository,) = connection.execute(
            "insert into public.repositories (github_id, owner, name, full_name)"
            " values (1, 'acme', 'a', 'acme/a') returning id::text"
        ).fetchone() or ("",)
    client.categorize_all()
    failed = "http 503 at 10:15, job 1f2e3d4c in /var/x"
    client.record_jobs([JobReport(processor="inngest", success=False, repo_id=repository, error_message=failed)])
    client.set_plan(window="mon-fri 08:00-18:00 UTC")
    client.hold("frozen", until="2099-01-02")
    assert client.emergency_stop("errors – 5 % 🚦 it's \\ here").changed
    assert client.status().emergency_stop_reason == "errors – 5 % 🚦 it's \\ here"
    assert client.errors().kinds[0].kind == "http 503 at <n>, job <id> in <path>"
    assert client.history(5).entries


def test_a_command_is_right_whatever_the_database_sets(odd_url, monkeypatch):
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with client_of(odd_url) as client:
        walk(client, odd_url)


def test_through_a_pooler_too_and_it_leaves_nothing_behind(odd_url):
    asked = "select " + ", ".join(f"current_setting('{name}')" for name in SEEN)
    with pgbouncer(odd_url) as through, client_of(through) as client:
        walk(client, odd_url)
        client.adapter.pause(0.01)
        assert not client.adapter.listens
        with psycopg.connect(through, autocommit=True, prepare_threshold=None) as stranger:
            assert stranger.execute(asked).fetchone() == ("German, DMY", "sql_standard", "off", "serializable")
            assert stranger.execute("select pg_listening_channels()").fetchall() == []


def test_what_another_transaction_overtakes_is_sent_again(postgres15_url):
    url = servers.create_database(postgres15_url, f"overtaken_{uuid.uuid4().hex[:12]}", migrated=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("""
            create sequence sendings;
            create function rollout_overtaken(code text, times integer) returns jsonb language plpgsql as $$
            begin
                if nextval('sendings') <= times then
                    raise exception 'could not serialize access' using errcode = code;
                end if;
                return '"done"';
            end $$""")
    adapter = PostgresAdapter(url)
    for code in ("40001", "40P01"):
        assert adapter.call("rollout_overtaken", idempotent=True, code=code, times=2) == "done"
        adapter.call("rollout_overtaken", code=code, times=0)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("alter sequence sendings restart")
        with pytest.raises(RolloutError, match="another change was made meanwhile"):
            adapter.call("rollout_overtaken", code=code, times=1)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("alter sequence sendings restart")
    adapter.close()


def test_a_database_that_cannot_hold_every_text_is_refused_before_anything_is_made(postgres15_url):
    name = f"latin_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres15_url, autocommit=True) as connection:
        connection.execute(f"create database \"{name}\" encoding 'LATIN1' locale 'C' template template0")
    with pytest.raises(NotConfigured, match=r"is encoded in LATIN1.*encoding 'UTF8' template template0"):
        apply(servers.with_database(postgres15_url, name))


def test_the_target_is_where_the_connection_led(postgres15_url, odd_url, tmp_path, monkeypatch):
    parts = psycopg.conninfo.conninfo_to_dict(odd_url)
    (tmp_path / "services").write_text(
        f"[prod]\nhost=127.0.0.1\nport={parts['port']}\nuser=postgres\ndbname={parts['dbname']}\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    for read_only in (False, True):
        settings = Settings(
            feature="a", home=tmp_path, database_url="service=prod", protection=Protection(read_only_session=read_only)
        )
        adapter = open_adapter(settings)
        assert adapter.target.place == "service prod"
        adapter.call("rollout_schema_version", changes=False)
        assert (adapter.target.place, adapter.target.read_only) == (f"127.0.0.1/{parts['dbname']}", read_only)
        adapter.close()


def sessions_of(observer: psycopg.Connection[Any]) -> int:
    """How many there are of consoles."""
    counted = "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'rollout-console'"
    return int(one_row(observer.execute(counted))[0])


def test_a_thread_that_ends_leaves_no_session_behind(odd_url):
    """A pooler in session mode has 15 for all."""
    servers.empty(odd_url)
    with client_of(odd_url) as client, psycopg.connect(odd_url, autocommit=True) as observer:
        client.create(10)
        wait_until(lambda: sessions_of(observer) == 1)
        for _ in range(3):
            threads = [threading.Thread(target=client.status) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        wait_until(lambda: sessions_of(observer) == 1)
        assert client.status().rollout_percentage == 10


def test_a_target_that_is_left_is_not_connected_to_again(odd_url):
    servers.empty(odd_url)
    with client_of(odd_url) as client, psycopg.connect(odd_url, autocommit=True) as observer:
        client.create(10)
        wait_until(lambda: sessions_of(observer) == 1)
        seen = threading.Semaphore(0)
        refresher = Refresher(client.status, 60, seen.release, wait=client.listener)
        refresher.start()
        assert seen.acquire(timeout=10)
        wait_until(lambda: sessions_of(observer) == 3)
        time.sleep(0.2)  # it listens
        threads = [thread for thread in threading.enumerate() if thread.name in ("refresher", "listener")]
        refresher.stop()
        client.close()
        for thread in threads:
            thread.join(timeout=10)
            assert not thread.is_alive(), thread.name
        wait_until(lambda: sessions_of(observer) == 0)


def test_close_and_the_end_of_a_thread_do_not_meet(odd_url):
    with client_of(odd_url) as client:
        adapter = client.adapter
        assert isinstance(adapter, PostgresAdapter)
        client.status()
        lost = adapter._connection
        assert lost is not None
        lost.close()
        adapter._opened.remove(lost)  # as `close`, in another thread, does
        adapter._forget()
        assert client.status().rollout_percentage == 10


# Threads that call all the time, while another one closes.
CALLED_AND_CLOSED = """
import random, sys, threading, time
from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.errors import Unreachable

adapter, over, chance = PostgresAdapter(sys.argv[1]), threading.Event(), random.Random(1)

def call():
    while not over.is_set():
        try:
            adapter.call("rollout_features", changes=False)
        except Unreachable:
            pass

callers = [threading.Thread(target=call) for _ in range(4)]
for caller in callers:
    caller.start()
for _ in range(20):
    time.sleep(chance.uniform(0.02, 0.2))
    adapter.close()
over.set()
for caller in callers:
    caller.join()
adapter.call("rollout_features", changes=False)
print("it opens again")
"""


def test_close_beside_the_calls_of_other_threads_ends_calls_and_no_process(odd_url):
    command = [sys.executable, "-X", "faulthandler", "-c", CALLED_AND_CLOSED, odd_url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "it opens again\n", "")


def test_close_leaves_a_connection_to_the_thread_that_does_not_let_go_of_it(odd_url):
    servers.empty(odd_url)
    with client_of(odd_url) as client:
        client.create(10)
        assert isinstance(client.adapter, PostgresAdapter)
        used = client.adapter._connection
        assert used is not None
        with used.lock:  # as while it reads
            client.close()
            assert not used.closed
        assert client.status().rollout_percentage == 10
        assert client.adapter._connection is not used
        used.close()


def test_a_call_while_no_thread_can_be_started_is_made_all_the_same(odd_url, monkeypatch):
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")  # as Python 3.12 does in atexit

    servers.empty(odd_url)
    with client_of(odd_url) as client, monkeypatch.context() as while_it_ends:
        while_it_ends.setattr(threading.Thread, "start", refuse)
        assert client.create(10).status.rollout_percentage == 10


class Listener:
    """A server that takes the start of each session and answers with one message.

    Attributes:
        logins: how many clients came.
        sent: what each of them sent after the answer.
    """

    def __init__(self, answer: bytes) -> None:
        self.logins = 0
        self.sent: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client:
                client.settimeout(5)
                start = client.recv(1024)
                if start[4:8] == struct.pack("!I", 80877103):  # asks for TLS
                    client.sendall(b"N")
                    start = client.recv(1024)
                self.logins += 1
                if start:
                    client.sendall(self._answer)
                self.sent.put(client.recv(1024))

    def close(self) -> None:
        self._socket.close()


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


@pytest.fixture
def refusing() -> Iterator[Listener]:
    fields = b'SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "u"\0\0'
    listener = Listener(message(b"E", fields))
    yield listener
    listener.close()


def test_no_loop_tries_a_refused_login_again(refusing):
    """Ten wrong passwords in 150 s shut Supabase's pooler for two minutes."""
    url = f"postgresql://u:hidden@127.0.0.1:{refusing.port}/d"
    with client_of(url) as client:
        seen = threading.Semaphore(0)
        refresher = Refresher(client.status, 0.01, seen.release, longest=0.01)
        refresher.start()
        assert all(seen.acquire(timeout=5) for _ in range(5))
        refresher.stop()
        assert refresher.snapshot.problem is not None
        assert "hidden" not in refresher.snapshot.problem
        assert refusing.logins == 1
        with pytest.raises(BadCredentials, match="not paused") as caught:
            client.emergency_stop("asked for by somebody")
        assert caught.value.by_hand
        assert refusing.logins == 4, "by the function, by the row, and to read back"


@pytest.mark.parametrize("more", ["", "&sslmode=disable"])
def test_a_password_is_sent_to_no_stranger_that_asks_for_it(more):
    listener = Listener(message(b"R", struct.pack("!I", 3)))  # wants it in clear text
    url = f"postgresql://u:hidden@db.example:{listener.port}/d?hostaddr=127.0.0.1{more}"
    with client_of(url) as client, pytest.raises(NotConfigured, match="add sslmode=disable"):
        client.status()
    assert listener.sent.get(timeout=5) == b""
    listener.close()


def test_the_login_for_emergencies_stops_on_each_route(odd_url):
    """As docs/supabase.md has it: the setting of the role holds where a pooler drops or refuses `options`."""
    name = f"operator_{uuid.uuid4().hex[:8]}"
    page = (ROOT / "docs/supabase.md").read_text(encoding="utf-8")
    create, alter = re.findall(r"^(?:create|alter) role rollout_operator .*;$", page, re.MULTILINE)
    with psycopg.connect(odd_url, autocommit=True) as connection:
        for statement in (create, alter):
            connection.execute(statement.replace("rollout_operator", name))
    servers.empty(odd_url)
    with client_of(odd_url) as owner:
        owner.create(10)
        direct = make_conninfo(odd_url, user=name)
        with pgbouncer(direct) as through:
            for url in (direct, through):
                with client_of(url) as client:
                    stopped = client.emergency_stop("at night")
                assert stopped.changed
                owner.status()
                owner.resume()
    with psycopg.connect(odd_url) as connection:
        roles = (
            "select distinct metadata ->> 'database_role' from public.rollout_history where action = 'emergency_stop'"
        )
        assert connection.execute(roles).fetchall() == [("service_role",)]
