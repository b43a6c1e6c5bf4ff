"""SIGINT, SIGTERM and SIGHUP: each ends the monitor, but not between claiming an alert and sending it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_waiting = False  # a signal came while shielded
_shielded = False


def install() -> None:
    """Turn the signals into KeyboardInterrupt: also SIGINT that is ignored, as in a shell's background jobs.

    SIGHUP that is ignored, as by nohup, stays so.
    """
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if each is not signal.SIGHUP or signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, _handle)


@contextmanager
def shielded() -> Iterator[None]:
    """Delay a signal until the block has ended."""
    global _waiting, _shielded
    _shielded = True
    try:
        yield
    finally:
        _shielded = False
    if _waiting:
        _waiting = False
        raise KeyboardInterrupt


def _handle(signal_number: int, frame: FrameType | None) -> None:
    global _waiting
    if not _shielded:
        raise KeyboardInterrupt
    _waiting = True
