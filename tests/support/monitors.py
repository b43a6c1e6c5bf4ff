"""A monitor in the background, whose log a test waits for."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.terminal import Running, start_command


class Monitor:
    """A monitor in the background; called, it waits for a line with these words."""

    def __init__(self, process: Running) -> None:
        self.process = process
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line)

    def __call__(self, words: str, seconds: float = 30) -> str:
        deadline = time.monotonic() + seconds
        seen = []
        while True:
            try:
                seen.append(self._lines.get(timeout=max(0, deadline - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"no line with {words!r} in:\n{''.join(seen)}") from None
            if words in seen[-1]:
                return seen[-1]


@contextmanager
def monitor(env: dict[str, str], *arguments: str) -> Iterator[Monitor]:
    running = start_command(env, "monitor", "--every", "1s", *arguments)
    try:
        yield Monitor(running)
    finally:
        running.terminate()
        running.wait(30)
