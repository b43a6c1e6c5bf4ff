"""SIGINT and SIGTERM: both end the monitor, but not while it is in the middle of an alert."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_waiting = False  # a signal has come while it could not be heeded
_shielded = False


def install() -> None:
    """Turn both signals into KeyboardInterrupt; a background job of a shell would ignore SIGINT otherwise."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _heed)


@contextmanager
def shielded() -> Iterator[None]:
    """Let what is inside come to its end first."""
    global _waiting, _shielded
    _shielded = True
    try:
        yield
    finally:
        _shielded = False
    if _waiting:
        _waiting = False
        raise KeyboardInterrupt


def _heed(signal_number: int, frame: FrameType | None) -> None:
    global _waiting
    if not _shielded:
        raise KeyboardInterrupt
    _waiting = True
