"""`rollout-console setup`: once from a database to a running rollout, and never more than asked."""

from __future__ import annotations

import signal
import time

import psycopg
import pytest

from tests.support import servers
from tests.support.terminal import CONSOLE, Terminal, console_environment, start_command
from tests.support.within import run_within


@pytest.fixture
def fresh(rollout, tmp_path):
    """A migrated database of 120 repositories without a configuration, and the environment that leads there."""
    servers.empty(rollout.url)
    rollout.add_repositories(20)
    rollout.add_repositories(100, stars=500, prefix="acme/medium")
    return console_environment(tmp_path, **rollout.environment)


def state(rollout):
    columns = "rollout_percentage, emergency_stop, auto_rollback_enabled, cardinality(target_repositories)"
    return rollout.sql(f"select {columns} from rollout_configuration where is_active")


def set_up(env, *more):
    done = run_within(env, "setup", "--yes", *more)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_the_first_run_does_it_all_and_says_so(rollout, fresh):
    said = set_up(fresh)
    assert state(rollout) == [(10, False, True, 5)]
    assert rollout.value("select count(*) from repository_categories") == 120
    for line in ("configuration  created", "120 repositories categorized", "started at 10 %", "rollout.plan()"):
        assert line in said
    assert [(e.command, e.operator) for e in reversed(rollout.client.history().entries)] == [
        ("setup", "tess"), ("categorizeAll", "tess"), ("setup", "tess"), ("setup", "tess"),
    ]  # fmt: skip
    assert rollout.sql("select count(*) from repository_categories c join rollout_configuration r"
                       " on c.repository_id::text = any (r.target_repositories) where c.category = 'test'") == [(5,)]  # fmt: skip


def test_a_second_run_changes_nothing_and_says_so(rollout, fresh):
    set_up(fresh)
    rows = rollout.history_rows()
    assert "nothing to do, nothing was changed" in set_up(fresh)
    done = run_within(fresh, "setup")  # nothing to agree to, so nobody is asked
    assert (done.returncode, done.stderr) == (0, "")
    assert rollout.history_rows() == rows


def test_a_dry_run_names_every_step_and_changes_nothing(rollout, fresh):
    done = run_within(fresh, "setup", "--dry-run", "--percentage", "25")
    assert done.returncode == 0
    for step in ("create the configuration", "categorize 120 repositories", "on the whitelist", "start at 25 %"):
        assert step in done.stdout
    assert (state(rollout), rollout.history_rows()) == ([], 0)


def report_until_the_breaker_trips(rollout):
    rollout.report(bad=12)


def test_r12_what_others_say_reaches_no_terminal_raw(rollout, fresh):
    rollout.sql("create function no() returns trigger language plpgsql as"
                " $$ begin raise exception E'closed \\x1b]0;pwned\\x07 today'; end $$;"
                "create trigger no before insert on rollout_configuration execute function no()")  # fmt: skip
    try:
        done = run_within(fresh, "setup", "--yes")
    finally:
        rollout.sql("drop function no() cascade")
    assert (done.returncode, "closed ]0;pwned today" in done.stderr) == (1, True), done.stderr
    assert done.stderr.strip().isprintable()


LEFT_ALONE = {
    "stopped": (lambda r: r.client.emergency_stop("errors"), 10, "an EMERGENCY STOP is on"),
    "rolled back by hand": (lambda r: r.client.rollback_to_zero("errors"), 0, "left at 0 %: it was rolled back"),
    "rolled back by the breaker": (report_until_the_breaker_trips, 0, "left at 0 %: it was rolled back"),
    "higher": (lambda r: r.client.set_rollout(50), 50, "left at 50 %: it is higher than 25 % already"),
    "running, lower": (lambda r: r.client.set_rollout(5), 5, "left at 5 %: it is running"),
}


