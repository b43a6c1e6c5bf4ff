"""The exit statuses of `rollout-console`: docs/cli.md and the man page are made from what stands here."""

from __future__ import annotations

from enum import IntEnum

TYPE_CHECKING = False  # as in rollout_console/__init__.py
if TYPE_CHECKING:
    from typing import Self


class _Described(IntEnum):
    meaning: str

    def __new__(cls, status: int, meaning: str) -> Self:
        member = int.__new__(cls, status)
        member._value_ = status
        member.meaning = meaning
        return member


class Exit(_Described):
    """What every program but the monitor ends with."""

    DONE = 0, "done, or nothing to change, as it says: an advance whose gates are shut, too"
    FAILED = (
        1,
        "failed or refused, as one line on standard error says, or verify found differences, or setup was declined",
    )
    WRONG_USE = 2, "no such command or option; nothing was done"
    HANGUP = 129, "the terminal was closed"
    INTERRUPTED = 130, "Ctrl-C"
    CLOSED = 141, "the pipe of the output was closed, as `head` does"


class MonitorExit(_Described):
    """What the monitor ends with, beside Ctrl-C."""

    NO_BREACH = 0, "--once: no breach; else: ended by a signal"
    STOPPED = 1, "--once: a breach, rolled back or stopped by now"
    UNPROTECTED = (
        2,
        "--once: a breach, and traffic still flows: auto-rollback is off, on_breach is hold, or the database is a "
        "standby, which can't be changed",
    )
    COULD_NOT_CHECK = 3, "could not check, or wrong options"

    @property
    def after_one_check(self) -> str:
        """What it means with --once."""
        return self.meaning.removeprefix("--once: ").partition("; else: ")[0]
