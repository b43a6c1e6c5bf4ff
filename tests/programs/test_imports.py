"""What is asked decides what is imported: each of these processes leaves alone what it does not use."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from tests.support.terminal import Terminal, console_environment

pytestmark = pytest.mark.dependencies

# Runs the command line, and writes which modules were loaded when it ended, or when the prompt had been drawn and
# the first thread of ours began.
RECORDED = """
import sys, threading

def record():
    with open(sys.argv[1], "x") as file:
        file.write("\\n".join(sys.modules))

def start(thread, begin=threading.Thread.start):
    if thread.name == "refresher":
        record()
    begin(thread)

threading.Thread.start = start
from rollout_console.cli.main import main
try:
    status = main(sys.argv[2:])
finally:
    if sys.argv[2:]:
        record()
sys.exit(status)
"""
NOWHERE = "postgresql://me@127.0.0.1:1/app"
PROMPT = {"IPython", "prompt_toolkit", "traitlets", "pygments"}
HTTP = {"supabase", "httpx", "postgrest", "ssl"}
DATABASE = {"psycopg"}
RESULTS = {"msgspec", "typing_extensions", "tabulate"}
PARSER = {"errors", "exit_status", "cli", "cli.main", "cli.parser", "cli.verb_names"}
LATER = {"results.public", "render.every", "migrate", "targets", "monitor", "dashboard", "adapters.supabase"}


@pytest.fixture
def env(tmp_path):
    return console_environment(tmp_path, ROLLOUT_DATABASE_URL=NOWHERE)


def loaded(env, tmp_path, *arguments: str) -> tuple[set[str], set[str]]:
    """Run the command line, and return the modules of others at the top, and ours."""
    command = [sys.executable, "-c", RECORDED, str(tmp_path / "modules"), *arguments]
    if arguments:
        subprocess.run(command, env=env, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    else:
        terminal = Terminal(env, f"cd {shlex.quote(str(tmp_path))} && {shlex.join(command)}")
        terminal.wait_for("can't be reached")  # in the toolbar: its thread has begun
        terminal.close()
    names = (tmp_path / "modules").read_text().split()
    ours = {name.removeprefix("rollout_console.") for name in names if name.startswith("rollout_console.")}
    return {name.partition(".")[0] for name in names}, ours


@pytest.mark.parametrize("argument", ["--version", "-h"])
def test_what_is_only_asked_of_the_parser_loads_the_parser(env, tmp_path, argument):
    others, ours = loaded(env, tmp_path, argument)
    assert ours == PARSER
    assert not others & (
        PROMPT | HTTP | DATABASE | RESULTS | {"asyncio", "argcomplete", "inspect", "dataclasses", "typing"}
    )


def test_a_stop_loads_its_driver_and_before_it_is_made_no_results(env, tmp_path):
    others, ours = loaded(env, tmp_path, "stop", "errors in the logs")
    assert others >= DATABASE
    assert not others & (PROMPT | {"supabase", "httpx", "postgrest", "argcomplete", "msgspec", "tabulate"})
    assert not ours & (LATER | {"shell", "console.help", "console.reports", "render.live"})


def test_code_that_asks_no_database_loads_nothing_to_ask_it_with(env, tmp_path):
    others, ours = loaded(env, tmp_path, "-c", "1")
    assert others >= {"IPython"}
    assert not others & ((HTTP - {"ssl"}) | DATABASE | RESULTS)
    assert not ours & (LATER | {"cli.verbs", "console.help", "console.reports", "render.live"})


def test_the_first_prompt_waits_for_nothing_that_a_command_needs(env, tmp_path):
    others, ours = loaded(env, tmp_path)
    assert others >= {"IPython"}
    assert not others & ((HTTP - {"ssl"}) | DATABASE | RESULTS)
    assert not ours & (LATER | {"cli.verbs", "console.help", "console.reports", "render.live", "render.status"})
