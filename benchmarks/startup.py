"""Time to the first prompt, and memory of the open console, in a real pseudo-terminal, against plain IPython."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.api import api_over
from benchmarks.ground import Ground
from benchmarks.measure import Row
from tests.support import ROOT
from tests.support.lite import as_url

PLAIN, CONSOLE = ("IPython", b"In ["), ("rollout_console", "▸".encode())
WHERE_IS_THE_CURSOR, TOP_LEFT = b"\x1b[6n", b"\x1b[1;1R"
LEAVE = b"exit\r"


def run(ground: Ground, quick: bool) -> list[Row]:
    rounds = 4 if quick else 15
    database = ground.database()
    database.fill(1_000)
    with tempfile.TemporaryDirectory(prefix="rollout-start-") as folder, api_over(database) as api:
        home = Path(folder)
        home.chmod(0o755)  # the embedded server runs as a user of its own
        common = {**bare_environment(), "HOME": folder, "IPYTHONDIR": str(home / "ipython"), "PYTHONPATH": str(ROOT)}
        targets = {
            "plain": (*PLAIN, common),
            "Supabase": (*CONSOLE, {**common, "SUPABASE_URL": api.url, "SUPABASE_SECRET_KEY": api.secret_key}),
            "embedded": (*CONSOLE, {**common, "ROLLOUT_HOME": str(home / "rollout")}),
            "PostgreSQL": (*CONSOLE, {**common, "ROLLOUT_DATABASE_URL": as_url(database.url)}),
        }
        for target in targets.values():  # profile, data folder and byte code are there
            _open(*target, folder, stay=3.0 if quick else 8.0)
        memory = {name: _open(*target, folder, stay=3.0).megabytes for name, target in targets.items()}
        taken = [{name: _open(*target, folder).seconds for name, target in targets.items()} for _ in range(rounds)]
    ground.drop(database)
    median = {name: 1000 * statistics.median(t[name] for t in taken) for name in targets}
    return [
        row for name in ("Supabase", "embedded", "PostgreSQL") for row in (
            Row(f"time to first prompt, {name}", "plain ipython", median[name], median["plain"], "ms",
                median[name] / median["plain"], 1.05),
            Row(f"memory of an open console, {name}", "plain ipython", memory[name], memory["plain"], "MB",
                memory[name] / memory["plain"], 1.2),
        )
    ]  # fmt: skip


class Opened(NamedTuple):
    """How long a prompt took to appear, and how much memory its process held in the end."""

    seconds: float
    megabytes: float


def bare_environment() -> dict[str, str]:
    ours = ("SUPABASE_", "ROLLOUT_", "HYBRID_", "IPYTHON", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "TERM": "xterm-256color"}


def _open(module: str, prompt: bytes, env: dict[str, str], folder: str, stay: float = 0.0) -> Opened:
    """Start a console, wait for its prompt, leave it, and wait until it is gone."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", module], stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=folder,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        _read(ours, until=prompt, seconds=60)
        taken = time.perf_counter() - begun
        _read(ours, until=None, seconds=max(stay, 0.3))
        held = psutil.Process(process.pid).memory_info().rss
        os.write(ours, LEAVE)
        _read(ours, until=None, seconds=30)
        process.wait(30)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return Opened(taken, held / 2**20)


def _read(terminal: int, until: bytes | None, seconds: float) -> None:
    """Read as a terminal does, which answers where the cursor is, until a text, the end, or the time is up."""
    seen, deadline = b"", time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], deadline - time.monotonic())[0]:
            break
        try:
            read = os.read(terminal, 65536)
        except OSError:  # nobody at the other end
            read = b""
        if not read:
            break
        if WHERE_IS_THE_CURSOR in read:
            os.write(terminal, TOP_LEFT)
        seen += read
        if until is not None and until in seen:
            return
    if until is not None:
        raise RuntimeError(f"no prompt appeared: {seen.decode(errors='replace')}")
