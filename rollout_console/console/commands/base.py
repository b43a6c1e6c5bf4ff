"""What every command has at hand."""

from __future__ import annotations

from contextlib import AbstractContextManager

from rollout_console.client import RolloutClient
from rollout_console.console.output import Output


class Commands:
    """A client to ask, and a screen to show the answer on."""

    def __init__(self, client: RolloutClient, output: Output | None = None) -> None:
        self.client = client
        self.output = output or Output()

    def show(self, result: object) -> None:
        """Show what a command returned."""
        self.output.show(result, self.client.adapter.notice)

    def waiting(self) -> AbstractContextManager[None]:
        """Say after a second that a command waits for the database."""
        return self.output.waiting(self.client.adapter.patience)

    def announce(self, call: str) -> None:
        """Take note of what was typed before its result is shown."""
        self.output.announce(call)

    def refuse(self, line: str) -> None:
        """Say why a command was not carried out, without stopping the commands after it."""
        self.output.refuse(line)