@pytest.mark.parametrize(("act", "percentage", "line"), LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_it_never_raises_a_rollout_that_somebody_has_set(rollout, fresh, act, percentage, line):
    set_up(fresh)
    act(rollout)
    rows, whitelist = rollout.history_rows(), state(rollout)[0][3]
    assert line in set_up(fresh, "--percentage", "25")
    assert (state(rollout)[0][0], state(rollout)[0][3], rollout.history_rows()) == (percentage, whitelist, rows)


def test_a_whitelist_that_was_emptied_on_purpose_stays_empty(rollout, fresh):
    set_up(fresh)
    rollout.client.remove_from_whitelist(rollout.client.status().target_repositories)
    assert "it was emptied manually" in set_up(fresh)
    assert state(rollout)[0][3] == 0


def test_auto_rollback_that_an_operator_switched_off_is_left_off(rollout, fresh):
    set_up(fresh)
    rollout.client.disable_auto_rollback()
    before = state(rollout)
    shown = set_up(fresh)
    assert "auto-rollback  left OFF; to switch it on, type in the console: rollout.enableAutoRollback()" in shown
    assert state(rollout) == before


@pytest.mark.parametrize("percentage", ["101", "-1"])
def test_r4_a_percentage_out_of_range_changes_nothing(rollout, fresh, percentage):
    done = run_within(fresh, "setup", "--yes", "--percentage", percentage)
    assert (done.returncode, done.stdout.count("\n")) == (1, 1)
    assert "a percentage is a whole number from 0 to 100" in done.stderr
    assert state(rollout) == []


def test_with_nobody_to_ask_it_does_nothing_without_yes(rollout, fresh):
    done = run_within(fresh, "setup")
    assert (done.returncode, done.stderr) == (
        1, "setup asks before it changes anything, which needs a terminal; to go ahead without, type: rollout-console setup --yes\n",
    )  # fmt: skip
    assert state(rollout) == []


def test_in_a_terminal_it_asks_first(rollout, fresh):
    for answer, expected in (("n", []), ("y", [(10, False, True, 5)])):
        screen = Terminal(fresh, f"{CONSOLE} setup; cat", width=80, height=50)
        screen.wait_for("Do it? [y/N]")
        screen.type(answer)
        screen.wait_for("nothing was changed" if answer == "n" else "halts everything at once")
        assert answer == "n" or "  when may it go on?\n" in screen.now(), "it fits 80 columns"
        screen.close()
        assert state(rollout) == expected


def test_ctrl_d_at_a_question_is_a_no(rollout, fresh):
    screen = Terminal(fresh, f"{CONSOLE} setup; echo ended with $?", width=80, height=50)
    screen.wait_for("Do it? [y/N]")
    screen.key("C-d")
    said = screen.wait_for("ended with 1")
    screen.close()
    assert "Traceback" not in said
    assert "\n nothing was changed\n" in said
    assert state(rollout) == []


def test_ctrl_c_half_way_keeps_what_is_done_and_the_next_run_goes_on(rollout, fresh):
    with psycopg.connect(rollout.url) as blocker:
        blocker.execute("lock table rollout.categorization_runs in exclusive mode")
        running = start_command(fresh, "setup", "--yes")
        assert any("configuration  created" in line for line in iter(running.stdout.readline, ""))
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "steps with a ✓ are done; to continue, type: rollout-console setup" in said
    assert "Traceback" not in said
    assert state(rollout)[0][0] == 0
    assert "started at 10 %" in set_up(fresh)
    assert state(rollout) == [(10, False, True, 5)]


def test_two_at_once_start_one_rollout(rollout, fresh):
    both = [start_command(fresh, "setup", "--yes") for _ in range(2)]
    said = [each.communicate(timeout=60) for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    assert state(rollout) == [(10, False, True, 5)]
    assert (
        rollout.value("select count(*) from rollout_history where new_percentage = 10 and previous_percentage = 0") == 1
    )
    assert rollout.value("select count(*) from rollout_history where action = 'created'") == 1


def test_a_missing_schema_is_offered_and_applied(fresh_database, tmp_path):
    url = fresh_database(migrated=False)
    env = console_environment(tmp_path, ROLLOUT_DATABASE_URL=url)
    dry = run_within(env, "setup", "--dry-run")
    assert dry.returncode == 0
    assert "would be applied first" in dry.stdout
    assert "migrations applied" in set_up(env)
    assert "nothing to do" in set_up(env)
