"""The state of one IPython session: what is on screen, what is known, and how to leave."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from rollout_console.console import Output, Rollout
from rollout_console.refresh import Refresher
from rollout_console.render import render
from rollout_console.results import Status


class Session(Output):
    """An IPython session with the console in it.

    Args:
        ip: the running InteractiveShell.

    Attributes:
        shown: results that the running cell has put on screen (R12).
        refused: whether a command of the running cell refused without raising.
        display: shows a result where text is not enough, as in a notebook; None prints.
        status: keeps the status behind prompt and toolbar fresh; None where there are none.
    """

    console: Rollout

    def __init__(self, ip: Any) -> None:
        self.ip = ip
        self.shown: list[object] = []
        self.refused = False
        self.display: Callable[[object], None] | None = None
        self.status: Refresher[Status] | None = None
        self._undo = ExitStack()

    def on_unload(self, undo: Callable[[], object]) -> None:
        """Have something undone when the console leaves the session, last first."""
        self._undo.callback(undo)

    def unload(self) -> None:
        """Give IPython back as it was, and close the adapter."""
        self._undo.close()
        self.console.client.adapter.close()

    def new_cell(self) -> None:
        """Forget what the cell before has shown."""
        self.shown.clear()
        self.refused = False

    def has_shown(self, value: object) -> bool:
        """Return whether the running cell has put this very object on screen."""
        return any(value is shown for shown in self.shown)

    def show(self, result: object, notice: str | None = None) -> None:
        """See `Output.show`; also remembers that the result was shown, and learns from it."""
        self.learn(result)
        super().show(result, notice)
        if result is not None:
            self.shown.append(result)

    def present(self, result: object) -> None:
        """See `Output.present`; a blank line sets the reports of one cell apart."""
        if self.display is not None:
            self.display(result)
            return
        text = render(result, self.screen())
        self.say(f"\n{text}" if self.shown and "\n" in text else text)

    def learn(self, result: object) -> None:
        """Take the status out of a result, for prompt and toolbar."""
        status = result if isinstance(result, Status) else getattr(result, "status", None)
        if self.status is not None and isinstance(status, Status):
            self.status.learn(status)

    def phase_percentages(self) -> list[int]:
        """Return the percentages of the phases, for completion; none before the first status."""
        status = self.status.snapshot.value if self.status is not None else None
        return status.phase_percentages if status is not None else []

    def refuse(self, line: str) -> None:
        """See `Output.refuse`; also remembers it, for the exit status."""
        self.refused = True
        super().refuse(line)
