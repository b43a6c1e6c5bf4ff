"""Waiting for what others do, for as long as a busy machine may take."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from rollout_console.errors import RolloutError

Answer = TypeVar("Answer")


def wait_until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def answer_of(read: Callable[[], Answer]) -> Answer:
    """Ask until the server answers, which has to start, or to become the primary."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return read()
        except RolloutError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
