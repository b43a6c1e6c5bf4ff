"""R10: what happened reaches each service once, whatever becomes of another service, the log or the network."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import Unreachable
from rollout_console.monitor import heartbeat
from rollout_console.monitor.alerts import Alerts
from rollout_console.monitor.heartbeat import Heartbeat
from rollout_console.monitor.loop import Monitor
from rollout_console.monitor.memory import Memory
from tests.support.monitors import monitor
from tests.support.receiver import alert_receiver
from tests.support.servers import free_port
from tests.support.swallow import swallowing
from tests.support.terminal import DASHBOARD, HAS_FULL_DISK, Terminal, run_command, start_command


@pytest.fixture(params=["embedded"])
def kind(request):
    """What is proved here does not depend on the adapter."""
    return request.param


@pytest.fixture
def env(console_env, tmp_path):
    return {**console_env, "ROLLOUT_HOME": str(tmp_path)}


@contextmanager
def broken_pipe():
    """A pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    try:
        yield write
    finally:
        os.close(write)


def once(env, *more):
    return run_command(env, "monitor", "--once", *more)


def test_a_broken_service_is_retried_alone_and_the_others_hear_of_it_once(rollout, env):
    with alert_receiver() as sound, alert_receiver() as hurt:
        env["ROLLOUT_ALERT_URLS"] = f"{hurt.url} {sound.url}"
        hurt.broken = True
        with monitor(env) as wait_for:
            wait_for("20 %  no jobs yet")
            rollout.client.emergency_stop("one event")
            wait_for("alert sent: alerts do not arrive to json (URL 2 of 2)")
            hurt.broken = False
            wait_for("alert sent: alerts arrive again to json (URL 2 of 2)")
        assert sound.titles == ["EMERGENCY STOP", "alerts do not arrive", "alerts arrive again"]
        assert "json (URL 1 of 2) takes no alerts" in sound.bodies[1]
        assert hurt.titles == ["EMERGENCY STOP"]
        assert once(env).returncode == 0
        assert (len(sound.titles), len(hurt.titles)) == (3, 1)


def test_a_trip_that_commits_late_is_alerted_and_so_is_a_kind_that_is_chosen_later(rollout, env):
    with alert_receiver() as receiver, psycopg.connect(rollout.url) as late:
        env["ROLLOUT_ALERT_URLS"] = receiver.url
        assert once(env, "--every", "1s").returncode == 0
        late.execute("select rollout_emergency_stop('late')")
        time.sleep(2.5)
        late.commit()
        assert once(env, "--every", "1s").returncode == 0
        assert receiver.titles == ["EMERGENCY STOP"]
        chosen = {**env, "ROLLOUT_ALERT_ON": "stop,raising"}
        time.sleep(2)
        assert once(chosen, "--every", "1s").returncode == 0
        assert receiver.titles == ["EMERGENCY STOP"], "what was raised before anybody wanted to hear of it is old"


def test_blindness_reaches_each_service_even_if_it_is_broken_at_first(rollout, env):
    blind = {**env, "ROLLOUT_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{free_port()}/postgres"}
    with alert_receiver() as sound, alert_receiver() as hurt:
        blind["ROLLOUT_ALERT_URLS"] = f"{hurt.url} {sound.url}"
        hurt.broken = True
        for _ in range(2):
            assert once(blind, "--every", "1s").returncode == 3
        assert (sound.titles, hurt.titles) == (["monitor is BLIND"], [])
        hurt.broken = False
        time.sleep(2)
        assert once(blind, "--every", "1s").returncode == 3
        assert (sound.titles, hurt.titles) == (["monitor is BLIND"], ["monitor is BLIND"])


