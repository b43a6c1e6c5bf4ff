"""`rollout-console monitor --metrics`: scraped over HTTP from a real monitor on a real rollout."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support import servers
from tests.support.jobs import HOURS, add_jobs
from tests.support.monitors import monitor
from tests.support.terminal import run_command
from tests.support.within import run_within


def scrape(port: int) -> dict[tuple[str, str], float]:
    """Return each sample by its name and its labels but the feature, "" if it has none."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    text = opener.open(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
    return {
        (s.name, ",".join(v for k, v in s.labels.items() if k != "feature")): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
        if not s.name.endswith("_created")
    }


def wait_for(port: int, holds: Callable[[dict[tuple[str, str], float]], bool]) -> dict[tuple[str, str], float]:
    deadline = time.monotonic() + 30
    while True:
        try:
            seen = scrape(port)
            if holds(seen):
                return seen
        except urllib.error.URLError:
            seen = {}
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)


@pytest.mark.dependencies
def test_what_the_monitor_finds_can_be_scraped(rollout, console_env):
    rollout.report(good=29, bad=1)
    rollout.report(good=3, bad=1, treated=False)
    add_jobs(rollout, 2, status="processing", queued=5 * HOURS, started=5 * HOURS)
    port = servers.free_port()
    with monitor(console_env, "--metrics", str(port)):
        seen = wait_for(port, lambda s: s.get(("rollout_checks_total", "success"), 0) >= 1)
        assert seen["rollout_state", "flowing"] == 1
        assert seen["rollout_state", "stopped"] == 0
        assert (seen["rollout_percentage", ""], seen["rollout_percentage_in_effect", ""]) == (20, 20)
        assert (seen["rollout_window_jobs", "treatment"], seen["rollout_window_errors", "treatment"]) == (30, 1)
        assert (seen["rollout_window_jobs", "control"], seen["rollout_error_ratio", "control"]) == (4, 0.25)
        assert seen["rollout_error_ratio", "treatment"] == pytest.approx(1 / 30, abs=1e-6)
        assert seen["rollout_max_error_ratio", ""] == pytest.approx(0.05)
        assert seen["rollout_stuck_jobs", "inngest"] == 2
        assert seen["rollout_check_interval_seconds", ""] == 1
        assert abs(seen["rollout_last_check_timestamp_seconds", ""] - time.time()) < 30
        trips = seen["rollout_trips_total", ""]

        rollout.report(bad=10)
        seen = wait_for(port, lambda s: s["rollout_trips_total", ""] > trips)
        assert seen["rollout_trips_total", ""] == trips + 1
        assert (seen["rollout_state", "at_zero"], seen["rollout_percentage", ""]) == (1, 0)

        rollout.client.set_rollout(10)
        rollout.client.emergency_stop("off")
        rollout.report(good=2)
        seen = wait_for(port, lambda s: s["rollout_leaked_jobs", ""] == 2)
        assert seen["rollout_state", "stopped"] == 1
        assert (seen["rollout_percentage", ""], seen["rollout_percentage_in_effect", ""]) == (10, 0)


def test_alerts_sent_and_failed_are_counted(rollout, console_env):
    closed = servers.free_port()
    console_env["ROLLOUT_ALERT_URLS"] = f"json://127.0.0.1:{closed}"
    port = servers.free_port()
    with monitor(console_env, "--metrics", f"127.0.0.1:{port}"):
        wait_for(port, lambda s: s.get(("rollout_checks_total", "success"), 0) >= 1)
        rollout.client.emergency_stop("off")
        seen = wait_for(port, lambda s: s["rollout_alert_failures_total", ""] >= 1)
        assert seen["rollout_alerts_sent_total", ""] == 0


def test_a_check_that_fails_is_counted_and_the_last_good_one_grows_old(rollout, console_env):
    port = servers.free_port()
    with monitor(console_env, "--metrics", str(port)):
        wait_for(port, lambda s: s.get(("rollout_checks_total", "success"), 0) >= 1)
        rollout.sql("alter function rollout_check_health(text, jsonb) rename to rollout_check_health_away")
        try:
            seen = wait_for(port, lambda s: s["rollout_checks_total", "failure"] >= 1)
        finally:
            rollout.sql("alter function rollout_check_health_away(text, jsonb) rename to rollout_check_health")
        assert seen["rollout_last_check_timestamp_seconds", ""] > 0


@pytest.mark.parametrize("where", ["", "x", "70000", "1:2:3", "host:", "-1"])
def test_r13_an_address_that_cannot_be_read_is_one_line(console_env, where):
    done = run_within(console_env, "monitor", f"--metrics={where}")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "type: rollout-console monitor --metrics 9464" in done.stderr


def test_r13_a_port_that_is_taken_is_one_line(rollout, console_env):
    port = servers.free_port()
    with monitor(console_env, "--metrics", str(port)):
        wait_for(port, lambda s: bool(s))
        done = run_command(console_env, "monitor", "--metrics", str(port))
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert f"nothing can listen at 127.0.0.1:{port}" in done.stderr


def test_metrics_of_a_single_check_make_no_sense(console_env):
    done = run_within(console_env, "monitor", "--once", "--metrics", "9464")
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "leave out --once or --metrics" in done.stderr
