"""The state of one IPython session: what is on screen, what is known, and how to leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from rollout_console.client import RolloutClient
from rollout_console.console import Output, Rollout
from rollout_console.errors import BadArgument
from rollout_console.pattern import pattern
from rollout_console.refresh import Refresher
from rollout_console.render.layout import shorten_middle
from rollout_console.render.sanitize import sanitize
from rollout_console.shell.caution import Caution
from rollout_console.shell.left_out import LeftOut, Place, place_of_call

if TYPE_CHECKING:
    from rollout_console.render.live import View
    from rollout_console.results import Status

COMMANDS_IN = pattern(r"\brollout\s*\.\s*\w+\s*\(")


class Session(Output):
    """An IPython session with the console in it.

    Args:
        ip: the running InteractiveShell.

    Attributes:
        shown: results that the running cell has put on screen (R12).
        several: whether the running cell has several commands.
        cell: the running cell as it was typed.
        refused: whether a command of the running cell refused without raising.
        display: shows a result where text is not enough, as in a notebook; None prints.
        view: makes room there for a report that changes.
        refused_lines: what was typed and refused, each as it was typed.
        on_refused: called with each of them.
        last_status: the newest status that the running cell has learned.
        made: where in the running cell each call ends that was made.
        caution: objects in a paste to what needs an answer that nobody has read; None where nobody pastes.
        status: keeps the status behind prompt and toolbar fresh; None where there are none.
    """

    console: Rollout

    def __init__(self, ip: Any) -> None:
        self.ip = ip
        self.shown: list[object] = []
        self.several = False
        self.cell = ""
        self.refused = False
        self.display: Callable[[object], None] | None = None
        self.view: Callable[[], View] | None = None
        self.status: Refresher[Status] | None = None
        self.last_status: Status | None = None
        self.made: set[Place | None] = set()
        self.refused_lines: set[str] = set()
        self.on_refused: Callable[[str], None] = lambda line: None
        self.caution: Caution | None = None
        self._undo = ExitStack()

    def on_unload(self, undo: Callable[[], object]) -> None:
        """Have something undone when the console leaves the session, last first."""
        self._undo.callback(undo)

    def unload(self) -> None:
        """Give IPython back as it was, and close the adapter."""
        self._undo.close()
        self.console.client.adapter.close()

    def note_refused(self, line: str) -> None:
        """Remember a line that was refused: it is not to be suggested again."""
        self.refused_lines.add(line.strip())
        self.on_refused(line.strip())

    def end_cell(self, left_out: LeftOut | None = None) -> None:
        """After a block of several commands, say where things stand if traffic does not flow or nothing protects it.

        Args:
            left_out: names the commands that were not run, since one before them failed; None if all were.
        """
        self._say_where_things_stand()
        if left_out is not None:
            left_out.know(self.last_status)
            self.show_error(str(left_out), left_out)
        if self.caution is not None:
            self.caution.end_cell()

    def _say_where_things_stand(self) -> None:
        status = self.last_status
        if len(self.shown) < 2 or status is None:
            return
        if status.emergency_stop or status.rollout_percentage == 0 or not status.auto_rollback_enabled:
            from rollout_console.render.status import state_line

            screen = self.screen()
            self.say(f"\n {screen.paint('where things stand:', 'title')} {state_line(status, screen)}")

    def new_cell(self, code: str, python: str = "") -> None:
        """Forget what the cell before has shown.

        Args:
            code: the cell as it was typed.
            python: what of it is run.
        """
        self.cell = code
        if self.ip.user_ns.get("rollout") is not self.console and COMMANDS_IN.search(python):
            self.ip.push({"rollout": self.console}, interactive=False)
            self.say(self.screen().paint("rollout was no longer the console, and is it again", "warning"))
        if self.caution is not None:
            self.caution.new_cell()
        self.several = len(COMMANDS_IN.findall(code)) > 1
        self.shown.clear()
        self.refused = False
        self.last_status = None
        self.made.clear()

    def has_shown(self, value: object) -> bool:
        """Return whether the running cell has put this very object on screen."""
        return any(value is shown for shown in self.shown)

    def show(self, result: object, notice: str | None = None) -> None:
        """See `Output.show`; also remembers that the result was shown, and learns from it."""
        self.learn(result)
        super().show(result, notice)
        if result is not None:
            self.shown.append(result)
            self._print_as_reports()

    def _print_as_reports(self) -> None:
        """Have `print(rollout.status())` print what a prompt shows, as long as the console is in the session."""
        from rollout_console.render import render
        from rollout_console.results import Result

        if Result.as_text is None:
            Result.as_text = lambda result: render(result, self.screen())
            self.on_unload(lambda: setattr(Result, "as_text", None))

    def objection(self, command: str, arguments: Mapping[str, object], call: str) -> str | None:
        """See `Output.objection`."""
        if self.caution is None:
            return None
        here = self.console.client
        place = sanitize(f"{here.feature} on {here.adapter.target.name}", 200)
        return self.caution.objection(command, arguments, call, place)

    def present(self, result: object) -> None:
        """See `Output.present`."""
        if self.display is not None:
            self.display(result)
            return
        super().present(result)

    def announce(self, call: str) -> None:
        """See `Output.announce`; where a cell has several commands, each is named above its report."""
        self.made.add(place_of_call(self.ip.user_global_ns))
        if self.several and self.display is None:
            screen = self.screen()
            line = f"── {shorten_middle(sanitize(call, 300), screen.room(screen.width - 3))}"
            self.say(("\n" if self.shown else "") + screen.paint(line, "muted"))

    def live(self) -> View:
        """See `Output.live`."""
        return self.view() if self.view is not None else super().live()

    def learn(self, result: object) -> None:
        """Take the status out of a result, for prompt and toolbar."""
        from rollout_console.results import Status

        status = result if isinstance(result, Status) else getattr(result, "status", None)
        if isinstance(status, Status):
            self.last_status = status
            if self.caution is not None:
                self.caution.learn(result)
            if self.status is not None:
                self.status.learn(status)

    def moved(self, client: RolloutClient) -> None:
        """See `Output.moved`: prompt and toolbar forget the status of the place before."""
        self.last_status = None
        if self.caution is not None:
            self.caution.move()
        if self.status is not None:
            self.follow(self.status.elsewhere(client.watching().status, client.listener))

    def missed(self) -> None:
        """See `Output.missed`."""
        if self.caution is not None:
            self.caution.miss()

    def follow(self, status: Refresher[Status]) -> None:
        """Keep another status fresh, in place of the one before; an answer that is under way for that is lost."""
        if self.status is not None:
            self.status.stop()
        self.status = status
        status.start()

    def phase_percentages(self) -> list[int]:
        """Return the percentages of the phases, for completion; none before the first status."""
        status = self.status.snapshot.value if self.status is not None else None
        return status.phase_percentages if status is not None else []

    def answer(self, line: str) -> None:
        """Refuse what was typed and is no Python.

        Raises:
            BadArgument: always, with the line.
        """
        raise BadArgument(line)

    def refuse(self, line: str) -> None:
        """See `Output.refuse`; also remembers it, for the exit status."""
        self.refused = True
        super().refuse(line)
