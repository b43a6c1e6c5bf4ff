"""The stop in the operator's hand: words without quotes, names that it does not have, pipes, output that is lost."""

from __future__ import annotations

import subprocess

import pytest

from rollout_console.exit_status import Exit
from tests.support.terminal import HAS_FULL_DISK, PYTHON, run_command

pytestmark = pytest.mark.parametrize("kind", ["embedded"], indirect=True)
NOWHERE = {"ROLLOUT_DATABASE_URL": "postgresql://postgres@127.0.0.1:9/x"}


def in_shell(env, line, typed=""):
    """Run a line of a shell; `rc` is the program."""
    return subprocess.run(
        ["/bin/bash", "-c", f'rc() {{ {PYTHON} -m rollout_console "$@"; }}; {line}'],
        env=env, input=typed, capture_output=True, text=True, timeout=120, cwd=env["HOME"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["5xx", "errors", "in", "the", "logs"], "5xx errors in the logs"),
        (["\N{EM DASH}reason", "errors"], "errors"),
        (["--500s"], "--500s"),
        (["--reason=5 %", "--", "-x"], "5 % -x"),
        (["a", "--reason", "b", "--json"], "a b"),
    ],
)
def test_r5_all_words_behind_stop_are_its_reason(rollout, console_env, arguments, reason):
    assert run_command(console_env, "stop", *arguments).returncode == 0
    assert rollout.client.status().emergency_stop_reason == reason


def test_words_need_no_quotes_where_a_text_is_all_that_a_verb_takes(rollout, console_env):
    for verb in ("note", "hold", "rollback-to-zero"):
        assert run_command(console_env, verb, "--looking", "at", "it").returncode == 0
    assert {entry.reason for entry in rollout.client.history(3).entries} == {"--looking at it"}


@pytest.mark.parametrize("name", ["halt", "kill", "abort"])
def test_names_that_the_stop_does_not_have_name_it(console_env, name):
    done = run_command(console_env, name, "errors")
    assert done.returncode == Exit.WRONG_USE
    assert done.stderr.endswith("nothing was done: type rollout-console stop\n")


@pytest.mark.parametrize("near", ["use", "exit", "step"])
def test_no_name_leads_to_a_command_that_does_something_else(console_env, near):
    assert "type rollout-console --help" in run_command(console_env, near).stderr


def test_a_stop_whose_options_are_wrong_is_not_stopped(console_env):
    assert "NOT STOPPED" in run_command(console_env, "--bogus", "stop", "x").stderr


def test_what_comes_from_a_pipe_is_run_line_by_line_and_one_that_fails_is_told(rollout, console_env):
    typed = 'rollout.setRollout(200)\nfor p in [31]:\n    rollout.setRollout(p)\nrollout.note("last")\nexit\nrollout.note("no")'
    done = in_shell(console_env, "rc", typed)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert [entry.command for entry in rollout.client.history(2).entries] == ["note", "setRollout"]
    assert "In [" not in done.stdout
    assert in_shell(console_env, "rc", "rollout.status()\n").returncode == 0


def test_a_stop_from_a_pipe_that_fails_exits_1(console_env):
    done = in_shell(console_env | NOWHERE, "rc", 'rollout.emergencyStop("x")')
    assert done.returncode == 1
    assert "NOT STOPPED" in done.stderr


@pytest.mark.parametrize("line", ["rc stop x", "rc stop x --json", "rc -c 'rollout.emergencyStop()'"])
@pytest.mark.parametrize("lost", [pytest.param(">/dev/full", marks=HAS_FULL_DISK), "| true"])
def test_output_that_is_lost_does_not_change_the_exit_status_of_a_stop(rollout, console_env, line, lost):
    done = in_shell(console_env, f"set -o pipefail; {line} {lost}")
    assert (done.returncode, rollout.client.status().emergency_stop) == (0, True), done.stderr


@pytest.mark.parametrize("lost", [pytest.param("2>/dev/full", marks=HAS_FULL_DISK), "|& true"])
def test_output_that_is_lost_does_not_make_a_stop_of_one_that_failed(console_env, lost):
    assert in_shell(console_env | NOWHERE, f"set -o pipefail; rc stop x {lost}").returncode == 1


@HAS_FULL_DISK
def test_lost_output_of_what_only_reads_is_a_failure(console_env):
    assert in_shell(console_env, "rc status >/dev/full").returncode == Exit.FAILED
