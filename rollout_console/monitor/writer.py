"""Writes lines that may be lost: a log that can't be written must cost neither a check nor an alert."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TextIO


class Writer:
    """Lines on a stream, each at once; what can't be written is dropped, and standard error hears of it once.

    Args:
        stream: where to write; None where there is none. It replaces what its encoding lacks: see `cli.main`.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._failing = False

    def line(self, text: str) -> None:
        """Write a line."""
        if self._stream is None:
            return
        try:
            print(text, file=self._stream, flush=True)
            self._failing = False
        except (OSError, ValueError) as error:  # a full disk, a pipe or a stream that was closed
            with contextlib.suppress(OSError, ValueError):
                _drop(self._stream)
            if not self._failing:
                self._failing = True
                with contextlib.suppress(OSError, ValueError):
                    print(f"the log can't be written ({error}); the monitor goes on", file=sys.stderr, flush=True)


def _drop(stream: TextIO) -> None:
    """Empty the buffer of a stream into nowhere, or Python would try again at the next line, and as it ends."""
    number = stream.fileno()
    kept = os.dup(number)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, number)
        stream.flush()
    finally:
        os.dup2(kept, number)
        os.close(kept)
        os.close(nowhere)
