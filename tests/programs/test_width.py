"""What the programs write fits the terminal; in a file each line stays one."""

from __future__ import annotations

import pytest

from tests.support.terminal import CONSOLE, run_command

WIDTH = 60
PROGRAMS = (
    "verify", "migrate", "migrate --status", "setup --dry-run", "monitor --once", "install-profile", "--help",
    "hold --help", "configure --help", "migrate --help", "no-such-command", "dashboard --every inf",
)  # fmt: skip
REASON = "the error rate has doubled since the deployment of this morning; nobody knows why, and the page is red"


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_no_program_writes_a_line_that_is_wider_than_the_terminal(rollout, console_env, terminal):
    rollout.client.note(REASON)
    screen = terminal(command="; ".join(f"{CONSOLE} {words}" for words in PROGRAMS) + "; echo ended", width=WIDTH)
    lines = screen.wait_for("\nended").splitlines()  # those that the terminal had to break are whole
    assert [line for line in lines if len(line) > WIDTH] == []
    assert f"note, by tess@testhost: {REASON}" in run_command(console_env, "monitor", "--once").stdout
