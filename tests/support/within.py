"""`rollout-console` within the tests' own process, which saves a start of Python: for what depends on no process."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from unittest import mock

from rollout_console.cli.main import main

HANDLED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)  # by programs of ours


def run_within(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Return what `run_command` would."""
    here, handlers = Path.cwd(), {number: signal.getsignal(number) for number in HANDLED}
    os.chdir(env["HOME"])
    try:
        with (
            mock.patch.dict(os.environ, env, clear=True),
            mock.patch.object(sys, "argv", ["rollout-console", *arguments]),
            mock.patch.object(sys, "stdin", io.StringIO()),
            contextlib.redirect_stdout(io.StringIO()) as said,
            contextlib.redirect_stderr(io.StringIO()) as complained,
        ):
            status = main()
    finally:
        os.chdir(here)
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return subprocess.CompletedProcess(arguments, status, said.getvalue(), complained.getvalue())
