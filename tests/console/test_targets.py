"""Where one is, at the prompt: the target's name and colour, READ-ONLY, and `rollout.use` to go elsewhere."""

from __future__ import annotations

import pytest

from rollout_console.client import RolloutClient
from rollout_console.render.colours import NAMES
from rollout_console.shell.completion import Completer
from rollout_console.targets import targets_file
from tests.support.rollouts import OPERATOR
from tests.support.terminal import CONSOLE, run_console, run_pieces, target_table, write_targets

MAGENTA = NAMES["magenta"][1].lstrip("#")

# All lead to the database of the test, whichever adapter it is through.
PROTECTIONS = {
    "staging": 'colour = "magenta"\nread_only = true',
    "careful": 'colour = "blue"\nrequire_reason = true',
    "other-feature": 'feature = "another"',
}


@pytest.fixture
def targets(rollout, console_env):
    tables = [target_table(name, console_env, protection) for name, protection in PROTECTIONS.items()]
    down = '[down]\ndatabase_url = "postgresql://me@127.0.0.1:1/app"'
    write_targets(console_env, "\n".join([*tables, down]))
    return console_env


def test_the_prompt_names_the_target_in_its_colour_and_says_read_only(rollout, terminal, targets):
    targets["ROLLOUT_TARGET"] = "staging"
    console = terminal(width=80, height=24)
    console.wait_for("staging  READ-ONLY 20 % ▸")
    assert MAGENTA in console.colours()
    console.type("rollout.setRollout(30)")
    console.wait_for("staging is read-only: nothing was changed")
    assert rollout.client.status().rollout_percentage == 20
    console.type('rollout.emergencyStop("errors")')
    console.wait_for("READ-ONLY STOPPED ▸")
    assert MAGENTA in console.colours(), "the target's colour stays, whatever the state"
    assert rollout.client.status().emergency_stop


def test_use_goes_to_another_target_and_the_prompt_with_it(rollout, terminal, targets):
    console = terminal(width=100, height=40)
    console.wait_for("20 % ▸")
    console.type('rollout.use("careful")')
    console.wait_for("asks for a reason")
    console.wait_for("careful  20 % ▸")
    console.type("rollout.setRollout(30)")
    console.wait_for('type the command again with reason="..."')
    console.type('rollout.setRollout(30, "phase 7")')
    console.wait_for("careful  30 % ▸")
    console.type('rollout.use("down")')
    console.wait_for("can't be reached", seconds=60)
    console.type("rollout.setRollout(40)")
    console.wait_for("rollout down ▸")
    assert rollout.client.status().rollout_percentage == 30, "changed where one no longer is"


