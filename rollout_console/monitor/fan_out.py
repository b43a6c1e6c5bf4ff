"""Several logs of the monitor as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from rollout_console.monitor.loop import Log


def fan_out(*logs: Log) -> Log:
    """Return a log that gives each event to all of these, in this order."""
    return logs[0] if len(logs) == 1 else cast(Log, _FanOut(logs))


class _FanOut:
    def __init__(self, logs: tuple[Log, ...]) -> None:
        self._logs = logs

    def __getattr__(self, event: str) -> Callable[..., None]:
        receivers = [getattr(log, event) for log in self._logs]

        def to_all(*what: object) -> None:
            for receive in receivers:
                receive(*what)

        return to_all
