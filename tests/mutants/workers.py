"""Processes that run the tests, each with a server of its own; one that hangs is ended, with its server, and replaced."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

import psutil

from tests.support import ROOT, tools

PATIENCE = 120  # seconds without a word from a worker, after which what it runs never ends


class Hangs(Exception):
    """A worker said nothing for too long, or ended; a new one takes its place. The text is the test that it ran."""


class Worker:
    """A process of pytest that answers one question at a time.

    Args:
        chosen: further arguments of pytest, which choose its tests.
    """

    def __init__(self, *chosen: str) -> None:
        self._chosen = chosen
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, do: str, **more: Any) -> Any:
        """Return the answer to a question, as a method of `plugin.Loop` with this name gives it.

        Raises:
            Hangs: there is none.
        """
        if self._process is None:
            self._start()
        running = do
        try:
            self._parent.send({"do": do, **more})
            while self._parent.poll(PATIENCE):
                what, answer = self._parent.recv()
                if what == "answer":
                    return answer
                running = answer
        except (EOFError, OSError):
            print((self._folder / "log").read_text()[-2000:], file=sys.stderr)
        self.stop()
        raise Hangs(running)

    def _start(self) -> None:
        # In memory where that is to be had, as the servers of the tests are.
        memory = Path("/dev/shm")
        self._folder = Path(tempfile.mkdtemp(prefix="rollout-mutants-", dir=memory if memory.is_dir() else None))
        self._folder.chmod(0o755)
        tools.packages()
        with Listener(str(self._folder / "socket")) as listener:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pytest", "-p", "tests.mutants.plugin", "-n0", "-p", "no:cacheprovider",
                 "--mutants-from", listener.address, "--mutants-folder", str(self._folder), "tests/rules",
                 *self._chosen],
                cwd=ROOT, stdout=(self._folder / "log").open("w"), stderr=subprocess.STDOUT,
            )  # fmt: skip
            self._parent: Connection = listener.accept()

    def stop(self) -> None:
        """End the process and its server, and remove their files."""
        if self._process is None:
            return
        with suppress(OSError):
            self._parent.send(None)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        with suppress(psutil.NoSuchProcess):
            everyone = psutil.Process(self._process.pid).children(recursive=True)
            self._process.kill()
            for process in everyone:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(everyone, timeout=10)
        self._process.wait()
        self._parent.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._process = None
