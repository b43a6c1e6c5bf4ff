"""Keeps the dashboard's picture of the rollout fresh, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from rollout_console.client import RolloutClient
from rollout_console.errors import RolloutError
from rollout_console.results import Overview

LONGEST_PAUSE = 30.0  # seconds between attempts while the database is away


@dataclass(frozen=True)
class Picture:
    """What is known, and how old it is.

    Attributes:
        overview: the newest answer; None before the first.
        fetched: when it came, on the monotonic clock.
        problem: why there is no newer one; None if all is well.
    """

    overview: Overview | None = None
    fetched: float = 0.0
    problem: str | None = None

    def age(self) -> float:
        """Return the age of the overview in seconds."""
        return time.monotonic() - self.fetched


class Feed:
    """Asks for an overview at an interval, and calls back after each attempt."""

    def __init__(self, client: RolloutClient, every: float, changed: Callable[[], None]) -> None:
        self.picture = Picture()
        self._client = client
        self._every = every
        self._changed = changed
        self._wake = threading.Event()
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin; the thread ends with the program."""
        threading.Thread(target=self._run, name="dashboard-feed", daemon=True).start()

    def refresh(self) -> None:
        """Ask now, for example after a change."""
        self._wake.set()

    def stop(self) -> None:
        """End after the attempt that is under way."""
        self._stopped.set()
        self._wake.set()

    def _run(self) -> None:
        pause = self._every
        while not self._stopped.is_set():
            try:
                self.picture = Picture(self._client.overview(), time.monotonic())
                pause = self._every
            except RolloutError as error:
                # What was known stays on screen, with its age.
                self.picture = Picture(self.picture.overview, self.picture.fetched, str(error))
                pause = min(LONGEST_PAUSE, pause * 2)
            self._changed()
            self._wake.wait(pause)
            self._wake.clear()