def test_use_another_feature(rollout, terminal, targets):
    RolloutClient(rollout.client.adapter, "another", who=OPERATOR).create(75)
    console = terminal(width=100, height=40)
    console.wait_for("20 % ▸")
    console.type('rollout.use(feature="another")')
    console.wait_for(":another 75 % ▸")
    console.type('rollout.use(feature="nothing")')
    console.wait_for("there is no feature 'nothing' there")
    console.type("rollout.features()")
    console.wait_for('to go to one: rollout.use(feature="hybrid_progressive_capture")')
    console.wait_for(":another 75 % ▸", times=2)


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("rollout.use('stagin')", "there is no target 'stagin' in"),
        ("rollout.use(5)", "a target is a name in quotes, not 5"),
        ("rollout.use(feature='')", "a feature is a name in quotes, not ''"),
        ("rollout.use(feature='a\\0')", "a feature is a name in quotes, not 'a\\x00'"),
        ("rollout.use(feature='nothing')", "there is no feature 'nothing' there"),
        ("rollout.use('other-feature')", "there is no feature 'another' there"),
    ],
)
def test_r13_a_place_that_there_is_not_is_one_line_and_one_stays(targets, code, line):
    done = run_console(targets, f"{code}\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(line)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
@pytest.mark.parametrize(
    ("use", "said"),
    [
        ('rollout.use("nourl")', "set NOURL, then start again"),
        ('rollout.use("stagin")', "type one of: staging"),
        ("rollout.use(feature='nothing')", "there is no feature 'nothing' there"),
        ("rollout.use(5)", "a target is a name in quotes"),
    ],
)
def test_after_a_use_that_fails_nothing_that_follows_acts_where_one_was(rollout, targets, use, said):
    more = "\n".join([target_table("staging", targets), '[nourl]\ndatabase_url = "env:NOURL"'])
    write_targets(targets, more)
    rows = rollout.history_rows()
    done = run_pieces(targets, [use, "rollout.setRollout(2)", 'rollout.emergencyStop("x")'])
    assert (done.returncode, rollout.history_rows()) == (1, rows)
    first, second, verdict, third, *_ = done.stderr.splitlines()
    assert second == third == f"nothing was done, since rollout.use() before it failed: {first}"
    assert said in first
    assert "NOT STOPPED" in verdict
    assert ("hybrid_progressive_capture" in done.stderr) == ("nourl" in use), "how to stop by hand"
    done = run_pieces(targets, [use, 'rollout.use("staging")', "rollout.setRollout(2)"])
    assert rollout.client.status().rollout_percentage == 2


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_a_target_without_its_key_is_there_and_unusable_until_another_use(rollout, terminal, targets):
    write_targets(targets, '[nourl]\ndatabase_url = "env:NOURL"')
    console = terminal(width=100, height=40)
    console.wait_for("20 % ▸")
    console.type('rollout.use("nourl")')
    console.wait_for("rollout nourl ▸")
    console.type("rollout.setRollout(40)")
    console.wait_for("nothing was done, since rollout.use() before it failed")
    assert rollout.client.status().rollout_percentage == 20


def test_use_without_arguments_shows_where_one_is_and_where_one_could_go(targets):
    shown = run_console(targets, "rollout.use('staging'); p = rollout.use(); print('|', p.target, p.read_only)").stdout
    assert "READ-ONLY" in shown
    assert "staging, careful, other-feature, down" in shown
    assert "| staging True" in shown


@pytest.mark.parametrize(
    ("line", "candidates"),
    [
        ("rollout.use(", {'"staging"', '"careful"', "feature="}),
        ('rollout.use("st', {"staging"}),
        ("rollout.use(target='", {"staging", "careful"}),
        ('rollout.use(feature="', {"another", "hybrid_progressive_capture"}),
        ('rollout.use("staging", feature="an', {"another"}),
        ("rollout.fea", {"features"}),
        ("rollout.monitor", set()),
    ],
)
def test_completion_knows_targets_and_features(rollout, targets, monkeypatch, line, candidates):
    monkeypatch.setenv("XDG_CONFIG_HOME", targets["XDG_CONFIG_HOME"])
    assert targets_file().exists()
    RolloutClient(rollout.client.adapter, "another", who=OPERATOR).create()
    completer = Completer(lambda: rollout.client, list)
    for _ in range(20):  # features may come a moment later: Tab again
        found = completer.complete(line)
        if found is not None and found[1]:
            break
    completer.close()
    assert found is not None
    names = {text for text, _ in found[1]}
    assert candidates <= names
    assert candidates or not names


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_the_dashboard_asks_for_a_reason_where_the_target_does(rollout, terminal, targets):
    targets["ROLLOUT_TARGET"] = "careful"
    screen = terminal(command=f"{CONSOLE} dashboard --every 0.5", width=100, height=30)
    screen.wait_for("last changes")
    screen.key("b")
    screen.wait_for("roll back to")
    screen.type("5")
    screen.wait_for("reason, for the history:")
    screen.type("by the book")
    screen.wait_for("5 % set")
    assert rollout.client.history(1).entries[0].reason == "by the book"
