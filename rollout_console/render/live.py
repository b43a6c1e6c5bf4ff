"""The live status: on a screen of its own in a terminal, in place in a notebook, a line for each change in a pipe."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Protocol, Self, TextIO

from rollout_console.client import RolloutClient
from rollout_console.errors import BadArgument, RolloutError, Unreachable
from rollout_console.render import render
from rollout_console.render.health import health_phrase
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.render.status import state_line
from rollout_console.results import Status

OTHER_SCREEN, BACK, HOME = "\x1b[?1049h", "\x1b[?1049l", "\x1b[H\x1b[J"


class View(Protocol):
    """Where a live report is drawn, again and again, while it is entered; `endless` if somebody can press Ctrl-C."""

    endless: bool

    def __enter__(self) -> Self:
        """Make room."""

    def __exit__(self, *problem: object) -> None:
        """Give the room back."""

    def draw(self, shown: Status | str, note: str) -> None:
        """Replace what is shown.

        Args:
            shown: a report, or a line that says why there is none.
            note: a line below it.
        """


def watch(
    client: RolloutClient, view: View, every: float, learned: Callable[[object], None], times: int | None = None
) -> Status | None:
    """Show the status until Ctrl-C; what fails is shown and tried again, but at first what no retry mends.

    Args:
        client: asked every time.
        view: where it is shown.
        every: seconds between two looks, 0.5 to 3,600.
        learned: called with each status.
        times: how often to look, at least once; None until Ctrl-C, or once where nobody could press it.

    Returns:
        The last status that was seen.

    Raises:
        BadArgument: `every` or `times` is out of range.
        RolloutError: nothing was seen, and the target is in reach.
    """
    if isinstance(every, bool) or not isinstance(every, int | float) or not 0.5 <= every <= 3600:
        raise BadArgument(f"every is a number of seconds from 0.5 to 3,600, not {every!r}; type rollout.watch(2)")
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        raise BadArgument(f"times is a whole number from 1 up, not {times!r}; type rollout.watch(2, times=10)")
    status = None
    looks = times or (None if view.endless else 1)
    with view:
        try:
            for look in itertools.count(1):
                shown: Status | str
                try:
                    shown = status = client.status()
                    learned(status)
                except RolloutError as error:
                    if status is None and not isinstance(error, Unreachable):
                        raise
                    shown = sanitize(str(error), 300)
                view.draw(shown, f"{time.strftime('%H:%M:%S %Z')}, every {every:g} s; Ctrl-C to leave")
                if look == looks:
                    break
                time.sleep(every)
        except KeyboardInterrupt:
            pass
    return status


class FullScreen:
    """A screen of its own, which the terminal takes away at the end.

    Args:
        screen_now: looks at the terminal, which may be resized meanwhile.
        out: the terminal.
    """

    def __init__(self, screen_now: Callable[[], Screen], out: TextIO) -> None:
        self.endless = True
        self._screen_now = screen_now
        self._out = out

    def __enter__(self) -> Self:
        self._write(OTHER_SCREEN)
        return self

    def __exit__(self, *problem: object) -> None:
        self._write(f"\r\x1b[J{BACK}")  # a terminal without another screen loses the note all the same

    def draw(self, shown: Status | str, note: str) -> None:
        """See `View.draw`."""
        screen = self._screen_now()
        text = screen.fit(screen.paint(f" {shown}", "warning")) if isinstance(shown, str) else render(shown, screen)
        self._write(f"{HOME}{text}\n\n {screen.paint(note, 'muted')}")

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


class Lines:
    """A line for each change, where it can be read by another program."""

    def __init__(self, out: TextIO) -> None:
        self.endless = True
        self._out = out
        self._last = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        """Leave the lines where they are."""

    def draw(self, shown: Status | str, note: str) -> None:
        """See `View.draw`; the note, which has the time, would make every line a new one."""
        line = f" {shown}" if isinstance(shown, str) else _line(shown)
        if line != self._last:
            print(line, file=self._out, flush=True)
            self._last = line


def _line(status: Status) -> str:
    return f"{state_line(status, Screen()).strip()}  {health_phrase(status.health, Screen())}"
