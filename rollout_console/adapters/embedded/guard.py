"""Stops the practice server after a console that was killed, if it was the last: `python -m … HOME` does it."""

from __future__ import annotations

import atexit
import subprocess
import sys
from pathlib import Path
from typing import Any

# Waits until the console at the other end of its input is gone, however it went, and only then costs a Python.
WAIT = 'cat >/dev/null; exec "$0" -m rollout_console.adapters.embedded.guard "$1"'


def stand_by(home: Path) -> None:
    """Start a process that outlives this one and stops the server then; a console that leaves in order ends it first.

    Args:
        home: the folder that holds the server's data folder.
    """
    guard = subprocess.Popen(
        ["/bin/sh", "-c", WAIT, sys.executable, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a terminal that closes does not end it
    )
    atexit.register(_dismiss, guard)


def _dismiss(guard: subprocess.Popen[Any]) -> None:
    guard.kill()
    guard.wait()


if __name__ == "__main__":
    from rollout_console.adapters.embedded.server import Server

    Server(Path(sys.argv[1])).leave()