@pytest.mark.parametrize("output", [pytest.param("full", marks=HAS_FULL_DISK), "closed", "latin", "none"])
def test_r13_a_log_that_cant_be_written_costs_neither_the_alert_nor_the_exit_status(rollout, env, output):
    rollout.client.disable_auto_rollback()
    rollout.report(good=5, bad=5)
    rollout.client.enable_auto_rollback()
    more = {"PYTHONIOENCODING": "latin-1"} if output == "latin" else {}
    with alert_receiver() as receiver:
        whole = {**env, **more, "ROLLOUT_ALERT_URLS": receiver.url}
        command = [sys.executable, "-m", "rollout_console", "monitor", "--once"]
        with open("/dev/full" if output == "full" else os.devnull, "w") as full, broken_pipe() as pipe:
            to = {"full": full, "closed": pipe}.get(output, subprocess.PIPE)
            if output == "none":
                command = ["sh", "-c", 'exec "$@" >&-', "sh", *command]
            done = subprocess.run(command, stdout=to, stderr=subprocess.PIPE, env=whole, timeout=60, check=False)
        if output == "latin":
            assert b"rollback: 20 % ? 0 %" in done.stdout
        assert done.returncode == 1
        assert b"Traceback" not in done.stderr
        assert receiver.titles == ["ROLLED BACK by itself"]


def test_r10_a_full_disk_costs_no_alert_that_the_monitor_keeps_itself(rollout, env, tmp_path):
    blind = {**env, "ROLLOUT_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{free_port()}/postgres"}
    with alert_receiver() as receiver, open(tmp_path / "log", "w") as log:
        blind["ROLLOUT_ALERT_URLS"] = receiver.url
        done = subprocess.run(
            ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", sys.executable, "-m", "rollout_console", "monitor", "--once",
             "--every", "1s"],
            stdout=log, stderr=subprocess.PIPE, env=blind, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, receiver.titles) == (3, ["monitor is BLIND"])
    assert b"Traceback" not in done.stderr


def test_a_folder_that_cant_be_looked_into_costs_no_alert_and_no_exit_status(rollout, env):
    env["ROLLOUT_HOME"] = "/" + "a" * 300  # keeps out root, too
    rollout.client.emergency_stop("smoke")
    with alert_receiver() as receiver:
        done = once({**env, "ROLLOUT_ALERT_URLS": receiver.url})
        assert (done.returncode, done.stderr, receiver.titles) == (0, "", ["EMERGENCY STOP"])


def test_what_follows_a_check_does_not_change_what_it_found(rollout, env):
    rollout.sql("alter table rollout.monitors add constraint refused check (every_seconds is null) not valid")
    try:
        done = once(env)
    finally:
        rollout.sql("alter table rollout.monitors drop constraint refused")
    assert done.returncode == 0
    assert "heartbeat failed: " in done.stdout


def test_a_heartbeat_is_requested_after_each_check_that_could_see(rollout, env):
    with alert_receiver() as receiver:
        url = f"http://127.0.0.1:{receiver.server_port}/secret-id"
        assert once(env, "--heartbeat", url).returncode == 0
        assert receiver.pings == 1
        receiver.broken = True
        done = once(env, "--heartbeat", url)
        assert (done.returncode, receiver.pings) == (0, 2)
        assert "the URL of --heartbeat answers 500" in done.stdout
        assert "secret-id" not in done.stdout + done.stderr
        blind = {**env, "ROLLOUT_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{free_port()}/postgres"}
        assert once(blind, "--heartbeat", url, "--every", "1s").returncode == 3
        assert receiver.pings == 2
    assert once(env, "--heartbeat", "ftp://x").returncode == 3


def test_a_heartbeat_that_is_answered_with_rubbish_ends_no_monitor_and_shows_no_url(rollout, env):
    with alert_receiver() as receiver:
        receiver.garbles = True
        for secret in ("secret-id", "secret id"):
            done = once(env, "--heartbeat", f"http://127.0.0.1:{receiver.server_port}/{secret}")
            assert (done.returncode, done.stderr) == (0, "")
            assert "heartbeat to its URL failed: the URL of --heartbeat can't be reached (" in done.stdout
            assert secret not in done.stdout
        assert receiver.pings == 1, "what has a blank is no URL, and is not requested"


