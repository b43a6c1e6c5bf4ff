"""The command palette: a line as at the prompt, read as one call with plain values, and run by the same console."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rollout_console.client import RolloutClient
from rollout_console.console import COMMANDS, Output, Rollout
from rollout_console.console.plain_call import Call, plain_call
from rollout_console.console.spelling import meant
from rollout_console.dashboard.advice import in_keys
from rollout_console.errors import BadArgument
from rollout_console.render import Screen, render
from rollout_console.render.layout import cells, pack

PREFIX = "rollout."
WORD = re.compile(r"\w*")
COMMAND_NAMES = {name.lower(): name for name in COMMANDS}


class Caught(Output):
    """Keeps what a command shows, for a page.

    Args:
        screen: of the page.
        moved: called with the client that a command went to.
    """

    def __init__(self, screen: Screen, moved: Callable[[RolloutClient], None]) -> None:
        self._screen = screen
        self._moved = moved
        self._stream = io.StringIO()  # progress is not shown: a page is of the end
        self.text = ""

    def screen(self) -> Screen:
        """Return the screen of the page."""
        return self._screen

    @property
    def stream(self) -> TextIO:
        """Where a command with a screen of its own draws."""
        return self._stream

    def present(self, result: object) -> None:
        """Keep a result, with advice in keys; what others have written, and help, stays as it is."""
        shown = render(result, self._screen)
        self.say(shown if getattr(result, "as_written", False) else in_keys(shown))

    def say(self, text: str) -> None:
        """Keep text."""
        self.text += f"{text}\n"

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Say nothing: the dashboard says what it waits for."""
        yield

    def moved(self, client: RolloutClient) -> None:
        """See `Output.moved`."""
        self._moved(client)


def parse(line: str) -> Call:
    """Return the one call that a line is; its arguments are plain values, so that nothing else can run.

    Args:
        line: as at the prompt, `rollout.` and the brackets of a call without arguments left out or not.

    Raises:
        BadArgument: there is no such command, or the line is something else.
    """
    typed = line.strip().rstrip(";").strip().removeprefix(PREFIX)
    word = WORD.findall(typed)[0]
    name = COMMAND_NAMES.get(word.lower())
    if name is None:
        near = meant(word, COMMANDS) if word else None
        hint = f"type {COMMANDS[near].to_type.replace(PREFIX, '')}" if near else "Tab shows them all"
        raise BadArgument(f"there is no command {typed[:60]!r}; nothing was done: {hint}")
    example = COMMANDS[name].example.removeprefix(PREFIX)
    if typed in (word, f"{word}("):  # as Tab leaves it
        return Call(name, [], {})
    try:
        return plain_call(typed)._replace(name=name)
    except ValueError:
        raise BadArgument(f"that is not one command with plain values; type for example {example}") from None


def run(line: str, client: RolloutClient, output: Caught) -> str:
    """Run a line, and return what it shows.

    Raises:
        RolloutError: it was refused, or failed.
    """
    call = parse(line)
    if call.name == "watch":  # runs for ever, and would outlive the dashboard
        raise BadArgument("the overview is live: press Esc")
    if call == Call("help", [], {}):
        raise BadArgument('press Esc and ?, or type help("setRollout")')
    getattr(Rollout(client, output), call.name)(*call.arguments, **call.named)
    return output.text.rstrip("\n")


def candidates(typed: str) -> list[str]:
    """Return the commands that a line may become: those that begin so, then those that hold it."""
    part = typed.strip().removeprefix(PREFIX).lower()
    if "(" in part:
        return []
    listed = [command.name for command in COMMANDS.values() if command.listed]
    begin = [name for name in listed if name.lower().startswith(part)]
    return [*begin, *(name for name in listed if part in name.lower() and name not in begin)]


def completed(typed: str) -> str:
    """Return a line as far as it is sure how it goes on; with its bracket if only one command is left."""
    found = candidates(typed)
    if not found:
        return typed
    if len(found) == 1 or typed.strip().removeprefix(PREFIX).lower() == found[0].lower():
        return f"{found[0]}("
    stem, part = found[0], typed.strip().removeprefix(PREFIX)
    begun = [name for name in found if name.lower().startswith(part.lower())]
    while not all(name.lower().startswith(stem.lower()) for name in begun):
        stem = stem[:-1]
    return stem if len(stem) > len(part) and begun else typed


def hint(typed: str, width: int, lines: int) -> str:
    """Return what may come next: the names, and what the first one does.

    Args:
        typed: the line so far.
        width: cells.
        lines: at most.
    """
    name = COMMAND_NAMES.get(typed.strip().removeprefix(PREFIX).partition("(")[0].lower())
    found = [name] if name and "(" in typed else candidates(typed)
    if not found:
        return " no such command"
    command = COMMANDS[found[0]]
    about = f" {command.usage.removeprefix(PREFIX)}  {command.summary}"
    names = pack(found, width)
    shown = [*names[: lines - 1], about] if len(found) > 1 else [about]
    return "\n".join(Screen(width, bars=True).fit(line) if cells(line) > width else line for line in shown)
