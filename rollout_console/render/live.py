"""The live status: on a screen of its own in a terminal, a line for each change in a pipe."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from rollout_console.client import RolloutClient
from rollout_console.errors import BadArgument, Unreachable
from rollout_console.render.dispatch import render
from rollout_console.render.health import health_phrase
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.render.status import state_line
from rollout_console.results import Status

OTHER_SCREEN, BACK, HOME = "\x1b[?1049h", "\x1b[?1049l", "\x1b[H\x1b[J"


def watch(
    client: RolloutClient,
    screen_now: Callable[[], Screen],
    out: TextIO,
    every: float,
    learned: Callable[[object], None],
) -> Status | None:
    """Show the status until Ctrl-C; what fails is shown and tried again.

    Args:
        client: asked every time.
        screen_now: looks at the terminal, which may be resized meanwhile.
        out: where to write.
        every: seconds between two looks, 0.5 to 3,600.
        learned: called with each status.

    Returns:
        The last status that was seen.

    Raises:
        BadArgument: `every` is out of range.
    """
    if isinstance(every, bool) or not isinstance(every, int | float) or not 0.5 <= every <= 3600:
        raise BadArgument(f"every is a number of seconds from 0.5 to 3,600, not {every!r}; type rollout.watch(2)")
    live = screen_now().bars
    status, last = None, ""
    out.write(OTHER_SCREEN if live else "")
    try:
        while True:
            screen = screen_now()
            try:
                status = client.status()
                learned(status)
                text = render(status, screen) if live else _line(status)
            except Unreachable as error:
                text = screen.paint(f" {sanitize(str(error), 300)}", "warning")
            if live:
                clock = f"{time.strftime('%H:%M:%S')}, every {every:g} s; Ctrl-C to leave"
                out.write(f"{HOME}{text}\n\n {screen.paint(clock, 'muted')}")
            elif text != last:
                out.write(f"{text}\n")
                last = text
            out.flush()
            time.sleep(every)
    except KeyboardInterrupt:
        return status
    finally:
        out.write(BACK if live else "")
        out.flush()


def _line(status: Status) -> str:
    return f"{state_line(status, Screen()).strip()}  {health_phrase(status.health, Screen())}"