def test_a_heartbeat_whose_answer_trickles_in_is_given_up_in_its_time(monkeypatch):
    monkeypatch.setattr(heartbeat, "LIMIT", 0.5)
    with alert_receiver() as receiver:
        receiver.trickles = True
        with pytest.raises(Unreachable, match=r"gives no answer within 0\.5 s; retry at the next check"):
            Heartbeat(f"http://127.0.0.1:{receiver.server_port}/id").send()
        receiver.trickles = False


def test_r18_a_server_that_swallows_what_it_is_sent_makes_the_monitor_blind_and_it_sees_again(rollout, env):
    url = rollout.environment["ROLLOUT_DATABASE_URL"]
    port = int(str(psycopg.conninfo.conninfo_to_dict(url)["port"]))
    with swallowing(port) as proxy:
        url = psycopg.conninfo.make_conninfo(url, port=proxy.port)
        with monitor({**env, "ROLLOUT_DATABASE_URL": url}, "--every", "30s") as wait_for:
            wait_for("20 %  no jobs yet")
            proxy.swallows = True
            wait_for("BLIND: ", seconds=60)
            proxy.swallows = False
            begun = time.monotonic()
            wait_for("20 %  no jobs yet", seconds=20)
            assert time.monotonic() - begun < 14  # 10 s, and what is under way


class LastLine:
    """A monitor's log with whose line of a check the database is lost; it keeps what could not be done."""

    def __init__(self, proxy):
        self.checked = lambda *_: proxy.close()
        self.failed = []

    def not_done(self, task, error):
        self.failed.append((task, type(error)))

    def __getattr__(self, name):
        return lambda *told: None


def test_r18_once_the_database_is_lost_no_further_task_waits_for_it_before_the_next_check(rollout):
    port = int(str(psycopg.conninfo.conninfo_to_dict(rollout.url)["port"]))
    with swallowing(port) as proxy:
        client = RolloutClient(PostgresAdapter(psycopg.conninfo.make_conninfo(rollout.url, port=proxy.port)))
        log: Any = LastLine(proxy)
        check = Monitor(client, 60, log, Alerts(client, [], [], Memory(Path("never written")))).check()
    assert (check.action, log.failed) == ("none", [("categorization", Unreachable)])


@pytest.mark.long
def test_r18_a_server_that_swallows_what_it_is_sent_makes_dashboard_and_toolbar_stale_and_they_recover(rollout, env):
    url = rollout.environment["ROLLOUT_DATABASE_URL"]
    port = int(str(psycopg.conninfo.conninfo_to_dict(url)["port"]))
    with swallowing(port) as proxy:
        there = {**env, "ROLLOUT_DATABASE_URL": psycopg.conninfo.make_conninfo(url, port=proxy.port)}
        screens = [Terminal(there, width=160, height=40, command=DASHBOARD), Terminal(there, width=160, height=40)]
        try:
            for screen in screens:
                screen.wait_for("20 %", seconds=30)
            proxy.swallows = True
            for screen in screens:
                screen.wait_for("STALE", seconds=30)
            rollout.client.set_rollout(21)
            proxy.swallows = False
            begun = time.monotonic()
            for screen in screens:
                screen.wait_for("21 %", seconds=20)
            assert time.monotonic() - begun < 14  # 10 s, and what is under way
        finally:
            for screen in screens:
                screen.close()


