"""What a monitor has to tell while the database can't be reached: a small file is the outbox then."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

# Those of rollout.delivery_limits(), which can't be asked then.
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 900.0  # seconds before a service that failed is tried again
PATIENCE = 3 * 86400.0  # seconds after which nobody wants to hear of it


class Waiting(msgspec.Struct):
    """An alert that a service has not taken.

    Attributes:
        receiver: the service's id.
        title: of the alert.
        text: of the alert.
        since: when it came, Unix time.
    """

    receiver: str
    title: str
    text: str
    since: float


class Outbox(msgspec.Struct):
    """What the file holds.

    Attributes:
        blind_since: since when the monitor is blind, if it has said so, Unix time.
        waiting: what is not sent yet, the oldest first.
        failures: how often each service has failed in a row, by its id.
        next_try: when each that failed is tried again, by its id, Unix time.
    """

    blind_since: float | None = None
    waiting: list[Waiting] = []
    failures: dict[str, int] = {}
    next_try: dict[str, float] = {}

    def due(self, receiver: str) -> list[Waiting]:
        """Return what can be sent to a service now."""
        if self.next_try.get(receiver, 0) > time.time():
            return []
        return [each for each in self.waiting if each.receiver == receiver]

    def tried(self, receiver: str, sent: list[Waiting], *, failed: bool) -> None:
        """Take note of what a service has taken, and whether it has failed."""
        self.waiting = [each for each in self.waiting if each not in sent and time.time() - each.since < PATIENCE]
        if failed:
            before = self.failures.get(receiver, 0)
            self.failures[receiver] = before + 1
            self.next_try[receiver] = time.time() + min(FIRST_PAUSE * 2.0**before, LONGEST_PAUSE)
        else:
            self.failures.pop(receiver, None)
            self.next_try.pop(receiver, None)

    def retry_seconds(self) -> float | None:
        """Return in how many seconds something can be sent; None if nothing waits."""
        times = [self.next_try.get(each.receiver, 0) - time.time() for each in self.waiting]
        return max(1.0, min(times)) if times else None


class Memory:
    """The file with the outbox, for one monitor at a time; where it can't be written, this process remembers.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unwritten: Outbox | None = None

    def is_empty(self) -> bool:
        """Return whether there is nothing to tell, and nothing was told."""
        return self._unwritten is None and not os.path.exists(self._path)  # Path.exists raises where it may not look

    @contextlib.contextmanager
    def opened(self) -> Iterator[Outbox]:
        """Yield the outbox, and write it down again; others of this machine wait meanwhile."""
        with self._turn():
            outbox = self._unwritten or self._read()
            try:
                yield outbox
            finally:
                self._write(outbox)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        with contextlib.ExitStack() as held:
            with contextlib.suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                lock = held.enter_context(open(self._path.with_suffix(".lock"), "w"))
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _read(self) -> Outbox:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Outbox)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return Outbox()

    def _write(self, outbox: Outbox) -> None:
        written = self._path.with_suffix(".new")
        try:
            if outbox == Outbox():
                self._path.unlink(missing_ok=True)
            else:
                written.write_text(json.dumps(msgspec.to_builtins(outbox)))
                os.replace(written, self._path)
            self._unwritten = None
        except OSError:
            self._unwritten = outbox
