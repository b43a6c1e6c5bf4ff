"""The dashboard in a real terminal: what is in sight at any size, its pages, a database that goes away."""

from __future__ import annotations

import re
from functools import partial

import psycopg
import pytest

from tests.support.terminal import AGE, DASHBOARD, Terminal, run_command
from tests.support.waiting import wait_until


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 60)])
def test_everything_is_in_sight_at_any_size(rollout, dashboard, width, height):
    rollout.report(good=30, bad=1)
    screen = dashboard(width, height)
    for words in (
        "hybrid_progressive_capture", "20 % set, 20 % in effect", "20 of 100 eligible", "auto-rollback on",
        "healthy: 3.23 % errors", "6: 10 %", "enterprise", "inngest", "error rate", "5 % ┤", "categorizeAll", "q quit",
    ):  # fmt: skip
        screen.wait_for(words)
    assert len(screen.now().rstrip("\n").splitlines()) <= height


def test_a_change_made_elsewhere_is_shown(rollout, dashboard):
    screen = dashboard()
    rollout.client.set_rollout(33, "from elsewhere")
    screen.wait_for("33 % set, 33 % in effect", seconds=5)
    screen.wait_for("from elsewhere")
    rollout.client.emergency_stop("errors\x1b[2Jin the logs")
    shown = screen.wait_for("STOPPED", seconds=5)
    assert "errors[2Jin the logs" in shown


def test_while_the_database_is_away_the_last_picture_stays_with_its_age(rollout, dashboard):
    screen = dashboard()
    with psycopg.connect(rollout.url) as blocker:
        # nobody can read the configuration: as good as gone, and it comes back
        blocker.execute("lock table rollout_configuration in access exclusive mode")
        shown = screen.wait_for("STALE", seconds=30)
        assert "20 % set, 20 % in effect" in shown
    screen.wait_for("20 % set")
    rollout.client.set_rollout(21)
    screen.wait_for("21 % set", seconds=40)
    assert "STALE" not in screen.now()


def test_without_colours_nothing_is_painted(console_env, terminal):
    console_env["NO_COLOR"] = "1"
    screen = terminal(command=DASHBOARD, width=80, height=24)
    screen.wait_for("last changes")
    assert screen.colours() == {"default"}


def test_without_auto_rollback_the_header_says_so(rollout, dashboard):
    rollout.client.disable_auto_rollback()
    screen = dashboard(60, 15)
    assert "NO AUTO-ROLLBACK" in screen.wait_for("NO AUTO-ROLLBACK").splitlines()[0]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (160, 50)])
def test_the_age_of_the_data_is_in_the_first_line_at_any_size(dashboard, width, height):
    assert "s old" in dashboard(width, height).wait_for("s old").splitlines()[0]


def test_after_a_trip_the_first_line_says_rolled_back(rollout, dashboard):
    screen = dashboard()
    assert "RUNNING at 20 %" in screen.now()
    rollout.client.rollback_to_zero("errors")
    assert "ROLLED BACK to 0 %" in screen.wait_for("ROLLED BACK").splitlines()[0]
    assert re.fullmatch(f" rolled back from 20 % {AGE}, by tess: errors", screen.now().splitlines()[1])


def test_a_dumb_terminal_is_told_what_to_type(console_env):
    console_env["TERM"] = "dumb"
    ran = run_command(console_env, "dashboard")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.strip().endswith("type: rollout-console status")


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_without_keys_to_press_one_is_told_what_to_type(terminal):
    screen = terminal(command=f"{DASHBOARD} < /dev/null; echo ended with $?")
    assert "needs a terminal; type: rollout-console status" in screen.wait_for("ended with 2")


def test_enter_shows_a_change_an_error_and_a_repository_in_full(rollout, dashboard):
    rollout.report(good=1, bad=1)
    screen = dashboard(100, 30)
    screen.key("l")
    screen.wait_for("changes, newest first")
    screen.key("Enter")
    screen.wait_for("database role")
    screen.key("q")
    screen.wait_for("changes, newest first")
    screen.key("q")
    screen.wait_for("last changes")
    screen.key("x")
    screen.wait_for("kinds of errors (1)")
    screen.key("Enter")
    screen.wait_for("for example: boom")
    screen.key("Enter")
    screen.wait_for("ELIGIBLE")
    for page in ("for example: boom", "kinds of errors (1)", "last changes"):
        screen.key("q")
        screen.wait_for(page)
    screen.key("i")
    screen.wait_for("Esc: cancel")
    screen.type("acme/repo-7")
    screen.wait_for("acme/repo-7 is ")


def chosen(screen: Terminal, note: str) -> bool:
    return any("▸" in line and note in line for line in screen.now().splitlines())


def test_a_list_that_is_longer_than_the_screen_scrolls(rollout, dashboard):
    for number in range(40):
        rollout.client.note(f"note {number:02}")
    screen = dashboard(80, 15)
    screen.key("l")
    screen.wait_for("▸")
    assert "note 10" not in screen.now()
    for key, seen in (("\x1b[6~", "↑"), ("\x1b[F", "setRollout: 0 % → 20 %"), ("\x1b[H", "note 39")):
        screen.key(key)
        screen.wait_for(seen)
    for key, note in (("j", "note 38"), ("Down", "note 37"), ("k", "note 38")):  # one by one: together they are a paste
        screen.key(key)
        wait_until(partial(chosen, screen, note))


def test_q_goes_back_before_it_leaves(dashboard):
    screen = dashboard()
    screen.key("m")
    screen.wait_for("Esc or q to go back")
    screen.key("q")
    screen.wait_for("q quit")
    assert screen.is_running()
    screen.key("q")
    wait_until(lambda: not screen.is_running())