def test_r10_monitors_that_are_killed_lose_no_alert_and_send_one_again_at_most_for_each_kill(
    rollout, env, effort, tried
):
    """At any moment, with services of which one is sound, one refuses all, and others fail in each way now and then."""
    chance = random.Random(1)
    env["ROLLOUT_ALERT_ON"] = "notes"
    events = kills = 0
    with alert_receiver() as sound, alert_receiver() as broken, alert_receiver() as hanging:
        receivers = [sound, broken, hanging]
        refusing = f"json://127.0.0.1:{free_port()}/"
        env["ROLLOUT_ALERT_URLS"] = " ".join([refusing, *(receiver.url for receiver in receivers)])
        while kills < effort(3, 1000):
            rollout.client.note(f"event {events}.")
            events += 1
            broken.broken, broken.drops = chance.choice([(False, False), (True, False), (False, True)])
            hanging.hangs = chance.random() < effort(0, 0.2)
            together = [start_command(env, "monitor", "--once") for _ in range(effort(2, 4))]
            time.sleep(chance.uniform(0.3, effort(2.5, 1.5)))
            for victim in together[: chance.randint(1, len(together))]:
                kills += victim.poll() is None
                victim.kill()
            for each in together:
                each.wait(60)
            # The minute of a claim and the pause of a service are over.
            rollout.sql("update rollout.deliveries set claimed_until = now() where claimed_until is not null")
            rollout.sql("update rollout.receivers set next_try_at = now() where next_try_at is not null")
        broken.broken = broken.drops = hanging.hangs = False
        assert once(env).returncode == 0
        tried("kills of monitors, alerts counted at the receivers", kills)
        for receiver in receivers:
            told = [sum(f"event {event}." in body for body in receiver.bodies) for event in range(events)]
            assert 0 not in told, "none is lost"
            assert max(told) <= 1 + kills, "a monitor may be killed before it says what it has sent"


def test_verify_way_out_tries_what_a_stop_and_its_alerts_depend_on(rollout, env):
    rows = rollout.history_rows()
    with alert_receiver() as receiver:
        env["ROLLOUT_ALERT_URLS"] = receiver.url
        assert once(env).returncode == 0
        done = run_command(env, "verify", "--way-out")
        assert (done.returncode, done.stderr) == (0, "")
        assert "answers, and may stop" in done.stdout
        assert "json (URL 1 of 1) took a test message" in done.stdout
        assert "update public.rollout_configuration set emergency_stop = true" in done.stdout
        assert receiver.titles == ["test by tess"]
        receiver.broken = True
        rollout.client.disable_auto_rollback()
        done = run_command(env, "verify", "--way-out")
        assert done.returncode == 1
        assert "did not take a test message" in done.stdout
        assert "auto-rollback is off; type rollout-console enable-auto-rollback" in done.stdout
        rollout.client.enable_auto_rollback()
        rollout.client.configure(max_error_rate=100)
        done = run_command(env, "verify", "--way-out")
        assert "auto-rollback is on, but never acts" in done.stdout
    assert rollout.history_rows() == rows + 3
    assert not rollout.client.status().emergency_stop


def test_r17_status_says_who_watches_and_warns_where_something_waits_for_a_monitor(rollout, env):
    rollout.client.configure(auto_advance=True)
    status = rollout.client.status()
    assert (status.watch.checked_at, status.watch.is_watched) == (None, False)
    warning = next(w for w in status.warnings if w.name == "nobody_watches")
    assert warning.message.endswith("health was never checked; the ramp waits for one to go up by itself")
    rollout.sql("insert into rollout.receivers (feature_name, receiver, shown_as) select feature_name, 'a', 'json'"
                " from rollout_configuration")  # fmt: skip
    warning = next(w for w in rollout.client.status().warnings if w.name == "nobody_watches")
    assert warning.message.endswith("to go up by itself, and alerts wait for one")
    assert once(env).returncode == 0
    status = rollout.client.status()
    assert (status.watch.checked_by or "").startswith("monitor of tess@")
    assert "nobody_watches" not in [w.name for w in status.warnings]
    rollout.sql("update rollout.health_checks set checked_at = now() - interval '3 days' where true")
    message = next(w.message for w in rollout.client.status().warnings if w.name == "nobody_watches")
    assert "by monitor of tess@" in message
