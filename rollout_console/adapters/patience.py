"""How long one call over HTTP may take: when it sends again, and what is kept back to ask what became of a change."""

from __future__ import annotations

import itertools
import math
import random
import time

from rollout_console.adapters.http_errors import Failure

PAUSES = (0.25, 0.5, 1.0, 2.0)  # seconds before each retry, of which up to half is left out at random; then the last
RETRIES = 0.9  # of the patience: the last retry begins then
ANSWERS = 0.95  # of the patience: so long a change is waited for; the rest is to ask what became of it


class Patience:
    """The time of one call, from now on.

    Args:
        seconds: after which the call gives up, retries included.
        retry_for: seconds after which no retry begins; at most `RETRIES` of the whole.
        asks: whether time is kept back to ask what became of a change.

    Attributes:
        seconds: as given.
    """

    def __init__(self, seconds: float, *, retry_for: float = math.inf, asks: bool = False) -> None:
        self.seconds = seconds
        self._begun = time.monotonic()
        self._retry_for = min(retry_for, seconds * RETRIES)
        self._answers = seconds * (ANSWERS if asks else 1)
        self._pauses = itertools.chain(PAUSES, itertools.repeat(PAUSES[-1]))

    def for_an_answer(self) -> float:
        """Return the seconds that a request may still take."""
        return self._begun + self._answers - time.monotonic()

    def for_a_question(self) -> float:
        """Return the seconds that are left in all."""
        return self._begun + self.seconds - time.monotonic()

    def waits(self, failure: Failure) -> bool:
        """Wait before a retry; False if it is too late for one, or would be after what the API asks to wait."""
        left = self._begun + min(self._retry_for, failure.retry_for) - time.monotonic()
        if left <= 0 or failure.wait > self.seconds:
            return False
        time.sleep(min(left, max(failure.wait, next(self._pauses) * random.uniform(0.5, 1))))
        return True
