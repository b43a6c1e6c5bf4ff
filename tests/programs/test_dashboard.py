"""The dashboard in a real terminal: three sizes, every key, changes made elsewhere, a database that goes away."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.terminal import CONSOLE, Terminal

DASHBOARD = f"{CONSOLE} dashboard --every 0.5"


@pytest.fixture
def dashboard(terminal):
    def opened(width: int = 80, height: int = 24):
        screen = terminal(command=DASHBOARD, width=width, height=height)
        screen.wait_for("last changes")
        return screen

    return opened


def now(dashboard: Terminal) -> str:
    """What is on screen now; a full-screen program leaves no scrollback."""
    return dashboard.now()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 60)])
def test_everything_is_in_sight_at_any_size(rollout, dashboard, width, height):
    rollout.report(good=30, bad=1)
    screen = dashboard(width, height)
    for words in (
        "hybrid_progressive_capture", "20 % set, 20 % in effect", "20 of 100 in", "auto-rollback on",
        "healthy: 3.23 % errors", "6: 10 %", "enterprise", "inngest", "error rate", "5 % ┤", "categorizeAll", "q quit",
    ):  # fmt: skip
        screen.wait_for(words)
    assert len(now(screen).rstrip("\n").splitlines()) <= height


def test_a_change_made_elsewhere_is_shown(rollout, dashboard):
    screen = dashboard()
    rollout.client.set_rollout(33, "from elsewhere")
    screen.wait_for("33 % set, 33 % in effect", seconds=5)
    screen.wait_for("from elsewhere")
    rollout.client.emergency_stop("errors\x1b[2Jin the logs")
    shown = screen.wait_for("STOPPED", seconds=5)
    assert "errors[2Jin the logs" in shown


def test_the_percentage_is_previewed_before_it_is_confirmed(rollout, dashboard):
    screen = dashboard()
    for answer, percentage in (("n", 20), ("y", 50)):
        screen.key("s")
        screen.wait_for("percentage, 0 to 100:")
        screen.type("50")
        screen.wait_for("set 50 %? y to do it:")
        assert "30 would enter, 0 would leave" in now(screen)
        assert rollout.client.status().rollout_percentage == 20
        screen.type(answer)
        screen.wait_for("nothing was changed" if answer == "n" else "50 of 100 repositories are eligible")
        assert rollout.client.status().rollout_percentage == percentage


def test_the_stop_is_one_key_and_a_reason_on_every_page(rollout, dashboard):
    screen = dashboard()
    screen.key("l")
    screen.wait_for("Esc to go back")
    screen.key("e")
    screen.type("smoke")
    screen.wait_for("Reason: smoke")
    assert rollout.client.status().emergency_stop_reason == "smoke"
    screen.key("Escape")
    screen.key("r")
    screen.wait_for("resume at")
    screen.type("5")
    screen.wait_for("resumed at 5 %")
    assert rollout.client.status().percentage_in_effect == 5


def test_the_other_keys(rollout, dashboard):
    screen = dashboard(120, 40)
    for key, answer, outcome in (
        ("h", None, "no rollback needed"),
        ("a", None, "auto-rollback is OFF"),
        ("w", "acme/repo-7", "added to the whitelist: acme/repo-7"),
        ("w", "-acme/repo-7", "removed from the whitelist: acme/repo-7"),
        ("w", "no/such", "unknown repository: no/such"),
        ("c", None, "no categories changed"),
        ("b", "30", "a rollback only lowers"),
        ("b", "", "20 % → 0 %"),
        ("s", "ten", "a percentage is a whole number from 0 to 100"),
    ):
        screen.key(key)
        if answer is not None:
            screen.type(answer)
        screen.wait_for(outcome, seconds=10)
    for key, words in (("m", "success metric"), ("l", "rollbackToZero: 20 % → 0 %"), ("?", "rollout.explain")):
        screen.key(key)
        screen.wait_for(words)
        screen.key("Escape")
        screen.wait_for("q quit")
    screen.key("q")


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
    assert "STALE" not in now(screen)


def test_without_colours_nothing_is_painted(console_env, terminal):
    console_env["NO_COLOR"] = "1"
    screen = terminal(command=DASHBOARD, width=80, height=24)
    screen.wait_for("last changes")
    assert screen.colours() == {"default"}
