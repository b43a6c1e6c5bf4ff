"""Work in a thread of its own: whoever waits for it can stop waiting, which the work itself may not be able to."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


class TooLate(Exception):
    """The work is not done yet; it goes on."""


class Apart(Generic[T]):
    """Work in a thread that keeps no process from leaving.

    No library limits a name lookup, and some limit neither a connection to several addresses nor an answer that keeps
    trickling in; Ctrl-C can't interrupt those either; and modules whose import it interrupts can't be used until the
    console is started again.

    Args:
        work: what is done once its result is waited for.
        discard: what is done with a result that comes when nobody waits any more.
    """

    def __init__(self, work: Callable[[], T], discard: Callable[[T], object] = lambda late: None) -> None:
        self._work, self._discard = work, discard
        self._box: queue.SimpleQueue[tuple[T, None] | tuple[None, BaseException]] = queue.SimpleQueue()
        self._has_begun = self._is_abandoned = False

    def result(self, seconds: float | None = None) -> T:
        """Return what the work returns, and raise what it raises. Who was too late may ask again.

        Args:
            seconds: for which it is waited for; None for as long as it takes.

        Raises:
            TooLate: it is not done yet.
        """
        if not self._has_begun:
            self._has_begun = True
            try:
                threading.Thread(target=self._run, name="apart", daemon=True).start()
            except RuntimeError:  # none can be started, as while the interpreter ends: then it takes what it takes
                self._run()
        try:
            done, error = self._box.get(timeout=None if seconds is None else max(seconds, 0.01))
        except queue.Empty:
            raise TooLate from None
        if error is not None:
            raise error
        return cast("T", done)

    def abandon(self) -> None:
        """Discard the result, now or when it comes."""
        self._is_abandoned = True  # then looks, as the work puts, then looks: one of them finds it
        self._drop()

    def _run(self) -> None:
        try:
            self._box.put((self._work(), None))
        except BaseException as error:
            self._box.put((None, error))
        if self._is_abandoned:
            self._drop()

    def _drop(self) -> None:
        with suppress(queue.Empty):
            done, error = self._box.get_nowait()
            if error is None:
                self._discard(cast("Any", done))


def apart(work: Callable[[], T], seconds: float | None = None, discard: Callable[[T], object] = lambda late: None) -> T:
    """Do it in a thread of its own; see `Apart`.

    Raises:
        TooLate: it is not done within the seconds; it goes on.
    """
    done = Apart(work, discard)
    try:
        return done.result(seconds)
    except BaseException:
        done.abandon()
        raise
