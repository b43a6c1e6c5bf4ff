"""`rollout-console monitor`: R7 and R8 on an interval, exit statuses for cron, and each alert once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.support import servers
from tests.support.monitors import monitor
from tests.support.receiver import Receiver, alert_receiver
from tests.support.terminal import console_environment, run_command
from tests.support.within import run_within


@pytest.fixture
def watched(rollout, console_env):
    """A rollout at 20 % that a monitor may be started on."""
    return console_env


def once(env, *more):
    return run_command(env, "monitor", "--once", *more)


def test_once_is_0_while_there_is_no_breach(rollout, watched):
    assert once(watched).returncode == 0
    rollout.report(good=20, bad=1)
    done = once(watched)
    assert (done.returncode, done.stderr) == (0, "")
    assert "20 %  healthy: 4.76 % errors (1 of 21 jobs" in done.stdout


def test_r8_once_is_1_when_a_breach_was_rolled_back_whoever_did_it(rollout, watched):
    rollout.client.disable_auto_rollback()
    rollout.report(good=5, bad=5)
    rollout.client.enable_auto_rollback()
    done = once(watched)
    assert done.returncode == 1
    assert "ROLLED BACK to 0 %" in done.stdout
    assert rollout.client.status().rollout_percentage == 0
    assert once(watched).returncode == 1  # still in breach, and rolled back


def test_once_is_2_when_auto_rollback_is_off(rollout, watched):
    rollout.client.disable_auto_rollback()
    rollout.report(good=5, bad=5)
    done = once(watched)
    assert done.returncode == 2
    assert "auto-rollback is OFF: nothing was done" in done.stdout
    assert "to act: rollout-console rollback-to-zero" in done.stdout, "the log is read in a shell"
    assert rollout.client.status().rollout_percentage == 20


def test_once_is_3_when_it_could_not_check(tmp_path, kind):
    closed = servers.free_port()
    where = {"SUPABASE_URL": f"http://127.0.0.1:{closed}", "SUPABASE_SECRET_KEY": "sb_secret_x"}
    if kind != "supabase":
        where = {"ROLLOUT_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{closed}/postgres"}
    done = once(console_environment(tmp_path, **where), "--every", "1s")
    assert done.returncode == 3
    assert done.stdout.count("BLIND: ") == 3
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("wrong", ["0s", "25h", "5x", "", "-1m"])
def test_r13_a_wrong_interval_is_one_line(watched, wrong):
    done = run_within(watched, "monitor", f"--every={wrong}")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1), "1 would mean a breach"
    assert "as in 90s, 15m or 1h" in done.stderr


def test_a_wrong_option_does_not_look_like_a_breach(watched):
    assert run_command(watched, "monitor", "--foo").returncode == 3
    assert run_command(watched, "monitor", "--help").returncode == 0


def test_without_auto_rollback_each_line_says_so(rollout, watched):
    rollout.client.disable_auto_rollback()
    assert "20 %  NO AUTO-ROLLBACK  no jobs yet" in once(watched).stdout


def test_old_changes_carry_their_own_times(rollout, watched):
    at = rollout.value("select created_at from rollout_history order by created_at limit 1").astimezone()
    time.sleep(1.1)
    assert once(watched).stdout.startswith(f"{at:%Y-%m-%d %H:%M:%S}  setup")


def test_a_wrong_set_up_ends_it_at_once(rollout, watched):
    rollout.sql("update rollout_configuration set is_active = false")
    done = run_command(watched, "monitor")
    assert done.returncode == 3
    assert "no active rollout" in done.stdout


def test_json_is_one_object_a_line(rollout, watched):
    rollout.client.emergency_stop("line\nbreak \x1b[31m")
    with monitor(watched, "--json", "--every", "60s") as wait_for:
        start, check = json.loads(wait_for('"start"')), json.loads(wait_for('"check"'))
        assert (start["feature"], start["every_seconds"]) == ("hybrid_progressive_capture", 60)
        assert (check["rollout_percentage"], check["percentage_in_effect"], check["action"]) == (20, 0, "none")
        assert check["changes"][-1]["reason"] == "line\nbreak \x1b[31m"
        wait_for.process.terminate()
        json.loads(wait_for('"end"'))


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_cleanly(rollout, watched, name):
    with monitor(watched) as wait_for:
        wait_for("20 %  no jobs yet")
        assert rollout.value("select count(*) from rollout.monitors") == 1
        wait_for.process.send_signal(getattr(signal, name))
        wait_for("monitor ended", seconds=10)
        assert wait_for.process.wait(10) == 0
        assert wait_for.process.stderr.read() == ""
    assert rollout.value("select count(*) from rollout.monitors") == 0


def test_under_nohup_it_outlives_the_terminal():
    code = (
        "import os, signal; from rollout_console.monitor import signals; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
        "signals.install(); os.kill(os.getpid(), signal.SIGHUP)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_changes_are_told_and_it_goes_on_after_a_rollback(rollout, watched):
    with monitor(watched) as wait_for:
        wait_for("20 %  no jobs yet")
        rollout.report(bad=12, message="rate\x1b[2J limited")
        wait_for("rollback: 20 % → 0 %, by auto-rollback: error rate 100.00 % (10 of 10 jobs) above 5.00 %")
        wait_for("rolled back  BREACH: 100 % errors")
        rollout.client.set_rollout(5, "mended")
        wait_for("setRollout: 0 % → 5 %, by tess@testhost: mended")
        wait_for("5 %  no jobs yet")


def test_a_second_monitor_is_warned_of_and_both_leave_one_rollback(rollout, watched):
    rollout.client.disable_auto_rollback()
    rollout.report(good=5, bad=5)
    rows = rollout.history_rows()
    with monitor(watched) as first, monitor(watched) as second:
        first("another monitor is running: tess@")
        second("another monitor is running: tess@")
        rollout.client.enable_auto_rollback()
        first("rollback: 20 % → 0 %")
        second("rollback: 20 % → 0 %")
    assert rollout.history_rows() == rows + 2


def test_where_only_waiting_fails_it_says_so_and_checks_at_intervals(rollout, watched):
    with monitor(watched, "--json") as wait_for:
        wait_for('"check"')
        rollout.sql("alter function rollout_newest_change rename to away")
        try:
            failures = [json.loads(wait_for('"waiting_for_changes_failure"')) for _ in range(3)]
        finally:
            rollout.sql("alter function away rename to rollout_newest_change")
    first, *_, last = (datetime.fromisoformat(failure["time"]) for failure in failures)
    assert last - first >= timedelta(seconds=2)
    assert failures[0]["message"].startswith("the database lacks the rollout functions")


def test_a_monitor_survives_a_stop_and_restart_of_the_database(tmp_path):
    with servers.cluster() as server:
        url = servers.create_database(server.url, f"outage_{uuid.uuid4().hex[:8]}")
        env = console_environment(tmp_path, ROLLOUT_DATABASE_URL=url)
        run_command(env, "setup", "--yes")
        with monitor(env) as wait_for:
            wait_for("10 %  no jobs yet")
            with servers.outage(server):
                wait_for("BLIND: ")
            wait_for("10 %  no jobs yet")
            wait_for.process.terminate()
            wait_for("monitor ended")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with alert_receiver() as server:
        yield server


@pytest.fixture
def alerting(watched, receiver):
    watched["ROLLOUT_ALERT_URLS"] = receiver.url
    watched["ROLLOUT_HOME"] = watched["HOME"]
    return watched


def test_each_event_is_alerted_once_by_however_many_monitors(rollout, alerting, receiver):
    with monitor(alerting) as first, monitor(alerting) as second:
        for wait_for in (first, second):
            wait_for("20 %  no jobs yet")
        services = rollout.sql("select distinct r.receiver, m.receivers from rollout.receivers r, rollout.monitors m")
        assert [receivers for (_, receivers) in services] == [[receiver] for (receiver, _) in services]
        rollout.client.emergency_stop("smoke")
        rollout.client.resume()
        rollout.report(bad=12)
        for wait_for in (first, second):
            wait_for("rollback: 20 % → 0 %")
            wait_for("rolled back  BREACH")
    for _ in range(2):
        once(alerting)
    assert sorted(receiver.titles) == ["EMERGENCY STOP", "ROLLED BACK by itself", "resumed"], "each claims single ones"


def test_a_breach_that_nothing_was_done_about_is_alerted_once_until_it_is_over(rollout, alerting, receiver):
    rollout.client.disable_auto_rollback()
    rollout.report(good=5, bad=5)
    for _ in range(3):
        assert once(alerting).returncode == 2
    assert receiver.titles == ["BREACH, and auto-rollback is off"]
    rollout.report(good=200)
    assert once(alerting).returncode == 0
    assert receiver.titles[1:] == ["breach is over"]
    rollout.report(bad=20)
    assert once(alerting).returncode == 2
    assert receiver.titles[2:] == ["BREACH, and auto-rollback is off"]


def test_r8_an_early_sign_is_alerted_once_and_so_is_its_end(rollout, alerting, receiver):
    rollout.client.configure(max_error_rate=60)
    for column in ("restarted_at", "percentage_since"):
        rollout.sql(f"update rollout_configuration set {column} = now() - interval '1 day'")
    rollout.report(good=90, bad=1, treated=False)
    rollout.report(good=7, bad=4)
    for _ in range(2):
        assert once(alerting).returncode == 0
    assert receiver.titles == ["early sign: jobs fail more often in the rollout"]
    assert receiver.bodies[0].startswith("Nothing is rolled back, and nothing is raised by itself. Rollout at 20 %.")
    rollout.report(good=200)
    assert once(alerting).returncode == 0
    assert receiver.titles[1:] == ["early sign is over"]


def test_blindness_is_alerted_once_across_runs_and_so_is_its_end(alerting, receiver, kind):
    if kind == "supabase":
        blind = {**alerting, "SUPABASE_SECRET_KEY": "sb_secret_wrong"}
    else:
        blind = {
            **alerting,
            "ROLLOUT_DATABASE_URL": alerting["ROLLOUT_DATABASE_URL"].replace("adapter_", "no_adapter_"),
        }
    # The file that remembers is named after the target, so that it is the same target that comes back.
    for _ in range(2):
        done = once(blind, "--every", "1s")
        assert done.returncode == 3
        assert "hidden" not in done.stdout + done.stderr
    assert receiver.titles == ["monitor is BLIND"]
    if kind == "supabase":
        assert once(alerting).returncode == 0
        assert receiver.titles[1:] == ["monitor sees again"]


def test_an_alert_that_could_not_be_delivered_is_tried_again_and_then_sent_once(rollout, alerting, receiver):
    receiver.broken = True
    with monitor(alerting) as wait_for:
        wait_for("20 %  no jobs yet")
        rollout.client.emergency_stop("smoke")
        wait_for("alerts: 1 could not be sent")
        receiver.broken = False
        wait_for("alert sent: EMERGENCY STOP")
        wait_for("STOPPED (20 % is kept)")
        wait_for("STOPPED (20 % is kept)")
    assert receiver.titles == ["EMERGENCY STOP"]


@pytest.mark.dependencies
def test_an_alert_leaves_as_it_happens_with_the_evidence_and_what_to_type(rollout, alerting, receiver):
    with monitor(alerting, "--every", "1h") as wait_for:
        wait_for("20 %  no jobs yet")
        rollout.report(bad=12, message="boom")
        wait_for("alert sent: ROLLED BACK by itself")
        rollout.client.set_rollout(5)
        rollout.client.note("nothing to hear of")
        wait_for("5 %  no jobs yet")
    assert receiver.titles == ["ROLLED BACK by itself"]
    text = receiver.bodies[0]
    assert "treatment: 100 % errors (10 of 10 jobs" in text
    assert "control: no jobs" in text
    assert "rule: more than 5 % of at least 10 jobs, guardrail manual" in text
    assert "next, in the console: rollout.showMetrics()" in text


def test_rollout_alert_on_chooses_the_kinds(rollout, alerting, receiver):
    once({**alerting, "ROLLOUT_ALERT_ON": "raising,notes,settings"})
    assert receiver.titles == ["raised"]
    rollout.client.note("the status page is red")
    rollout.client.emergency_stop("smoke")
    rollout.client.configure(max_error_rate=4)
    once({**alerting, "ROLLOUT_ALERT_ON": "raising, notes, settings"})
    assert receiver.titles[1:] == ["note", "settings changed"]
    assert "max_error_rate 5 → 4" in receiver.bodies[2]
    for chosen, refused in (
        ("raising,nonsense", "there is no kind nonsense; the kinds are trip, rollback, stop"),
        (" , ", "ROLLOUT_ALERT_ON names no kind; set kinds of trip, rollback, stop"),
    ):
        done = once({**alerting, "ROLLOUT_ALERT_ON": chosen})
        assert (done.returncode, done.stderr.count("\n")) == (3, 1)
        assert refused in done.stderr


def test_r11_a_service_that_apprise_does_not_know_is_refused_without_being_shown(alerting):
    alerting["ROLLOUT_ALERT_URLS"] = "nonsense://token-hidden@example"
    done = once(alerting)
    assert done.returncode == 3
    assert done.stderr.startswith("ROLLOUT_ALERT_URLS: ")
    assert "hidden" not in done.stdout + done.stderr


def test_r3_new_and_changed_repositories_are_categorized(rollout, watched):
    assert once(watched).returncode == 0
    rollout.add_repositories(3, stars=900, prefix="acme/new")
    rollout.sql("update repositories set stargazers_count = 40 where full_name = 'acme/repo-1'")
    done = once(watched)
    assert "categorized: new → large: 3, test → small: 1; 0 left without a category" in done.stdout
    assert rollout.client.explain("acme/new-1").category == "large"
    assert [e.command for e in rollout.client.history(1).entries] == ["catchUp"]
    rows = rollout.history_rows()
    assert "categorized:" not in once(watched).stdout
    assert rollout.history_rows() == rows


def test_r3_a_categorization_that_fails_is_no_failed_check(rollout, watched):
    rollout.sql(
        "alter table rollout.categorization_state add constraint refused check (uncategorized is null) not valid"
    )
    try:
        done = once(watched)
    finally:
        rollout.sql("alter table rollout.categorization_state drop constraint refused")
    assert done.returncode == 0
    assert "healthy" in done.stdout or "no jobs yet" in done.stdout
    assert "categorization failed: " in done.stdout
    assert "BLIND" not in done.stdout
