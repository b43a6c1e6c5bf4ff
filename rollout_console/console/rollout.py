"""`rollout`: the object at the prompt. Each command calls the client once and shows what comes back."""

from __future__ import annotations

import difflib
from typing import Any

from rollout_console.console.commands.control import Control
from rollout_console.console.commands.places import Places
from rollout_console.console.commands.ramp import Ramp
from rollout_console.console.commands.repositories import Repositories
from rollout_console.console.commands.safety import Safety
from rollout_console.console.commands.settings import Settings
from rollout_console.console.commands.status import Status
from rollout_console.console.commands.story import Story
from rollout_console.console.help import Help, help_for
from rollout_console.console.registry import Group, command, commands_of
from rollout_console.errors import BadArgument


class Rollout(Status, Control, Repositories, Safety, Ramp, Story, Settings, Places):
    """The commands, named as in the browser console. For scripts there is `rollout.client`."""

    @command(Group.SAFETY, 'rollout.help("setRollout")', purpose="this")
    def help(self, topic: str | None = None) -> Help:
        """Show all commands, or more about one, a group, or a part of the runbook: help("recovery")."""
        return help_for(topic, COMMANDS)

    def __dir__(self) -> list[str]:
        return [*(c.name for c in COMMANDS.values() if c.listed), "client"]

    def __repr__(self) -> str:
        return f"rollout of {self.client.feature} on {self.client.adapter.target}. Type rollout.help()"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name.replace("_", "").lower() == "emergencystop":  # the red button has no wrong spelling
            return self.emergencyStop
        alike = difflib.get_close_matches(name.lower(), {c.lower(): c for c in COMMANDS}, n=1, cutoff=0.5)
        exact = {c.lower(): c for c in COMMANDS}
        hint = f"did you mean {COMMANDS[exact[alike[0]]].example}?" if alike else "type rollout.help()"
        raise UnknownCommand(f"there is no command rollout.{name}; {hint}")

    def __setattr__(self, name: str, value: object) -> None:
        if name in COMMANDS:
            raise BadArgument(f"{name} is a command, not a setting; type {COMMANDS[name].example}")
        super().__setattr__(name, value)


COMMANDS = commands_of(Rollout)


class UnknownCommand(BadArgument, AttributeError):
    """No such command; an AttributeError too, so that hasattr() and completion work as usual."""
