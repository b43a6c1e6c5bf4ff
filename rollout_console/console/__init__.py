"""The console: the object at the prompt, what a command is, and help."""

from rollout_console.client.command import Command, Group
from rollout_console.console.output import Output
from rollout_console.console.rollout import COMMANDS, Rollout

__all__ = ["COMMANDS", "Command", "Group", "Output", "Rollout"]
