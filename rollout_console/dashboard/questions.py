"""Questions under the screen, and what is carried out behind it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer

from rollout_console.client import RolloutClient
from rollout_console.console.output import failure_lines
from rollout_console.dashboard.advice import in_keys
from rollout_console.dashboard.keys import PALETTE
from rollout_console.dashboard.pace import Pace
from rollout_console.dashboard.pages import Page
from rollout_console.errors import NOT_STOPPED, RolloutError, in_a_line
from rollout_console.refresh import Refresher
from rollout_console.render import Screen, render
from rollout_console.render.sanitize import sanitize
from rollout_console.results import Overview, Status

UNCHANGED = " nothing was changed"
PASTED = " that came faster than a hand types, and was left: press Enter to go on, or Esc"
AGAIN = "EMERGENCY STOP, reason (Enter tries again):"
NO_REASON = " after a rollback, a raise needs a reason: why is it safe now?"
UNSEEN = "not done, since"  # how each refusal of R20 begins
Action: TypeAlias = Callable[["str | None"], object]


class Questions:
    """Asks one question at a time, carries its answer out in the background, and says what came of it.

    Args:
        client: told what to change.

    Attributes:
        message: what is said above the footer.
        pages: over the overview, the one in sight last.
        question: what is asked; empty where nothing is.
    """

    app: Application[None]
    overview: Refresher[Overview]

    def __init__(self, client: RolloutClient) -> None:
        self.client = client
        # Keeps the screen fresh; what it is told while a question is open, the answer does not speak of (R20).
        self.watching = client.watching()
        self.message = ""
        self.pages: list[Page] = []
        self.question = ""
        self.pace = Pace()
        self._told: tuple[float, Status] | None = None  # what the last change said, and when: the screen may be older
        self._stop_failed: float | None = None  # since when a stop that was sent is not known to be made
        self._answered: Callable[[str], None] | None = None
        self._hasty = False  # an answer that is pasted with its Enter counts
        self._busy = False  # an answer is being carried out; its question stays until it is known to be good
        self._left = 0  # counts Esc: a page that was being read by then is not opened
        self._workers = ThreadPoolExecutor(4, thread_name_prefix="dashboard")
        self.answer = Buffer(multiline=False, accept_handler=self._accept)

    def is_not_stopped(self) -> bool:
        """Return whether a stop has failed, and nothing that came since shows one."""
        shown = self.overview.snapshot
        is_stopped = shown.value is not None and shown.value.status.emergency_stop
        if is_stopped and self._stop_failed is not None and shown.fetched > self._stop_failed:
            self._stop_failed = None
        return self._stop_failed is not None

    def screen(self) -> Screen:
        """Return the terminal as it is now."""
        columns = self.app.output.get_size().columns
        return Screen(width=columns, colour=not os.environ.get("NO_COLOR"), bars=True)

    @property
    def commanding(self) -> bool:
        """Whether a command is being typed."""
        return self.question == PALETTE.name

    def ask(self, question: str, answered: Callable[[str], None], *, hasty: bool = False) -> None:
        """Ask for a line of text; Esc leaves it unanswered. The question stays until its answer is carried out.

        Args:
            question: what is asked.
            answered: called with the answer.
            hasty: whether an Enter counts that came with other keys: where nothing is raised.
        """
        self._hasty = hasty
        if not self.question:
            self.app.layout.focus(self.answer)
            self.client.see(self.watching)
        self.question, self._answered, self._busy = question, answered, False
        self.answer.reset()

    def confirm(self, question: str, action: Action, *, doing: str, reason_wanted: bool = False) -> None:
        """Ask for a y before an action; any other answer changes nothing."""

        def confirmed(answer: str) -> None:
            if answer.lower() in {"y", "yes"}:
                self.change(action, doing=doing, reason_wanted=reason_wanted)
            else:
                self.leave()
                self.message = UNCHANGED

        self.ask(f"{question} y to do it:", confirmed)

    def change(self, action: Action, *, doing: str, reason_wanted: bool = False) -> None:
        """Carry a change out, with a reason where the target asks for one, or the change itself does."""

        def explained(reason: str) -> None:
            if reason_wanted and not reason:
                self.message = NO_REASON
            else:
                self.perform(lambda: action(reason), doing=doing)

        if reason_wanted or self.client.adapter.target.require_reason:
            self.ask("reason, for the history:", explained)
        else:
            self.perform(lambda: action(None), doing=doing)

    def perform(self, action: Callable[[], object], *, doing: str, then: Callable[[], None] | None = None) -> None:
        """Run an action in the background, and show its result or error; success ends the question that led to it.

        Args:
            action: returns a result to render, a text as it is, or a page to open.
            doing: said meanwhile.
            then: called after success, unless Esc was pressed meanwhile.
        """
        self.message, self._busy = f" {doing} …", bool(self.question)
        self.app.create_background_task(self._perform(action, self.question, self._left, then))

    async def _perform(
        self, action: Callable[[], object], asked: str, left: int, then: Callable[[], None] | None
    ) -> None:
        def act() -> tuple[object, str | None]:
            return action(), self.client.adapter.notice  # which is of this thread

        loop = asyncio.get_running_loop()
        try:
            result, notice = await loop.run_in_executor(self._workers, act)
            if isinstance(told := getattr(result, "status", None), Status):
                self._told = time.monotonic(), told
            if getattr(result, "command", "") == "emergencyStop":
                self._stop_failed = None
            if asked and self.question == asked:
                self.leave()
            if not isinstance(result, Page) or left == self._left:
                self._tell(result, notice)
            if then is not None and left == self._left:
                then()
        except RolloutError as error:
            self._failed(error)
        except Exception as error:  # whatever it is: a traceback over the screen would end no question
            self._failed(RolloutError(f"{in_a_line(error)}; before you do it again, look: rollout.history()"))
        self.overview.refresh()
        self.app.invalidate()

    def _failed(self, error: RolloutError) -> None:
        screen = self.screen()
        problem = sanitize(str(error), 500)
        said = failure_lines(f" {problem if self.commanding else in_keys(problem)}", error, screen)
        if error.verdict == NOT_STOPPED:
            self._stop_failed, said = time.monotonic(), said[1:]  # the first line of the screen says NOT STOPPED
            self.question = self.question and AGAIN
        if problem.startswith(UNSEEN):  # the answer was to what is no longer so: the key asks anew, of what is in sight
            self.leave()
        self.message, self._busy = screen.fit("\n".join(said)), False

    def _tell(self, result: object, notice: str | None) -> None:
        said = f"\n ({sanitize(notice)})" if notice else ""
        if isinstance(result, Page):
            self.pages.append(result)
            self.message = said.lstrip("\n")
        else:
            shown = result if isinstance(result, str) else in_keys(render(result, self.screen()))
            self.message = shown + said

    def leave(self) -> None:
        """End the question."""
        if self.question:
            self.question, self._answered, self._busy = "", None, False
            self.app.layout.focus_previous()

    def back(self) -> None:
        """Leave the question, or else the page."""
        self._left += 1
        if self.question:
            self.leave()
            self.message = UNCHANGED
        else:
            self.pages, self.message = self.pages[:-1], ""

    def _accept(self, buffer: Buffer) -> bool:
        if self.pace.is_paste and not self._hasty:
            self.message = PASTED
        elif self._answered is not None and not self._busy:
            self._answered(buffer.text.strip())
        return True  # the text stays: if it is refused, it can be corrected


def number(text: str) -> Any:
    """Return a typed number, also of percent, as a number, and anything else as it is: the client says what to type."""
    try:
        return float(text.removesuffix("%"))
    except ValueError:
        return text
