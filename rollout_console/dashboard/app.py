"""The dashboard as a prompt_toolkit application: layout, questions, and what the keys do."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import BufferControl, ConditionalContainer, FormattedTextControl, HSplit, Layout, Window
from prompt_toolkit.layout.processors import BeforeInput

from rollout_console.client import RolloutClient
from rollout_console.dashboard.advice import in_keys
from rollout_console.dashboard.view import draw, history_lines
from rollout_console.errors import RolloutError
from rollout_console.refresh import Refresher
from rollout_console.render import Screen, render
from rollout_console.render.sanitize import sanitize

KEYS = (
    "s set %  n next step  d hold  f release  e STOP  r resume  b rollback  h health\n"
    "a auto-rollback  w whitelist  c categorize  m metrics  l history  ? help  q quit"
)
ESCAPE_TIMEOUT = 0.05  # seconds in which a key that follows Esc still belongs to it, as those of an arrow do


class Dashboard:
    """Shows the newest overview, and turns keys into calls of the client. No rule is decided here.

    Args:
        client: asked for the overview, and told what to change.
        every: seconds between two refreshes, at least 0.5.
    """

    def __init__(self, client: RolloutClient, every: float) -> None:
        self.client = client
        self.every = every
        self.message = ""
        self.pane: list[str] | None = None  # a page over the overview: history, metrics, help
        self.scrolled = 0
        self.question = ""
        self._answered: Callable[[str], None] | None = None
        self._busy = False  # an answer is being carried out; its question stays until it is known to be good
        self._workers = ThreadPoolExecutor(4, thread_name_prefix="dashboard")
        self.answer = Buffer(multiline=False, accept_handler=self._accept)
        self.app: Application[None] = Application(
            layout=self._layout(),
            key_bindings=self._bindings(),
            full_screen=True,
            refresh_interval=1.0,  # ages count up while nothing new comes
        )
        self.app.ttimeoutlen = self.app.timeoutlen = ESCAPE_TIMEOUT
        self.overview = Refresher(client.overview, every, self.app.invalidate, wait=client.listener)

    def run(self) -> None:
        """Run until q."""
        self.overview.start()
        try:
            self.app.run()
        finally:
            self.overview.stop()
            self._workers.shutdown(wait=False, cancel_futures=True)
            self.client.adapter.close()

    # The screen

    def _layout(self) -> Layout:
        asking = Condition(lambda: bool(self.question))
        ask = Window(BufferControl(self.answer, input_processors=[BeforeInput(lambda: f" {self.question} ")]), height=1)
        return Layout(
            HSplit(
                [
                    Window(FormattedTextControl(self._body, focusable=True), wrap_lines=False),
                    Window(FormattedTextControl(lambda: ANSI(self.message)), dont_extend_height=True, wrap_lines=True),
                    ConditionalContainer(ask, filter=asking),
                    Window(FormattedTextControl(self._footer), height=2, style="reverse"),
                ]
            )
        )

    def _body(self) -> ANSI:
        size = self.app.output.get_size()
        height = size.rows - 2 - (len(self.message.splitlines()) or 0) - bool(self.question)
        screen = Screen(width=size.columns, colour=not os.environ.get("NO_COLOR"), bars=True)
        if self.pane is not None:
            lines = self.pane[self.scrolled : self.scrolled + height]
        else:
            lines = draw(self.overview.snapshot, self.every, screen, size.columns, height)
        return ANSI("\n".join(lines))

    def _footer(self) -> str:
        if self.question:
            return "Enter: confirm   Esc: cancel\n"
        if self.pane is not None:
            return "↑ ↓ to scroll   Esc or q to go back   e STOP\n"
        return KEYS

    def _screen(self) -> Screen:
        columns = self.app.output.get_size().columns
        return Screen(width=columns, colour=not os.environ.get("NO_COLOR"), bars=True)

    # Questions and actions

    def ask(self, question: str, answered: Callable[[str], None]) -> None:
        """Ask for a line of text; Esc leaves it unanswered. The question stays until its answer is carried out."""
        if not self.question:
            self.app.layout.focus(self.answer)
        self.question, self._answered, self._busy = question, answered, False
        self.answer.reset()

    def _accept(self, buffer: Buffer) -> bool:
        if self._answered is not None and not self._busy:
            self._answered(buffer.text.strip())
        return True  # the text stays: if it is refused, it can be corrected

    def _leave(self) -> None:
        if self.question:
            self.question, self._answered, self._busy = "", None, False
            self.app.layout.focus_previous()

    def perform(self, action: Callable[[], object], *, doing: str) -> None:
        """Run an action in the background, and show its result or error; success ends the question that led to it."""
        self.message, self._busy = f" {doing} …", bool(self.question)
        self.app.create_background_task(self._perform(action, self.question))

    async def _perform(self, action: Callable[[], object], asked: str) -> None:
        def act() -> tuple[object, str | None]:
            return action(), self.client.adapter.notice  # which is of this thread

        loop = asyncio.get_running_loop()
        try:
            result, notice = await loop.run_in_executor(self._workers, act)
            if asked and self.question == asked:
                self._leave()
            self.message = result if isinstance(result, str) else in_keys(render(result, self._screen()))
            self.message += f"\n ({notice})" if notice else ""
        except RolloutError as error:
            steps = "".join(f"\n   {sanitize(step, 1000)}" for step in getattr(error, "by_hand", ()))
            self.message = self._screen().paint(f" {in_keys(sanitize(str(error), 500))}", "bad") + steps
            self._busy = False
        self.overview.refresh()
        self.app.invalidate()

    def show_pane(self, fetch: Callable[[], list[str]]) -> None:
        """Show a page over the overview."""

        def open_pane() -> str:
            self.pane, self.scrolled = fetch(), 0
            return ""

        self.perform(open_pane, doing="reading")

    def set_percentage(self, text: str) -> None:
        """Preview which repositories would become eligible or stop being so, and ask before doing it."""
        percentage = _number(text)

        def preview() -> str:
            shown = in_keys(render(self.client.preview(percentage), self._screen()))
            self.confirm(
                f"set {text} %?", lambda reason: self.client.set_rollout(percentage, reason), doing=f"setting {text} %"
            )
            return shown

        self.perform(preview, doing="previewing")

    def change(self, action: Callable[[str | None], object], *, doing: str) -> None:
        """Carry a change out, with a reason where the target asks for one."""
        if not self.client.adapter.target.require_reason:
            self.perform(lambda: action(None), doing=doing)
        else:
            self.ask("reason, for the history:", lambda reason: self.perform(lambda: action(reason), doing=doing))

    def confirm(self, question: str, action: Callable[[str | None], object], *, doing: str) -> None:
        """Ask for a y before an action; any other answer changes nothing."""

        def confirmed(answer: str) -> None:
            if answer.lower() in {"y", "yes"}:
                self.change(action, doing=doing)
            else:
                self._leave()
                self.message = " nothing was changed"

        self.ask(f"{question} y to do it:", confirmed)

    def whitelist(self, text: str) -> None:
        """Add repositories to the whitelist, or remove those with a minus before them."""
        names = [name.lstrip("-") for name in text.replace(",", " ").split()]
        if text.startswith("-"):
            self.change(lambda reason: self.client.remove_from_whitelist(names, reason), doing="removing")
        else:
            self.change(lambda reason: self.client.add_to_whitelist(names, reason), doing="adding")

    def toggle_auto_rollback(self) -> None:
        """Switch auto-rollback off if the screen shows it on, and on if it shows it off."""
        seen = self.overview.snapshot.value
        if seen is None:
            self.message = " not connected yet"
        elif seen.status.auto_rollback_enabled:
            self.confirm(
                "switch auto-rollback OFF? Nothing would roll back by itself.",
                self.client.disable_auto_rollback,
                doing="switching auto-rollback off",
            )
        else:
            self.change(self.client.enable_auto_rollback, doing="switching auto-rollback on")

    def resume(self, text: str) -> None:
        """Resume at the percentage that is kept, or at another one."""
        wanted = _number(text) if text else None
        self.change(lambda reason: self.client.resume(wanted, reason), doing="resuming")

    # Keys

    def _bindings(self) -> KeyBindings:
        keys = KeyBindings()
        free = Condition(lambda: not self.question)
        overview = free & Condition(lambda: self.pane is None)
        paged = free & Condition(lambda: self.pane is not None)

        def on(key: str, act: Callable[[], None], *, when: Condition | object = overview) -> None:
            @keys.add(key, filter=when, eager=key == "escape")  # type: ignore[arg-type]
            def _(event: KeyPressEvent) -> None:
                act()

        on("s", lambda: self.ask("percentage, 0 to 100:", self.set_percentage))
        on("n", lambda: self.change(self.client.advance, doing="advancing"))
        on("d", lambda: self.ask("hold, reason:", self._hold))
        on("f", lambda: self.change(self.client.release, doing="releasing"))
        # A stop is one key and a reason, on every page, and asks nothing more.
        on("e", lambda: self.ask("EMERGENCY STOP, reason (Enter stops):", self._stop), when=free)
        on("r", lambda: self.ask("resume at (Enter for the percentage that is kept):", self.resume))
        on("b", lambda: self.ask("roll back to (Enter for 0):", self._rollback))
        on("h", lambda: self.perform(self.client.check_health, doing="checking"))
        on("a", self.toggle_auto_rollback)
        on("w", lambda: self.ask("whitelist: owner/name to add, -owner/name to remove:", self.whitelist))
        on("c", lambda: self.perform(lambda: self.client.categorize_all(self._progress), doing="categorizing"))
        on("m", lambda: self.show_pane(lambda: self._rendered(self.client.show_metrics())))
        on("l", lambda: self.show_pane(lambda: history_lines(self.client.history(200))))
        on("?", lambda: self.show_pane(self._help))
        on("q", self.app_exit)
        on("q", self._escape, when=paged)
        on("c-c", self.app_exit, when=Condition(lambda: True))
        on("up", lambda: self._scroll(-1), when=paged)
        on("down", lambda: self._scroll(1), when=paged)
        # At once, and never as the first half of an Alt key: the key after it must not reach the old question.
        on("escape", self._escape, when=Condition(lambda: True))
        return keys

    def app_exit(self) -> None:
        """Leave the dashboard; the rollout goes on as it is."""
        self.app.exit()

    def _escape(self) -> None:
        if self.question:
            self._leave()
            self.message = " nothing was changed"
        else:
            self.pane, self.message = None, ""

    def _scroll(self, lines: int) -> None:
        self.scrolled = max(0, min(self.scrolled + lines, len(self.pane or []) - 1))

    def _stop(self, reason: str) -> None:
        self.perform(lambda: self.client.emergency_stop(reason or None), doing="STOPPING")

    def _hold(self, reason: str) -> None:
        self.perform(lambda: self.client.hold(reason or None), doing="holding")

    def _rollback(self, text: str) -> None:
        wanted = _number(text) if text else 0
        self.change(lambda reason: self.client.rollback_to_percentage(wanted, reason), doing="rolling back")

    def _progress(self, run: object) -> None:
        self.message = f" {time.strftime('%H:%M:%S')} {render(run, self._screen()).strip()}"
        self.app.invalidate()

    def _rendered(self, result: object) -> list[str]:
        return render(result, self._screen()).splitlines()

    def _help(self) -> list[str]:
        from rollout_console.console import COMMANDS
        from rollout_console.console.help import help_for

        return [
            " Each key at the bottom does what one of these commands does at the prompt:",
            "",
            *self._rendered(help_for(None, COMMANDS)),
        ]


def _number(text: str) -> Any:
    """Return a typed number as a number, and anything else as it is: the client says what to type."""
    try:
        return float(text)
    except ValueError:
        return text
