"""Where the console's commands show what they return: standard output, unless a session knows better."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from rollout_console.render import Screen, render
from rollout_console.render.sanitize import sanitize

if TYPE_CHECKING:
    from rollout_console.client import RolloutClient
    from rollout_console.render.live import View

WAYS_OUT = ("Run this at any SQL prompt:", "Or set this in the web application's environment, and deploy it again:")
WAIT = 1.0  # seconds after which a command says what it waits for


@contextmanager
def written(result: object) -> Iterator[None]:
    """Say so on standard error where a change was made, but its answer can't be written: it was made all the same."""
    try:
        yield
    except OSError as error:
        from rollout_console.results import Change, Stop

        if not isinstance(result, Change | Stop):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        with suppress(OSError):
            print(f"done, but the answer can't be written ({error.strerror})", file=sys.stderr)


def tell(text: str, hang: str | None = None, stream: TextIO | None = None) -> None:
    """Print lines at once: in a terminal folded to its width, in a file as they are.

    Args:
        text: the lines.
        hang: what goes on from the line above begins with; as far in as that one by default.
        stream: standard output by default.
    """
    stream = stream or sys.stdout
    print(Screen.of(stream).fit(text, hang), file=stream, flush=True)


def failure_lines(line: str, error: BaseException | None, screen: Screen) -> list[str]:
    """Return an error as lines: of a stop that it is none, what went wrong, and what to do by hand.

    Args:
        line: what went wrong.
        error: whose `by_hand` is shown, if it has any.
        screen: for its width and colours.
    """
    by_hand = getattr(error, "by_hand", ())
    ways = [f" {way}\n   {sanitize(step, 4000)}" for way, step in zip(WAYS_OUT, by_hand, strict=False)]
    verdict = getattr(error, "verdict", "")
    head = [screen.paint(f" {verdict} ", "stopped")] if verdict else []
    return [*head, screen.fit(screen.paint(line, "bad")), *ways]


class Output:
    """Prints results as text. A session of IPython extends it.

    Attributes:
        unattended: whether the next command comes whatever is said of this one, as in a script.
    """

    unattended = False

    def screen(self) -> Screen:
        """Return the terminal as it is now: it may have been resized since the last command."""
        return Screen.of(sys.stdout)

    @property
    def stream(self) -> TextIO:
        """Where a command that shows by itself how far it is writes."""
        return sys.stdout

    def live(self) -> View:
        """Return where a report that changes is drawn."""
        from rollout_console.render.live import FullScreen, Lines

        return FullScreen(self.screen, self.stream) if self.screen().bars else Lines(self.stream)

    def show(self, result: object, notice: str | None = None) -> None:
        """Show a result.

        Args:
            result: what a command returned; None shows nothing.
            notice: what the operator should know of how the command was carried out, or None.
        """
        with written(result):
            if notice:
                self.say(self.screen().fit(f"({sanitize(notice)})"))
            if result is not None:
                self.present(result)
            sys.stdout.flush()

    def announce(self, call: str) -> None:
        """Take note of what was typed: a session tells the reports of a pasted block apart by it."""

    def objection(self, command: str, arguments: Mapping[str, object], call: str) -> str | None:
        """Return why a command is not carried out now: never, where nobody pastes."""
        return None

    def present(self, result: object) -> None:
        """Put a result on screen."""
        self.say(render(result, self.screen()))

    def moved(self, client: RolloutClient) -> None:
        """Take note that the console has gone to another target or feature."""

    def missed(self) -> None:
        """Take note that the console has stayed, since there is no such target or feature."""

    def learn(self, result: object) -> None:
        """Take note of a result that is on screen already."""

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Say after a second that the block waits for the database, which it may have to ask several times."""
        if not sys.stderr.isatty():  # nobody is waiting
            yield
            return
        line = " waiting for the database, Ctrl-C leaves …"
        timer = threading.Timer(WAIT, print, [line], {"file": sys.stderr, "flush": True})
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def refuse(self, line: str) -> None:
        """Say why a command was not carried out, without stopping the commands after it."""
        screen = self.screen()
        self.say(screen.fit(screen.paint(line, "warning")))

    def show_error(self, line: str, error: BaseException | None) -> None:
        """Print an error: the line, and below it what to do by hand, if the error says so."""
        for each in failure_lines(line, error, Screen.of(sys.stderr)):
            print(each, file=sys.stderr)

    def say(self, text: str) -> None:
        """Print text; a character that the terminal's encoding lacks becomes a question mark."""
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        print(text.encode(encoding, "replace").decode(encoding))
