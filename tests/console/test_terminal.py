"""The console in a real terminal: pastes with and without brackets, R12, R14, the profile."""

from __future__ import annotations

import re
import sys
import time

import psycopg
import pytest

from rollout_console.shell.caution import READING
from tests.support.terminal import PYTHON

CONSOLE_COMMANDS = """\
// Status and monitoring
rollout.status()                    // Show current rollout status
rollout.stats()                     // Show detailed statistics
rollout.categories()                // Show repository categories
rollout.checkHealth()               // Manual health check + auto-rollback

// Rollout control
rollout.setRollout(percentage)      // Update rollout percentage (0-100)
rollout.emergencyStop(reason?)      // Emergency stop rollout
rollout.resume()                    // Resume rollout after emergency stop

// Repository management
rollout.categorizeAll()             // Categorize all repositories
rollout.addToWhitelist([ids])       // Add repositories to whitelist
rollout.removeFromWhitelist([ids])  // Remove from whitelist
rollout.showWhitelist()             // Show current whitelist

// Safety controls
rollout.enableAutoRollback()        // Enable automatic rollback
rollout.disableAutoRollback()       // Disable automatic rollback
rollout.rollbackToPercentage(pct)   // Manual rollback to percentage
rollout.rollbackToZero()            // Emergency rollback to 0%
"""

STOP_RECOVERY = """\
   ```bash
   # Check status
   rollout.status()
   
   # Clear emergency stop when ready
   rollout.resume()
   
   # Start with lower percentage
   rollout.setRollout(5)
   ```
"""  # noqa: W293 - as it stands in the manual

ERROR_RECOVERY = """\
   ```bash
   # Manual rollback
   rollout.rollbackToZero()
   
   # Investigate issues
   rollout.stats()
   
   # Resume when fixed
   rollout.setRollout(5)
   ```
"""  # noqa: W293


READ_FIRST = "would raise what was lowered just now. Read first; to go on: rollout."
TO_GO_ON = "to go on: rollout."  # its end, which no terminal folds


def unfolded(screen: str) -> str:
    """Return what is on a screen on one line, wherever the terminal has folded it."""
    return " ".join(screen.split())


@pytest.fixture
def console(terminal):
    opened = terminal(width=120, height=60)
    opened.wait_for("▸")
    return opened


@pytest.mark.dependencies
@pytest.mark.parametrize("bracketed", [True, False], ids=["bracketed", "line by line"])
def test_r14_the_manuals_console_commands_paste_as_they_stand(rollout, console, bracketed):
    console.paste(CONSOLE_COMMANDS, bracketed=bracketed)
    screen = console.wait_for("20 % → 0 %")
    for once in ("averages per repository", READ_FIRST + "resume()", "auto-rollback is OFF", "whitelist: empty"):
        assert unfolded(screen).count(once) == 1, once
    for placeholder in ("percentage", "ids", "pct"):
        assert f"{placeholder} is a placeholder; nothing was done" in screen
    assert "Error" not in screen
    assert "Traceback" not in screen
    status = rollout.client.status()
    assert (status.rollout_percentage, status.emergency_stop, status.auto_rollback_enabled) == (0, True, False)


@pytest.mark.parametrize("bracketed", [True, False], ids=["bracketed", "line by line"])
def test_r14_the_manuals_recovery_after_a_stop(rollout, console, bracketed):
    rollout.client.emergency_stop("before the recovery")
    console.paste(STOP_RECOVERY, bracketed=bracketed)
    screen = console.wait_for("20 % → 5 %")
    assert screen.count("STOPPED (20 % is kept)") == 1  # the prompt says STOPPED, too
    assert screen.count("resumed at 20 %") == 1
    assert "Error" not in screen


@pytest.mark.parametrize("bracketed", [True, False], ids=["bracketed", "line by line"])
def test_r14_the_manuals_recovery_from_a_high_error_rate(rollout, console, bracketed):
    rollout.report(good=10, bad=5)
    console.paste(ERROR_RECOVERY, bracketed=bracketed)
    screen = console.wait_for(TO_GO_ON + "setRollout(5)")
    assert READ_FIRST + "setRollout(5)" in unfolded(screen)
    assert screen.count("success metric") == 1
    assert rollout.client.status().rollout_percentage == 0
    time.sleep(READING)
    console.type("rollout.setRollout(5)")
    console.wait_for("0 % → 5 %")
    rollout.report(good=20)
    assert rollout.client.check_health().action == "none"
    assert rollout.client.status().rollout_percentage == 5


def test_r14_the_manuals_emergency_procedures(rollout, console):
    for line in ('rollout.emergencyStop("reason")', "rollout.rollbackToZero()", "rollout.resume()"):
        console.type(line)
    assert READ_FIRST + "resume()" in unfolded(console.wait_for(TO_GO_ON + "resume()"))
    time.sleep(READING)
    console.type("rollout.resume()")
    console.wait_for("resumed at 0 %")
    assert [e.command for e in rollout.client.history(3).entries] == [
        "resume", "rollbackToZero", "emergencyStop",
    ]  # fmt: skip


@pytest.mark.parametrize("bracketed", [True, False], ids=["bracketed", "line by line"])
def test_r14_what_raises_nothing_is_done_in_the_paste_that_lowered(rollout, console, bracketed):
    lines = 'hold("look")', "rollbackToPercentage(5)", "release()", "configure(monitoring_window_hours=1)", "undo()"
    console.paste("".join(f"rollout.{line}\n" for line in lines), bracketed=bracketed)
    console.wait_for("undone: configure")
    status = rollout.client.status()
    assert (status.rollout_percentage, status.held_reason, status.monitoring_window_hours) == (5, None, 24)


