"""`rollout`: the object at the prompt. Each command calls the client once and shows what comes back."""

from __future__ import annotations

from typing import Any

from rollout_console.client import RolloutClient
from rollout_console.client.command import commands_of
from rollout_console.console import spelling
from rollout_console.console.at_prompt import AtPrompt
from rollout_console.console.bound import BoundCommand
from rollout_console.console.place import Console
from rollout_console.errors import BadArgument

ONLY_HERE = commands_of(AtPrompt)
COMMANDS = {**commands_of(RolloutClient), **ONLY_HERE}


class Rollout(Console):
    """The commands, named as in the browser console. For scripts there is `rollout.client`."""

    commands = COMMANDS

    def __dir__(self) -> list[str]:
        return [*(c.name for c in COMMANDS.values() if c.listed), "client"]

    def __repr__(self) -> str:
        return f"rollout of {self.client.feature} on {self.client.adapter.target}. Type rollout.help()"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        found = name if name in COMMANDS else spelling.command_of(name, COMMANDS)
        if found is not None and found in (name, spelling.STOP):  # the red button has no wrong name
            return BoundCommand(COMMANDS[found], self, AtPrompt(self) if found in ONLY_HERE else None)
        raise UnknownCommand(name)

    def __setattr__(self, name: str, value: object) -> None:
        if name in COMMANDS:
            raise BadArgument(f"{name} is a command, not a setting; type {COMMANDS[name].to_type}")
        super().__setattr__(name, value)


class UnknownCommand(BadArgument, AttributeError):
    """No such command; an AttributeError too, so that hasattr() and completion work as usual.

    Args:
        typed: the name.

    Attributes:
        command: what it was meant to be, or None.
    """

    def __init__(self, typed: str) -> None:
        self.typed = typed
        self.command = spelling.meant(typed, COMMANDS)
        super().__init__(self.line())

    def line(self, arguments: str | None = None) -> str:
        """Return what to type, with the arguments that were typed, if they are known."""
        wrong = f"there is no command rollout.{self.typed}"
        if spelling.flat(self.typed) == "pause":
            return f"{wrong}; {spelling.PAUSE}"
        if self.command is None:
            return f"{wrong}; nothing was done: to see all commands, type rollout.help()"
        call = COMMANDS[self.command].to_type if arguments is None else f"rollout.{self.command}{arguments}"
        return f"{wrong}; nothing was done: type {call}"
