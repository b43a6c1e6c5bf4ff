"""R17: a rollout of three weeks that walks by `monitor --once` alone, holds, rolls back, and tells it all."""

from __future__ import annotations

import json

import pytest

from rollout_console.exit_status import MonitorExit
from tests.support.jobs import HOURS, add_jobs, finish
from tests.support.ramp import good_hours
from tests.support.receiver import alert_receiver
from tests.support.terminal import run_command

EVERY = "24h"  # the interval of the schedule
WALKED = [
    # to 50 %, held there on the 5th day, released on the 7th, and a breach at 75 % on the 9th
    10, 25, 25, 50, 50, 50, 75, 75, 0,
    # nothing rises by itself from 0; begun again on the 11th, and to the end of the plan
    0, 10, 25, 25, 50, 50, 75, 75, 100, 100, 100, 100,
]  # fmt: skip
STORY = [
    ("setRollout", "manual", 0, 10),
    ("plan", "manual", 10, 10),
    ("configure", "manual", 10, 10),
    ("advance", "auto_advance", 10, 25),
    ("advance", "auto_advance", 25, 50),
    ("hold", "auto_hold", 50, 50),
    ("release", "manual", 50, 50),
    ("advance", "auto_advance", 50, 75),
    ("record_rollout_job", "auto_rollback", 75, 0),
    ("setRollout", "manual", 0, 10),
    ("advance", "auto_advance", 10, 25),
    ("advance", "auto_advance", 25, 50),
    ("advance", "auto_advance", 50, 75),
    ("advance", "auto_advance", 75, 100),
    ("advance", "auto_advance", 100, 100),  # the end, which it says
]


@pytest.fixture
def day(rollout, console_env):
    """Let a day pass with good jobs, and run the monitor once at its end; return what it printed and left with."""

    def one_day(jobs: int = 40):
        good_hours(rollout, 24, jobs)
        done = run_command(console_env, "monitor", "--once", "--every", EVERY)
        assert done.stderr == ""
        return done

    return one_day


@pytest.mark.large
@pytest.mark.long
@pytest.mark.parametrize("kind", ["supabase"])
def test_r17_three_weeks_by_monitor_once_alone(rollout, day):
    client, walked, printed = rollout.client, [], []
    client.rollback_to_zero()
    client.set_rollout(10)
    client.set_plan(hours=48)
    client.configure(auto_advance=True)
    rows = rollout.history_rows() - 3
    stuck: list[str] = []
    for number in range(1, 22):
        if number == 5:
            stuck = add_jobs(rollout, status="processing", processor="github_actions", queued=4 * HOURS)
        if number == 7:
            finish(rollout, *stuck)
            client.release("its status update was lost")
        if number == 9:
            rollout.report(good=5, bad=20, message="rate limited")
        if number == 11:
            client.set_rollout(10, "mended")
        # the jobs of the control go on at 0 %, but none of the treatment
        done = day(0 if client.status().rollout_percentage == 0 else 40)
        status = client.status()
        walked.append(status.rollout_percentage)
        printed.append(done.stdout)
        assert done.returncode == MonitorExit.NO_BREACH, done.stdout
        assert (status.held_reason is not None) == (number in (5, 6))
    assert walked == WALKED

    told = client.history(rollout.history_rows() - rows).entries[::-1]
    story = [
        (e.command, e.triggered_by, e.previous_percentage, e.new_percentage) for e in told if e.command != "catchUp"
    ]
    assert story == STORY
    why = {(e.command, e.triggered_by): e for e in told}
    assert why["hold", "auto_hold"].reason.startswith("1 job is stuck on GitHub Actions")
    assert [signal["name"] for signal in why["hold", "auto_hold"].evidence["signals"]] == ["stuck_jobs"]
    assert "above 5.00 %" in why["record_rollout_job", "auto_rollback"].reason
    assert why["advance", "auto_advance"].reason == "the plan ends at 100 %: auto_advance is off"
    whole = "\n".join(printed)
    for line in (
        "advance: 10 % → 25 %, by auto-advance: every gate is open",
        "hold, by auto-hold: 1 job is stuck on GitHub Actions",
        "rollback: 75 % → 0 %, by auto-rollback: error rate",
        "advance: 75 % → 100 %, by auto-advance: every gate is open",
        "the plan ends at 100 %: auto_advance is off",
    ):
        assert line in whole


def test_r17_the_monitor_tells_a_step_as_it_takes_it(rollout, day):
    rollout.client.configure(auto_advance=True)
    good_hours(rollout, 24)
    assert "20 %" in (first := day().stdout).splitlines()[-1] or "25 %" in first
    assert "advance: 20 % → 25 %, by auto-advance: every gate is open" in first


def test_r17_a_breach_that_only_holds_is_told_by_the_exit_status(rollout, console_env):
    rollout.client.configure(on_breach="hold")
    rollout.report(bad=12)
    done = run_command(console_env, "monitor", "--once", "--json")
    assert done.returncode == MonitorExit.UNPROTECTED
    check = json.loads(done.stdout.splitlines()[0])
    assert (check["action"], check["rollout_percentage"], check["changes"][-1]["triggered_by"]) == (
        "ramp_held",
        20,
        "auto_hold",
    )


def test_r17_a_hold_of_the_ramp_alerts_with_both_commands(rollout, console_env):
    rollout.client.configure(on_breach="hold")
    rollout.report(bad=12, message="boom")
    with alert_receiver() as receiver:
        run_command({**console_env, "ROLLOUT_ALERT_URLS": receiver.url}, "monitor", "--once")
    assert receiver.titles == ["HELD by itself"]
    assert "main error: 10 × boom" in receiver.bodies[0]
    assert "next, in the console: rollout.release(), or rollout.rollbackToZero()" in receiver.bodies[0]