def test_r14_a_lowering_that_there_was_time_to_read_refuses_no_raise(rollout, console):
    console.type('rollout.emergencyStop("x")')
    console.wait_for("all traffic is halted")
    for number in range(1001, 1005):
        time.sleep(READING / 3)  # as somebody types fast, and by no means a paste
        console.type(f"{number} + 1000")
        console.wait_for(str(number + 1000))
    time.sleep(READING / 3)
    console.type("rollout.resume()")
    console.wait_for("resumed at 20 %")


@pytest.mark.dependencies
def test_r14_javascript_and_what_only_looks_like_it(console):
    console.type("const s = await rollout.setRollout(30); // don't panic")
    console.wait_for("20 % → 30 %")
    console.type("s.status.rollout_percentage // 4")
    console.wait_for("]: 7")
    console.type('print("a // b; const c")')
    console.wait_for("\na // b; const c")


def test_r12_the_value_is_kept_and_shown_again_only_when_asked_for(console):
    console.type("rollout.setRollout(30)")
    report = "20 % → 30 %; 30 of 100 repositories"  # the toolbar has the change, too
    console.wait_for(report, times=1)
    console.type("_.status.rollout_percentage + 1000")
    console.wait_for("]: 1030")
    assert console.screen().count(report) == 1
    console.type("Out[1]")
    console.wait_for(report, times=2)


def test_r13_errors_at_the_prompt_are_one_line_and_the_prompt_lives(console):
    console.type("rollout.emergencyStop(errors in the logs)")
    console.wait_for('rollout.emergencyStop("errors in the logs")')
    console.type("rollout.setRollout(150)")
    console.wait_for("whole number from 0 to 100")
    console.type("rollout.status")
    screen = console.wait_for("Nothing was done: type rollout.status()")
    assert "Traceback" not in screen
    assert "SyntaxError" not in screen
    console.type("1/0")
    console.wait_for("ZeroDivisionError", times=2)


@pytest.mark.dependencies
def test_ctrl_c_during_a_command_is_one_line(rollout, console):
    with psycopg.connect(rollout.url) as holder:
        holder.execute("select * from rollout_configuration for update")  # a lock that the command waits for
        console.type("rollout.setRollout(31)")
        console.wait_for("rollout.setRollout(31)")
        time.sleep(1)
        console.key("C-c")
        console.wait_for("type rollout.status()")
    console.type("rollout.status()")
    # Over HTTP the request is on its way and can't be called back, so the line above sends the operator to look.
    screen = console.wait_for(" % in effect")
    assert re.search(f"{'(20|31)' if rollout.kind == 'supabase' else '20'} % set, ", screen)
    assert not re.search("Traceback|KeyboardInterrupt", screen)


@pytest.mark.dependencies
def test_the_installed_profile_opens_the_console_in_plain_ipython(terminal, console_env):
    import subprocess

    subprocess.run(
        [sys.executable, "-m", "rollout_console", "install-profile"],
        env=console_env,
        check=True,
        capture_output=True,
    )
    plain = terminal(command=f"{PYTHON} -m IPython --profile=rollout --no-banner")
    plain.wait_for("▸")
    plain.type("rollout.status()")
    plain.wait_for("20 % set, 20 % in effect")


@pytest.mark.dependencies
def test_the_extension_loads_into_any_ipython_and_leaves_it(terminal):
    plain = terminal(command=f"{PYTHON} -m IPython --no-banner")
    plain.wait_for("In [")
    plain.type("%load_ext rollout_console")
    plain.type("rollout.setRollout(33) // now")
    plain.wait_for("20 % → 33 %")
    plain.type("%reload_ext rollout_console")
    plain.type("rollout.setRollout(34)")
    plain.wait_for("33 % → 34 %")
    plain.type("%unload_ext rollout_console")
    plain.type("rollout")
    screen = plain.wait_for("NameError")
    assert screen.count("Traceback") == 1, screen


def test_what_is_left_open_at_the_prompt_is_stopped_or_answered(rollout, console):
    console.type("rollout.setRollout(50")
    console.key("Enter")
    said = unfolded(console.wait_for("rollout.setRollout(50)"))
    assert "is open; nothing was done: type rollout.setRollout(50)" in said
    console.type('rollout.note("abc')
    console.key("Enter")
    said = unfolded(console.wait_for('rollout.note("abc")'))
    assert 'is open; nothing was done: type rollout.note("abc")' in said
    console.type('$ rollout-console set 60 "phase 7"')
    said = unfolded(console.wait_for('rollout.setRollout(60, "phase 7")'))
    assert 'nothing was done: type rollout.setRollout(60, "phase 7")' in said
    console.type("node scripts/rollout/monitor-phase6.js")
    said = unfolded(console.wait_for("monitor-phase6.js is for a shell;"))
    assert "nothing was done: type !rollout-console monitor" in said
    assert rollout.client.status().rollout_percentage == 20
    console.type('rollout.emergencyStop("errors in the logs')
    console.wait_for("Reason: errors in the logs")
    assert "SyntaxError" not in console.screen()


def test_the_grey_text_offers_the_stop_and_nothing_that_raises(console):
    console.type("rollout.setRollout(10)")
    console.wait_for("20 % → 10 %")
    console.type("rollout.stats()")
    console.wait_for("unit costs not set")
    console.write("rollout.set")
    time.sleep(0.5)
    assert "setRollout" not in console.cursor_line()
    console.write("\x15rollout.e")
    time.sleep(0.5)
    assert "rollout.emergencyStop(" in console.cursor_line()
