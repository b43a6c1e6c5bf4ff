"""Commands as verbs of the shell: what they print, as JSON too, their exit statuses, and completion."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rollout_console.cli.verbs import VERBS
from rollout_console.exit_status import Exit
from tests.support import ROOT
from tests.support.terminal import CONSOLE, run_command, start_command, write_targets
from tests.support.within import run_within

ENDLESS, PRACTICE = {"watch"}, {"simulate"}
# What each command has to be given, and what of it becomes of the results of the client.
ARGUMENTS = {
    "set": ["30", "phase 7"],
    "stop": ["errors in the logs"],
    "resume": ["5"],
    "mark-as-test": ["acme/repo-1"],
    "unmark-as-test": ["acme/repo-1"],
    "add-to-whitelist": ["acme/repo-1", "acme/repo-2", "--reason", "partners"],
    "remove-from-whitelist": ["acme/repo-2"],
    "add-to-blacklist": ["acme/repo-3"],
    "remove-from-blacklist": ["acme/repo-3"],
    "undo": ["--confirm"],
    "rollback-to-percentage": ["3"],
    "hold": ["looking at the errors"],
    "note": ["the status page is red"],
    "preview": ["50"],
    "explain": ["acme/repo-1"],
}


@pytest.fixture
def run(rollout, console_env):
    return lambda *arguments: run_within(console_env, *arguments)


@pytest.mark.parametrize(("kind", "form"), [("embedded", []), ("supabase", ["--json"])])
def test_every_command_is_a_verb_that_says_something_and_prints_json_when_asked(rollout, run, form):
    rollout.report(good=30, bad=1)  # so that each list has an item
    for verb in VERBS:
        if verb in ENDLESS | PRACTICE:
            continue
        done = run(verb, *form, *ARGUMENTS.get(verb, []))
        assert (done.returncode, done.stderr) == (0, ""), verb
        assert done.stdout.strip(), verb
        if form:
            assert [json.loads(line) for line in done.stdout.splitlines()], verb
            assert done.stdout.isascii(), "raw text of others"


def test_json_is_what_the_client_returns(rollout, run):
    status = json.loads(run("status", "--json").stdout)
    assert set(status) == set(rollout.client.status().to_dict())
    assert (status["rollout_percentage"], status["total_repositories"]) == (20, 100)
    rows = [json.loads(line) for line in run("history", "3", "--json").stdout.splitlines()]
    assert rows == rollout.client.history(3).to_dict()["entries"]
    change = json.loads(run("set", "30", "phase 7", "--json").stdout)
    assert (change["changed"], change["change"]["reason"]) == (True, "phase 7")


@pytest.mark.parametrize("spelling", ["stop", "emergencyStop", "emergency-stop", "EMERGENCYSTOP"])
def test_the_stop_is_understood_as_at_the_prompt_with_its_reason(rollout, run, spelling):
    done = run(spelling, "db is down")
    assert done.returncode == Exit.DONE
    assert done.stdout.startswith(f" hybrid_progressive_capture on {rollout.client.adapter.target}\n")
    assert "when ready: rollout-console resume, or lower: rollout-console resume 5" in done.stdout
    assert rollout.client.status().emergency_stop_reason == "db is down"


def test_an_undo_that_raises_traffic_prints_the_verb_that_does_it(rollout, run):
    change = rollout.client.rollback_to_zero().change.short_id
    refused = run("undo", change)
    assert refused.returncode == Exit.FAILED
    assert f'to do it, type rollout-console undo "{change}" --confirm' in refused.stdout + refused.stderr
    assert run("undo", change, "--confirm").returncode == Exit.DONE
    assert rollout.client.status().rollout_percentage == 20


def test_what_may_be_left_out_can_be_given_by_name_or_in_its_place(rollout, run):
    rollout.client.emergency_stop("first")
    assert run("resume", "--reason", "by name").returncode == 0
    rollout.client.emergency_stop("again")
    assert run("resume", "5", "in its place").returncode == 0
    assert [e.reason for e in rollout.client.history(4).entries][::2] == ["in its place", "by name"]
    assert run("set", "10 %").returncode == 0
    assert rollout.client.status().rollout_percentage == 10


def test_r17_what_is_switched_off_in_the_shell_ends_when_it_is_told_to(rollout, run):
    done = run("hold", "looking", "--until", "2h")
    assert (done.returncode, done.stderr) == (0, "")
    assert "HELD until " in done.stdout
    done = run("disable-auto-rollback", "maintenance", "--until", "tomorrow 09:00", "--json")
    off = json.loads(done.stdout)["status"]
    status = rollout.client.status()
    assert 7100 < (status.held_until - status.held_at).total_seconds() < 7300
    assert (off["auto_rollback_enabled"], f"{status.breaker_off_until:%H:%M}") == (False, "09:00")
    refused = run("hold", "looking", "--until", "soon")
    assert (refused.returncode, refused.stdout) == (Exit.FAILED, "")
    assert 'type rollout-console hold "looking" --until "2h"' in refused.stderr
    assert rollout.client.status().held_until == status.held_until


def test_the_story_of_an_incident_goes_into_a_file_as_markdown(rollout, run):
    rollout.client.note("see rollout.history() <b>")
    done = run("timeline", "--since", "2h", "--markdown")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("# Incident: hybrid\\_progressive\\_capture, ")
    assert "see rollout.history\\(\\) &lt;b&gt;" in done.stdout
    shown = run("timeline", "2h")
    assert "see rollout.history() <b>" in shown.stdout
    assert run("timeline", "soon").returncode == Exit.FAILED


@pytest.mark.parametrize("hours", ["24,48", "24, 48", "[24, 48]"])
def test_r17_the_hours_of_each_step_are_a_list(rollout, run, hours):
    done = run("plan", "--steps", "50,100", "--hours", hours, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [(step.percentage, step.hours) for step in rollout.client.plan().steps] == [(50, 24), (100, 48)]


@pytest.mark.parametrize(("on", "off"), [("True", "False"), ("true", "false")])
def test_a_switch_is_written_as_at_the_prompt_or_as_in_json(rollout, run, on, off):
    for word, value in ((on, True), (off, False)):
        assert run("configure", "--follow-jobs", word).returncode == 0
        assert rollout.client.status().follow_jobs is value


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (["set", "150"], Exit.FAILED, "a percentage is a whole number from 0 to 100, not 150"),
        (["set", "ten"], Exit.FAILED, "type for example rollout-console set 10"),
        (["set", "-1"], Exit.FAILED, "a percentage is a whole number"),
        (["history", "few"], Exit.FAILED, "type rollout-console history 20"),
        (["explain", "no/such"], Exit.FAILED, "unknown repository: no/such"),
        (["rollback-to-percentage", "50"], Exit.FAILED, "a rollback only lowers"),
        (["undo", "zzz"], Exit.FAILED, "to see the changes, type rollout-console history"),
        (["resumee"], Exit.WRONG_USE, "nothing was done: type rollout-console resume"),
        (
            ["set"],
            Exit.WRONG_USE,
            "the following arguments are required: percentage; type rollout-console set --help\n",
        ),
        (["status", "--jsn"], Exit.WRONG_USE, "unrecognized arguments: --jsn; type rollout-console status --help\n"),
        (
            ["advance", "--force", "True", "checked"],
            Exit.WRONG_USE,
            "True is no text: a switch stands alone; type rollout-",
        ),
        (["-c", "1", "set", "30"], Exit.WRONG_USE, "leave out -c or the command"),
        (["--target", "nowhere", "status"], Exit.FAILED, "there is no target 'nowhere'"),
        (["--target", "nowhere"], Exit.FAILED, "there is no target 'nowhere'"),
        (["--target", "nowhere", "-c", "n = 1"], Exit.FAILED, "there is no target 'nowhere'"),
        (["--target", "nowhere", "-c", "rollout.status()"], Exit.FAILED, "there is no target 'nowhere'"),
        (["--target", "", "set", "50"], Exit.WRONG_USE, "argument --target: the name is empty, nothing was done; type"),
    ],
)
def test_r13_what_fails_changes_nothing_and_says_so_in_the_exit_status_and_on_standard_error(
    rollout, run, arguments, status, line
):
    rows = rollout.history_rows()
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert line in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert rollout.history_rows() == rows


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_a_stop_that_fails_says_not_stopped_and_how_to_stop_by_hand(console_env):
    console_env |= {"SUPABASE_URL": "", "ROLLOUT_DATABASE_URL": "postgresql://me@127.0.0.1:1/app"}
    done = run_command(console_env, "stop", "db is down")
    assert done.returncode == Exit.FAILED
    assert "NOT STOPPED" in done.stderr
    assert "update public.rollout_configuration set emergency_stop = true where feature_name = " in done.stderr


@pytest.mark.parametrize("kind", ["postgres15"], indirect=True)
def test_r18_a_stop_is_made_where_dot_env_cant_be_read_and_that_is_said(rollout, run, console_env):
    Path(console_env["HOME"], ".env").write_bytes(b"ROLLOUT_OPERATOR=J\xfcrgen\n")
    done = run("stop", "errors")
    assert done.returncode == Exit.DONE
    assert done.stderr == ".env in the working folder can't be read (it is not in UTF-8), and counts for nothing\n"
    assert rollout.client.status().emergency_stop


@pytest.mark.parametrize("kind", ["postgres15"], indirect=True)
@pytest.mark.parametrize("closed", [">&-", "2>&-"])
@pytest.mark.parametrize("stop", ["stop x", "-c 'rollout.emergencyStop(\"x\")'"])
def test_r18_a_stop_is_made_though_nothing_can_be_said_of_it(rollout, console_env, stop, closed):
    arguments = ["/bin/sh", "-c", f"{CONSOLE} {stop} {closed}"]
    done = subprocess.run(arguments, env=console_env, cwd=console_env["HOME"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (Exit.DONE, "")
    assert rollout.client.status().emergency_stop


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
@pytest.mark.parametrize("stop", [("stop", "db is down"), ("-c", 'rollout.emergencyStop("x")')])
def test_a_stop_on_a_target_whose_key_is_gone_says_not_stopped_and_how_by_hand_with_its_feature(console_env, stop):
    write_targets(console_env, '[production]\nfeature = "other"\ndatabase_url = "env:GONE"')
    done = run_command(console_env, "--target", "production", *stop)
    assert done.returncode == Exit.FAILED
    assert "NOT STOPPED" in done.stderr
    assert "feature_name = 'other'" in done.stderr


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_a_prompt_opens_on_a_target_that_cant_be_used_and_says_not_stopped(console_env, terminal):
    write_targets(console_env, '[production]\nfeature = "other"\ndatabase_url = "env:GONE"')
    console = terminal(command=f"{CONSOLE} --target production")
    console.wait_for("set GONE, then start again")
    console.type('rollout.emergencyStop("x")')
    console.wait_for("NOT STOPPED")
    console.wait_for("feature_name = 'other'")


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
@pytest.mark.parametrize(
    ("target", "named"), [("production", "'other'"), ("staging", "'NAME OF THE FEATURE'"), ("prod", "'NAME OF THE")]
)
def test_how_to_stop_by_hand_names_no_feature_that_the_target_may_not_have(console_env, target, named):
    write_targets(console_env, '[production]\nfeature = "other"\ncolour = "pink"\n[staging]\nfeatur = "third"')
    done = run_command(console_env, "--target", target, "stop", "db is down")
    assert "NOT STOPPED" in done.stderr
    assert f"feature_name = {named}" in done.stderr
    assert "hybrid_progressive_capture" not in done.stderr


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_a_feature_that_no_database_can_hold_is_refused_and_how_to_stop_by_hand_leaves_its_place_open(console_env, run):
    console_env["ROLLOUT_FEATURE"] = os.fsdecode(b"caf\xe9")  # in Latin-1
    done = run("stop", "db is down")
    assert "no feature can be named 'caf\\udce9'; correct its name, then start again" in done.stderr
    assert "NOT STOPPED" in done.stderr
    assert "feature_name = 'NAME OF THE FEATURE'" in done.stderr


def test_watch_as_json_is_a_line_for_each_look_until_ctrl_c(rollout, console_env):
    watch = start_command(console_env, "watch", "0.5", "--json")
    try:
        assert json.loads(watch.stdout.readline())["rollout_percentage"] == 20
        rollout.client.set_rollout(33)
        while json.loads(watch.stdout.readline())["rollout_percentage"] != 33:
            pass
        watch.send_signal(signal.SIGINT)
        rest, errors = watch.communicate(timeout=20)
    finally:
        watch.kill()
    assert (watch.returncode, errors) == (0, "")
    assert all("rollout_percentage" in json.loads(line) for line in rest.splitlines())


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_target_may_stand_on_either_side_of_the_command(rollout, console_env):
    write_targets(console_env, '[staging]\ndatabase_url = "env:STAGING"\nread_only = true')
    console_env |= {"STAGING": console_env.pop("ROLLOUT_DATABASE_URL")}
    for arguments in (["--target", "staging", "status", "--json"], ["status", "--json", "--target", "staging"]):
        assert json.loads(run_command(console_env, *arguments).stdout)["target"] == "staging (read-only)"


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
@pytest.mark.parametrize("arguments", [["--version"], ["completion", "bash"], ["set", "--help"], ["--help"]])
def test_what_needs_no_database_asks_none(console_env, arguments):
    console_env |= {"ROLLOUT_DATABASE_URL": "postgresql://nowhere.invalid/app", "ROLLOUT_TARGET": "nowhere"}
    assert run_command(console_env, *arguments).returncode == 0


@pytest.fixture
def completed(console_env):
    """Completes a line in bash, with what `rollout-console completion bash` prints, and returns the candidates."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash")
    write_targets(console_env, "[staging]\n[production]")
    folder = Path(sys.executable).parent

    def complete(line: str) -> list[str]:
        words = line.split(" ")
        script = (
            'eval "$(rollout-console completion bash)"; '
            f"COMP_LINE={line!r}; COMP_POINT=${{#COMP_LINE}}; COMP_TYPE=9; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; "
            f'_python_argcomplete rollout-console "{words[-1]}" "{words[-2]}"; printf "%s\\n" "${{COMPREPLY[@]}}"'
        )
        done = subprocess.run(
            [bash, "-c", script], env={**console_env, "PATH": f"{folder}:{os.environ['PATH']}"}, capture_output=True,
            text=True, timeout=60, check=True,
        )  # fmt: skip
        return done.stdout.split()

    return complete


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_bash_completes_commands_options_and_targets(completed):
    assert set(completed("rollout-console ")) >= {*(v for v, c in VERBS.items() if c.listed), "monitor", "setup"}
    assert completed("rollout-console emer") == [], "the prompt's spelling works, but is not offered"
    assert set(completed("rollout-console set --")) >= {"--json", "--reason", "--target"}
    assert set(completed("rollout-console --target ")) == {"staging", "production"}


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_code_that_asks_the_console(console_env, shell):
    code = run_command(console_env, "completion", shell).stdout
    assert "_ARGCOMPLETE" in code
    assert "rollout-console" in code


def test_the_man_page_is_one_that_man_can_show():
    man = shutil.which("man")
    if man is None or shutil.which("col") is None:
        pytest.skip("no man, or not all that it calls")
    done = subprocess.run([man, "--warnings", "-l", str(ROOT / "docs" / "rollout-console.1")], capture_output=True,
                          text=True, env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"}, check=True)  # fmt: skip
    assert done.stderr == ""
    shown = " ".join(done.stdout.split())  # justified
    for verb, command in VERBS.items():
        assert (f"rollout-console {verb}" in shown) == command.listed


@pytest.mark.parametrize("program", [["verify"], ["verify", "--way-out"], ["setup"], ["monitor", "--every", "9"]])
def test_r13_a_program_says_what_the_shell_can_run(console_env, program):
    wrong = {"ROLLOUT_DATABASE_URL": "postgresql://me@127.0.0.1:1/app", "SUPABASE_URL": "", "ROLLOUT_ALERT_URLS": ""}
    once = ["--once"] if program[0] == "monitor" else []
    done = run_within(console_env | wrong, *program, *once)
    said = done.stdout + done.stderr
    assert done.returncode in (Exit.FAILED, 3)
    assert "rollout-console status" in said
    assert "rollout.status()" not in said
