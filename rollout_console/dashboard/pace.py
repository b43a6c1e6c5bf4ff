"""Tells pasted keys from typed ones by their pace: a paste into the wrong window must do nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

QUICKEST = 0.02  # seconds between two keys; faster than any hand, and than a key that is held down
SEVERAL = 2  # characters that came together: Esc and a letter, or a letter and Enter, may be a hand's on a slow line


class Pace:
    """Watches the keys of an application.

    Args:
        clock: in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = float("-inf")
        self._together = 0

    @property
    def is_paste(self) -> bool:
        """Whether the key that is being handled came with others, faster than a hand types."""
        return self._together >= SEVERAL

    def arrived(self, characters: Sequence[str]) -> None:
        """Take note of what came at once."""
        now = self._clock()
        if now - self._last > QUICKEST:
            self._together = 0
        self._together += sum(len(character) == 1 and character.isprintable() for character in characters)
        self._last = now

    def watch(self, processor: Any) -> None:
        """Have a KeyProcessor of prompt_toolkit tell of the keys that it is fed."""
        feed = processor.feed_multiple

        def fed(presses: Sequence[Any], first: bool = False) -> None:
            self.arrived([press.data for press in presses])
            feed(presses, first)

        processor.feed_multiple = fed
