"""Keeps an answer of the database fresh in the background, for the prompt and the dashboard."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from rollout_console.errors import in_a_line

T = TypeVar("T")
# Takes the change that is known, seconds, and what says whether nobody waits any more; returns the newest change.
Wait: TypeAlias = Callable[["str | None", float, Callable[[], bool]], "str | None"]

LISTENED = 60.0  # seconds after which a listener asks, whether it has heard of a change or not
LONGEST_PAUSE = 5.0  # seconds between two attempts while the database can't be reached: it recovers within 10 s


@dataclass(frozen=True)
class Snapshot(Generic[T]):
    """The newest answer, and how old it is.

    Attributes:
        value: the answer; None before the first.
        fetched: when it came, on the monotonic clock, in seconds.
        problem: why there is no newer one; None if the last attempt succeeded.
    """

    value: T | None = None
    fetched: float = 0.0
    problem: str | None = None

    def age(self) -> float:
        """Return how old the answer is, in seconds."""
        return time.monotonic() - self.fetched


class Refresher(Generic[T]):
    """Fetches an answer at an interval, in a thread of its own.

    Args:
        fetch: returns the answer or raises; whatever it raises is the snapshot's problem.
        every: seconds between two attempts.
        changed: called after each attempt, in the refresher's thread.
        longest: seconds up to which the pause grows while attempts fail.
        wait: waits for another change than a known one, at most so many seconds or until it is stopped, and returns
            the newest; with it, a change is fetched as it happens, and the interval is the net.

    Attributes:
        snapshot: what is known; replaced as a whole, so that any thread may read it.
    """

    def __init__(
        self,
        fetch: Callable[[], T],
        every: float,
        changed: Callable[[], None],
        *,
        longest: float = LONGEST_PAUSE,
        wait: Wait | None = None,
    ) -> None:
        self.snapshot: Snapshot[T] = Snapshot()
        self._fetch = fetch
        self._every = every
        self._changed = changed
        self._longest = longest
        self._wait = wait
        self._wake = threading.Event()
        self._stopped = threading.Event()

    def elsewhere(self, fetch: Callable[[], T], wait: Wait | None = None) -> Refresher[T]:
        """Return one like this that fetches, and waits, by other calls; it has to be started."""
        return Refresher(fetch, self._every, self._changed, longest=self._longest, wait=wait)

    def start(self) -> None:
        """Begin; the threads end with the program at the latest."""
        threading.Thread(target=self._run, name="refresher", daemon=True).start()
        if self._wait is not None:
            threading.Thread(target=self._listen, args=(self._wait,), name="listener", daemon=True).start()

    def refresh(self) -> None:
        """Fetch now, for example after a change."""
        self._wake.set()

    def learn(self, value: T) -> None:
        """Take an answer that came by another call, for example that of a command."""
        self.snapshot = Snapshot(value, time.monotonic())

    def stop(self) -> None:
        """End, at the latest after the attempt that is under way."""
        self._stopped.set()
        self._wake.set()

    def _listen(self, wait: Wait) -> None:
        newest = None
        while not self._stopped.is_set():
            try:
                known, newest = newest, wait(newest, LISTENED, self._stopped.is_set)
            except Exception:  # the fetch meets it, too, and says so
                self._stopped.wait(self._every)
                continue
            if newest != known:
                self.refresh()

    def _run(self) -> None:
        pause = self._every
        while not self._stopped.is_set():
            begun = time.monotonic()
            try:
                value = self._fetch()
                if self.snapshot.fetched < begun:  # else a command has answered meanwhile, of a later moment
                    self.learn(value)
                pause = self._every
            except Exception as error:  # whatever it is: a thread that dies would show an old answer as the newest
                known = self.snapshot
                self.snapshot = Snapshot(known.value, known.fetched, in_a_line(error))
                pause = min(max(self._longest, self._every), pause * 2)
            self._changed()
            self._wake.wait(pause)
            self._wake.clear()
