"""`rollout`: the object at the prompt. Each command calls the client once and shows what comes back."""

from __future__ import annotations

import difflib
from typing import Any

from rollout_console.client import RolloutClient
from rollout_console.client.command import commands_of
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
        if name.replace("_", "").lower() == "emergencystop":  # the red button has no wrong spelling
            name = "emergencyStop"
        if name in COMMANDS:
            return BoundCommand(COMMANDS[name], self, AtPrompt(self) if name in ONLY_HERE else None)
        exact = {c.lower(): c for c in COMMANDS}
        alike = difflib.get_close_matches(name.lower(), exact, n=1, cutoff=0.5)
        hint = f"did you mean {COMMANDS[exact[alike[0]]].example}?" if alike else "type rollout.help()"
        raise UnknownCommand(f"there is no command rollout.{name}; {hint}")

    def __setattr__(self, name: str, value: object) -> None:
        if name in COMMANDS:
            raise BadArgument(f"{name} is a command, not a setting; type {COMMANDS[name].example}")
        super().__setattr__(name, value)


class UnknownCommand(BadArgument, AttributeError):
    """No such command; an AttributeError too, so that hasattr() and completion work as usual."""
