"""`rollout-console -c`: every command, R12 shown once, R13 one line and exit status 1, R15 overrides."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys

import psycopg
import pytest

from rollout_console.console import COMMANDS
from rollout_console.errors import NOT_STOPPED
from rollout_console.exit_status import Exit
from tests.support.terminal import run_command, run_console, run_pieces, start_command
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("rollout")

BAD_CALLS = [
    "rollout.setRollout()",
    "rollout.setRollout(150)",
    "rollout.setRollout(-1)",
    "rollout.setRollout(10.5)",
    "rollout.setRollout(True)",
    "rollout.setRollout(None)",
    'rollout.setRollout("10.5 %")',
    'rollout.setRollout(float("nan"))',
    "rollout.setRollout(10, 20)",
    "rollout.setRollout(1, 2, 3)",
    "rollout.setRollout(percent=10)",
    "rollout.setRollout(percentage)",
    "rollout.setRollout(ten)",
    "rollout.setRollout = 10",
    "rollout.setRolout(10)",
    "rollout.set_rollout(10)",
    "rollout.emergencyStop(errors in the logs)",
    "rollout.emergencyStop(errors)",
    "rollout.resume(5)",
    "rollout.resume('now')",
    "rollout.rollbackToPercentage(50)",
    "rollout.rollbackToPercentage()",
    "rollout.rollbackToPercentage(pct)",
    "rollout.addToWhitelist()",
    "rollout.addToWhitelist([])",
    "rollout.addToWhitelist([ids])",
    "rollout.addToWhitelist(5)",
    "rollout.addToWhitelist('no/such')",
    "rollout.addToWhitelist(acme/repo-1)",
    "rollout.addToWhitelist('00000000-0000-0000-0000-000000000000')",
    "rollout.removeFromWhitelist('no/such')",
    "rollout.markAsTest('no/such')",
    "rollout.unmarkAsTest({})",
    "rollout.explain('no/such')",
    "rollout.explain(['acme/repo-1'])",
    "rollout.preview(101)",
    "rollout.history(0)",
    "rollout.history(2**40)",
    "rollout.showMetrics(-1)",
    "rollout.help('nonsense topic')",
    "rollout.frobnicate()",
]


def state(rollout):
    return rollout.sql("select to_jsonb(c) from rollout_configuration c"), rollout.history_rows()


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_r18_no_reason_keeps_a_stop_away(rollout, console_env):
    done = run_console(console_env, "rollout.emergencyStop(500)")
    assert (done.returncode, done.stderr) == (0, "")
    assert rollout.client.status().emergency_stop_reason == "500"


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_r13_a_bad_call_changes_nothing_exits_1_and_shows_one_line_with_a_way_out(rollout, console_env, effort):
    before, calls = state(rollout), effort(BAD_CALLS[::2], BAD_CALLS)
    alone = run_console(console_env, calls[0])
    assert (alone.returncode, alone.stdout, len(alone.stderr.splitlines())) == (1, "", 1)
    done = run_pieces(console_env, calls)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if NOT_STOPPED not in line]
    assert (done.returncode, len(lines)) == (1, len(calls)), lines
    assert state(rollout) == before
    for line in lines:
        assert "rollout." in line or "did you mean" in line, f"no way out in the line: {line}"
    advised = [advice for line in lines for advice in re.findall(r"rollout\.\w+\([^)]*\)", line)[-1:]]
    # "owner/name" stands for a name; resume(5) is for a rollout that is stopped.
    open_ones = ("owner/name", "rollout.resume(5)")
    works = [advice for advice in dict.fromkeys(advised) if not any(open_one in advice for open_one in open_ones)]
    assert len(works) > 3
    done = run_pieces(console_env, works)
    assert (done.returncode, done.stderr) == (0, ""), works


@pytest.mark.parametrize(
    "refused",
    [
        {
            "rollout.setRollout(150)": "a percentage is a whole number from 0 to 100, not 150",
            "rollout.addToWhitelist('no/such')": "unknown repository: no/such; nothing was changed",
        },
        {
            "rollout.rollbackToPercentage(50)": "a rollback only lowers, and the rollout stands at 20 %",
            "rollout.resume(5)": "no emergency stop to resume from",
        },
    ],
    ids=["arguments", "state"],
)
def test_r13_refusals_of_the_database_read_the_same_through_every_adapter(rollout, console_env, refused):
    done = run_pieces(console_env, refused)
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert len(lines) == len(refused), lines
    for line, beginning in zip(lines, refused.values(), strict=True):
        assert line.startswith(beginning)


ENDLESS = {"watch"}  # until Ctrl-C, see below
PRACTICE = {"simulate"}  # refused on anything but sample data, see test_workplace
BY_ID = {"undo"}  # of a change that nobody has made yet, see test_undo


def test_every_command_runs_and_shows_a_report(rollout, console_env):
    """The examples of help() are calls that can be pasted."""
    commands = [command for command in COMMANDS.values() if command.name not in ENDLESS | PRACTICE | BY_ID]
    lines = ["rollout.setRollout(50)"]
    for command in commands:
        lines += [f'print("== {command.name}")', command.example.replace("owner/name", "acme/repo-1")]
    done = run_console(console_env, "\n".join(lines))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "\x1b" not in done.stdout, "escapes in a pipe"
    reports = re.split(r"^== (\w+)$", done.stdout, flags=re.MULTILINE)[1:]
    assert reports[::2] == [command.name for command in commands]
    assert all(report.strip() for report in reports[1::2]), reports


def test_watch_in_a_pipe_writes_a_line_for_each_change_until_ctrl_c(rollout, console_env):
    watch = start_command(console_env, "-c", "rollout.watch(0.5)")
    try:
        assert "20 %" in watch.stdout.readline()
        rollout.client.emergency_stop("from elsewhere")
        assert "STOPPED (20 % is kept)" in watch.stdout.readline()
        watch.send_signal(signal.SIGINT)
        rest, errors = watch.communicate(timeout=20)
    finally:
        watch.kill()
    assert (watch.returncode, errors) == (0, "")
    assert "\x1b" not in rest


def test_watch_goes_on_over_what_fails_once_it_has_seen_and_ends_with_what_fails_at_first(rollout, console_env):
    assert run_console(console_env | {"ROLLOUT_FEATURE": "no_such"}, "rollout.watch()").returncode == 1
    watch = start_command(console_env, "-c", "rollout.watch(0.5)")
    try:
        assert "20 %" in watch.stdout.readline()
        rollout.sql("alter function rollout_status rename to away")
        try:
            assert "rollout-console migrate" in watch.stdout.readline()
        finally:
            rollout.sql("alter function away rename to rollout_status")
        assert "20 %" in watch.stdout.readline()
        watch.send_signal(signal.SIGINT)
        assert watch.wait(20) == 0
    finally:
        watch.kill()


def test_r12_a_report_is_on_screen_exactly_once(console_env):
    pieces = [
        "rollout.setRollout(30)",
        "rollout.setRollout(31);",
        "x = rollout.setRollout(32)",
        "if True: rollout.setRollout(33)",
        "for p in [34]:\n    rollout.setRollout(p)",
        "1\nrollout.setRollout(35)\n2",
        "await rollout.setRollout(36); // done",
    ]
    done = run_pieces(console_env, pieces)
    assert done.returncode == 0, done.stderr
    for percentage in range(30, 37):
        assert done.stdout.count(f" % → {percentage} %") == 1, done.stdout


def test_r12_what_is_printed_again_is_the_report_again(console_env):
    done = run_console(console_env, "print(rollout.setRollout(30))")
    assert (done.returncode, done.stdout.count(" % → 30 %")) == (0, 2), done.stderr
    assert "Change(" not in done.stdout


def test_r12_text_from_the_database_cannot_smuggle_escapes(rollout, console_env):
    evil = "a\x1b]0;owned\x07\x1b[2J\u202e\r\nb"
    rollout.client.emergency_stop(evil)
    rollout.report(bad=1, message=evil)
    rollout.sql("update repositories set full_name = 'acme/\x1b[31mred' where full_name = 'acme/repo-9'")
    code = 'rollout.status(); rollout.showMetrics(); rollout.history(); rollout.explain("acme/\\x1b[31mred")'
    done = run_console(console_env, code)
    assert done.returncode == 0, done.stderr
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", done.stdout)


def test_r15_the_applications_overrides_are_shown_when_set(console_env):
    assert "HYBRID" not in run_console(console_env, "rollout.status()").stdout
    console_env["HYBRID_EMERGENCY_STOP"] = "true"
    console_env["HYBRID_ROLLOUT_PERCENTAGE"] = "35"
    shown = run_console(console_env, "rollout.status()").stdout
    assert re.search(r"HYBRID_EMERGENCY_STOP +true", shown)
    assert re.search(r"HYBRID_ROLLOUT_PERCENTAGE +35", shown)


def test_status_says_what_is_set_and_what_is_in_effect(rollout, console_env):
    rollout.client.emergency_stop("errors in the logs")
    shown = run_console(console_env, "rollout.status()").stdout
    for words in (
        "STOPPED",
        "20 % set, 0 % in effect",
        "errors in the logs",
        "by tess@testhost",
        "rollout.resume()",
    ):
        assert words in shown


def test_a_dot_env_file_in_the_working_folder_counts(console_env, tmp_path):
    (tmp_path / ".env").write_text("ROLLOUT_FEATURE=another_feature\n")
    done = run_console(console_env, "rollout.status()")
    assert done.returncode == 1
    assert "no active rollout for feature 'another_feature'" in done.stderr


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_r13_a_working_folder_that_is_gone_is_a_line_and_not_stopped(console_env):
    arguments = [sys.executable, "-m", "rollout_console", "-c", 'rollout.emergencyStop("x")']
    gone = "mkdir gone; cd gone; rmdir ../gone; " + shlex.join(arguments)
    done = subprocess.run(
        ["/bin/sh", "-c", gone], env=console_env, cwd=console_env["HOME"], capture_output=True, text=True
    )
    assert done.returncode == Exit.FAILED
    assert done.stderr.endswith("the working folder is gone; nothing was done: go to another one, then start again\n")


def test_results_carry_attributes_as_well(console_env):
    code = (
        "s = rollout.stats(); print('|', s.total_repositories, s.eligible_repositories, s.rollout_percentage,"
        " s.error_rate, s.categories['test'], s.processor_distribution, s.to_dict()['total_jobs'])"
    )
    assert "| 100 20 20 None 100 {} 0" in run_console(console_env, code).stdout


SLIPS = {
    "rollout.status()\nstatus()": "rollout.status()",
    "stop": 'rollout.emergencyStop("errors in the logs")',
    "stop('db')": "rollout.emergencyStop('db')",
    "setRollout(30)": "rollout.setRollout(30)",
    "Rollout.setRollout(30)": "rollout.setRollout(30)",
    "rollout.setRollout 30": "rollout.setRollout(30)",
    "rollout.setRollout(30%)": 'rollout.setRollout("30%")',
    "rollout.emergencyStop errors in the logs": 'rollout.emergencyStop("errors in the logs")',
    "rollout.configure(max_eror_rate=7, on_breech='hold')": ("rollout.configure(max_error_rate=7, on_breach='hold')"),
    "rollout.disableAutoRollback('night', '2h')": "rollout.disableAutoRollback('night', until='2h')",
    "rollout.configure(frobnicate=1)": "rollout.configure()",
    "rollout.status.eligible": "rollout.status()",
}


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_r13_a_slip_is_one_line_whose_advice_works(rollout, console_env):
    rows = rollout.history_rows()
    done = run_pieces(console_env, SLIPS)
    assert (done.returncode, rollout.history_rows()) == (1, rows)
    lines = [line for line in done.stderr.splitlines() if NOT_STOPPED not in line]
    assert [line.partition("type ")[2] for line in lines] == [*SLIPS.values()]
    assert len(done.stderr.splitlines()) - len(lines) == sum("emergencyStop" in slip for slip in SLIPS.values())
    assert run_pieces(console_env, SLIPS.values()).returncode == 0
    assert rollout.client.status().max_error_rate == 7


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_r13_a_stop_without_its_brackets_is_said_and_fails(rollout, console_env):
    done = run_pieces(console_env, ["rollout.emergencyStop"])
    assert (done.returncode, rollout.client.status().emergency_stop) == (1, False)
    assert 'Nothing was done: type rollout.emergencyStop("errors in the logs")' in done.stdout


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
@pytest.mark.parametrize("typed", ["emergencystop", "EMERGENCYSTOP", "EmergencyStop", "emergency_stop"])
def test_r5_the_stop_is_understood_in_any_case_with_its_reason(rollout, console_env, typed):
    assert run_console(console_env, f'rollout.{typed}("db is down")').returncode == 0
    assert rollout.client.status().emergency_stop_reason == "db is down"


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_r18_a_stop_behind_a_line_that_fails_is_said_not_to_be_made(rollout, console_env):
    done = run_console(console_env, 'rollout.explain("nosuch/x")\nrollout.emergencyStop("must stop")')
    assert (done.returncode, rollout.client.status().emergency_stop) == (1, False)
    assert NOT_STOPPED in done.stderr
    assert done.stderr.endswith('type rollout.emergencyStop("must stop")\n')


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_several_pieces_of_code_all_run_and_one_that_fails_is_told(rollout, console_env):
    done = run_command(
        console_env, "-c", "rollout.setRollout(31)", "-c", "rollout.setRollout(200)", "-c", "rollout.note('x')"
    )
    assert done.returncode == 1
    assert [entry.command for entry in rollout.client.history(2).entries] == ["note", "setRollout"]
    assert run_command(console_env, "-c", "1", "-c", "rollout.status()").returncode == 0


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_after_ctrl_c_nothing_more_is_run(rollout, console_env):
    waiting = (
        "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())"
    )
    with psycopg.connect(rollout.url) as other:
        other.execute("lock table rollout_configuration")
        console = start_command(console_env, "-c", "rollout.note('x')", "-c", "rollout.setRollout(50)")
        wait_until(lambda: rollout.value(waiting), 60)
        console.send_signal(signal.SIGINT)
        _, said = console.communicate(timeout=60)
    assert (console.returncode, rollout.client.status().rollout_percentage) == (130, 20), said
    piped = run_command(console_env, lines="raise KeyboardInterrupt\nrollout.setRollout(50)\n")
    assert (piped.returncode, rollout.client.status().rollout_percentage) == (130, 20)


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_nothing_coloured_goes_into_a_pipe_not_even_a_traceback(rollout, console_env):
    done = run_console(console_env, "1 / 0")
    assert "ZeroDivisionError" in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
@pytest.mark.parametrize(
    ("block", "stands"),
    [
        ("rollout.rollbackToZero()\nrollout.stats()", r"where things stand: 0 % since .*, rolled back"),
        ("rollout.emergencyStop()\nrollout.stats()", r"where things stand:  STOPPED \(20 % is kept\)"),
        ("rollout.disableAutoRollback()\nrollout.stats()", "where things stand: 20 %  NO AUTO-ROLLBACK"),
        ("rollout.setRollout(30)\nrollout.stats()", None),
        ("rollout.rollbackToZero()", None),
    ],
)
def test_a_block_that_leaves_the_rollout_halted_or_unprotected_ends_by_saying_so(rollout, console_env, block, stands):
    last = run_console(console_env, block).stdout.strip().splitlines()[-1].strip()
    assert re.fullmatch(stands, last) if stands else "where things stand" not in last


@pytest.mark.parametrize("option", ["--reset", "--reset-de"])
def test_no_abbreviation_of_reset_demo_is_accepted(console_env, option):
    assert run_command(console_env, option).returncode == 2


@pytest.mark.parametrize(
    ("block", "not_run"),
    [('try:\n    rollout.status(); 1 / 0\nfinally:\n    rollout.emergencyStop("done")', False),
     ('def panic(): rollout.emergencyStop("done")\npanic()\n1 / 0\nrollout.emergencyStop("again")', True)],
)  # fmt: skip
def test_r18_of_a_stop_that_was_made_nothing_says_that_it_was_not(rollout, console_env, block, not_run):
    done = run_command(console_env, "-c", block)
    assert rollout.client.status().emergency_stop_reason == "done"
    assert NOT_STOPPED not in done.stderr
    assert ("not run: rollout.emergencyStop" in done.stderr) == not_run
