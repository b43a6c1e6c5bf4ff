"""After Ctrl-C, or a signal to the monitor, nothing of the command that was interrupted is left."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import threading
import time

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import Interrupted
from rollout_console.render.live import Lines, watch
from rollout_console.results import Stop
from tests.support.rollouts import OPERATOR
from tests.support.swallow import swallowing
from tests.support.waiting import wait_until

SESSION = "select pid from pg_stat_activity where application_name = 'rollout-console' and datname = current_database()"
WAITING = "select from pg_stat_activity where query like '%rollout_status%' and wait_event_type = 'Lock'"


@pytest.mark.parametrize("kind", ["embedded", "postgres15"], indirect=True)
def test_an_interrupted_command_changes_nothing_and_the_next_one_has_a_session_of_its_own(rollout):
    rollout.client.set_rollout(20)
    session = rollout.value(SESSION)
    with psycopg.connect(rollout.url) as other:
        other.execute("lock table rollout_configuration")
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            rollout.client.set_rollout(30)
    assert rollout.client.set_rollout(40).status.rollout_percentage == 40
    wait_until(lambda: (session,) not in rollout.sql(SESSION))
    assert rollout.sql(SESSION)
    assert [entry.new_percentage for entry in rollout.client.history(2).entries] == [40, 20]


# Presses Ctrl-C at every hundredth import that looking at the status takes.
WHILE_IMPORTING = """
import io, itertools, os, signal, sys
from rollout_console import connect
from rollout_console.render.live import Lines, watch
from rollout_console.results import Stop

imports, looks = itertools.count(1), 0
client = connect()
sys.addaudithook(lambda event, _: event == "import" and next(imports) % 29 == 0 and os.kill(os.getpid(), signal.SIGINT))
seen = None
while seen is None:
    try:
        seen, looks = watch(client, Lines(io.StringIO()), 0.5, lambda status: None, times=1), looks + 1
    except KeyboardInterrupt:  # pressed just before, or just after
        pass
print(seen.rollout_percentage, looks > 3)
"""


@pytest.mark.parametrize("kind", ["supabase"], indirect=True)
def test_r13_ctrl_c_while_libraries_are_imported_leaves_them_usable(rollout, console_env):
    rollout.client.set_rollout(20)
    command = [sys.executable, "-c", WHILE_IMPORTING]
    done = subprocess.run(command, env=console_env, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("20 True\n", "")


@pytest.mark.parametrize("kind", ["supabase"], indirect=True)
def test_r13_no_ctrl_c_is_lost_while_the_status_is_watched_over_the_api(rollout, effort, tried, monkeypatch):
    monkeypatch.setattr("rollout_console.render.live.time.sleep", lambda _: None)  # each look is under way at once
    chance, looks, presses = random.Random(1), 100, effort(30, 2000)
    for _ in range(presses):
        seen: list[object] = []
        press = threading.Timer(chance.uniform(0.02, 0.06), os.kill, (os.getpid(), signal.SIGINT))
        press.start()
        watch(rollout.client, Lines(io.StringIO()), 0.5, seen.append, times=looks)
        press.join()  # it has pressed, and may not have ended yet
        assert len(seen) < looks
    tried("Ctrl-C while the status is watched", presses)


@pytest.mark.parametrize("kind", ["postgres15"], indirect=True)
def test_r18_ctrl_c_while_the_status_after_a_stop_is_read_leaves_a_stop_that_is_said_to_be_made(rollout):
    rollout.client.set_rollout(20)
    with psycopg.connect(rollout.url, autocommit=True) as observer, psycopg.connect(rollout.url) as other:
        other.execute("lock table rollout_metrics, rollout.counts")  # which the status reads, and a stop does not

        def press_once_it_waits() -> None:
            wait_until(lambda: observer.execute(WAITING).fetchone() is not None)
            os.kill(os.getpid(), signal.SIGINT)

        hand = threading.Thread(target=press_once_it_waits)
        hand.start()
        stopped = rollout.client.emergency_stop("errors")
        hand.join()
    assert isinstance(stopped, Stop)
    assert stopped.emergency_stop
    assert stopped.not_shown == ["its status was not waited for; to see it, type rollout.status()"]


@pytest.mark.parametrize("kind", ["postgres15"], indirect=True)
@pytest.mark.parametrize("act", [lambda client: client.set_rollout(30), lambda client: client.emergency_stop("x")])
def test_r13_ctrl_c_leaves_a_frozen_server_and_says_nothing_of_how(rollout, act, capfd):
    parts = conninfo_to_dict(rollout.url)
    with swallowing(int(str(parts["port"]))) as proxy:
        url = make_conninfo(rollout.url, host="127.0.0.1", port=proxy.port)
        with RolloutClient(PostgresAdapter(url), who=OPERATOR) as client:
            client.status()
            proxy.swallows = True
            begun = time.monotonic()
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
            with pytest.raises((KeyboardInterrupt, Interrupted)):
                act(client)
            assert time.monotonic() - begun < 5, "not as long as the statement may take"
    assert capfd.readouterr().err == ""
