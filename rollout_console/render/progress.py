"""The progress of a long command, on one line that is drawn over itself."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TextIO

from rollout_console.render.formatting import format_count
from rollout_console.render.screen import Screen
from rollout_console.results import CategorizationRun


class CategorizationProgress:
    """Shows how far a categorization is; in a pipe it stays silent, the report says the rest."""

    def __init__(self, screen: Screen, out: TextIO) -> None:
        self._screen = screen
        self._out = out
        self._begun = time.monotonic()
        self._first: int | None = None

    def __enter__(self) -> CategorizationProgress:
        return self

    def advance(self, run: CategorizationRun) -> None:
        """Draw the state after a batch."""
        if not self._screen.bars:
            return
        seconds = time.monotonic() - self._begun
        if self._first is None:  # an unfinished run goes on from here
            self._first = run.processed
        rate = (run.processed - self._first) / seconds if run.processed > self._first else 0
        pace = f", {rate:,.0f}/s, {(run.total - run.processed) / rate:,.0f} s left" if rate and not run.done else ""
        bar = self._screen.bar(run.processed, run.total, 20)
        self._out.write(f"\r\x1b[K {bar} {format_count(run.processed)} of {format_count(run.total)}{pace}")
        self._out.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._screen.bars:
            self._out.write("\r\x1b[K")
            self._out.flush()
