"""The dashboard as a prompt_toolkit application: the screen, its footer, and the keys that lead to actions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import groupby

from prompt_toolkit.application import Application
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples, to_formatted_text
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import BufferControl, ConditionalContainer, FormattedTextControl, HSplit, Layout, Window
from prompt_toolkit.layout.processors import BeforeInput

from rollout_console.client import RolloutClient
from rollout_console.dashboard.actions import Actions
from rollout_console.dashboard.keys import ASKING, COMMANDING, GAP, Key, footer
from rollout_console.dashboard.view import draw
from rollout_console.errors import NOT_STOPPED, in_a_line
from rollout_console.refresh import Refresher
from rollout_console.render import Screen
from rollout_console.render.layout import clip, fold
from rollout_console.render.sanitize import sanitize

ESCAPE_TIMEOUT = 0.05  # seconds in which a key that follows Esc still belongs to it, as those of an arrow do
FOOTER = 2  # lines, at most
KEPT_IN_SIGHT = 4  # lines of the screen that no message takes: the state and what it means


class Dashboard(Actions):
    """Shows the newest overview, and turns keys into calls of the client.

    Args:
        client: asked for the overview, and told what to change.
        every: seconds between two refreshes, at least 0.5.
    """

    def __init__(self, client: RolloutClient, every: float) -> None:
        super().__init__(client)
        self.every = every
        self.answer.on_text_changed += lambda buffer: self.typed()
        self.app: Application[None] = Application(
            layout=self._layout(),
            key_bindings=self._bindings(),
            full_screen=True,
        )
        self.pace.watch(self.app.key_processor)
        self.app.ttimeoutlen = self.app.timeoutlen = ESCAPE_TIMEOUT
        self.overview = Refresher(self.watching.overview, every, self.app.invalidate, wait=client.listener)

    def run(self) -> None:
        """Run until q."""
        self.overview.start()
        try:
            self.app.run(pre_run=self._begin_counting)
        finally:
            self.overview.stop()
            self._workers.shutdown(wait=False, cancel_futures=True)
            self.client.adapter.close()

    def _begin_counting(self) -> None:
        self.app.create_background_task(self._count_up())

    async def _count_up(self) -> None:
        """Have the age count up while nothing new comes; what comes is drawn as it does, and seldom is cheap."""
        while True:
            await asyncio.sleep(1.0)
            if self.overview.snapshot.age() > self.every:
                self.app.invalidate()

    # The screen

    def _layout(self) -> Layout:
        asking = Condition(lambda: bool(self.question))
        saying = Condition(lambda: bool(self.message))
        ask = Window(BufferControl(self.answer, input_processors=[BeforeInput(lambda: f" {self.question} ")]), height=1)
        said = Window(FormattedTextControl(lambda: _fragments(self._said())), height=lambda: len(self._said()))
        keys = Window(FormattedTextControl(self._footer), height=lambda: len(self._footer_rows()))
        return Layout(
            HSplit(
                [
                    Window(FormattedTextControl(self._body, focusable=True), wrap_lines=False),
                    ConditionalContainer(said, filter=saying),
                    ConditionalContainer(ask, filter=asking),
                    keys,
                ]
            )
        )

    def _body(self) -> StyleAndTextTuples:
        screen = self.screen()
        height = self._room() - len(self._said())
        failed = [screen.paint(f" {NOT_STOPPED} ", "stopped")] if self.is_not_stopped() and not self.pages else []
        try:
            seen = self._drawn(screen, height - len(failed))
        except Exception as error:  # whatever it is: a traceback over the screen would take the keys with it
            problem = f" this can't be drawn: {sanitize(in_a_line(error), 300)}; the keys do what they say"
            seen = fold(problem, screen.width, " ")[:height]
        return _fragments([*failed, *seen])

    def _drawn(self, screen: Screen, height: int) -> list[str]:
        if self.pages:
            return self.pages[-1].draw(screen, height)
        return draw(self.overview.snapshot, self.every, screen, screen.width, height)

    def _said(self) -> list[str]:
        """Return the message, cut so that the state stays in sight."""
        if not self.message:
            return []
        lines = self.screen().fit(self.message.strip("\n")).split("\n")
        most = max(1, self._room() - KEPT_IN_SIGHT)
        return lines if len(lines) <= most else [*lines[: most - 1], f" … {len(lines) - most + 1} more lines"]

    def _room(self) -> int:
        return self.app.output.get_size().rows - len(self._footer_rows()) - bool(self.question)

    def _footer_rows(self) -> list[list[Key]]:
        asking = COMMANDING if self.commanding else ASKING
        return footer(asking if self.question else self.view_keys, self.screen().width, FOOTER)

    def _footer(self) -> StyleAndTextTuples:
        text: StyleAndTextTuples = []
        width = self.screen().width
        for row in self._footer_rows():
            text.append(("", "\n " if text else " "))
            for key in row:
                text += [("bold reverse", key.name), ("", clip(f" {key.label}", width - len(key.name) - 1) + GAP)]
        return text

    # Keys

    def _bindings(self) -> KeyBindings:
        keys = KeyBindings()
        always = Condition(lambda: True)
        free = Condition(lambda: not self.question)
        overview = free & Condition(lambda: not self.pages)
        paged = free & Condition(lambda: bool(self.pages))

        def on(names: str, act: Callable[[], object], when: object) -> None:
            for name in names.split():

                @keys.add(name, filter=when, eager=name == "escape")  # type: ignore[arg-type]
                def _(event: KeyPressEvent) -> None:
                    if event.data.isprintable() and self.pace.is_paste and not self.question:
                        self.pasted()
                        return
                    if not self.question:
                        self.message = ""  # of the key before: "nothing was changed" would stand above a stop
                    act()

        @keys.add(Keys.Any, filter=free)
        @keys.add(Keys.BracketedPaste, filter=free)
        def _(event: KeyPressEvent) -> None:
            if self.pace.is_paste or event.key_sequence[0].key == Keys.BracketedPaste:
                self.pasted()
                return
            self.unknown(event.key_sequence[0].data if event.data.isprintable() else str(event.key_sequence[0].key))

        for name, act in self.keys.items():
            on(name, act, overview)
        on("e", self.ask_stop, paged)
        on("?", self.help, paged)
        on(":", self.ask_command, paged)
        on("q", self.back, paged)
        on("enter", self.open_chosen, paged)
        on("up k", lambda: self.pages[-1].move(-1), paged)
        on("down j", lambda: self.pages[-1].move(1), paged)
        on("pageup", lambda: self.pages[-1].move_page(-1), paged)
        on("pagedown space", lambda: self.pages[-1].move_page(1), paged)
        on("home", lambda: self.pages[-1].move_to_end(end=False), paged)
        on("end", lambda: self.pages[-1].move_to_end(end=True), paged)
        on("tab", self.complete, Condition(lambda: self.commanding))
        on("c-c", self.quit, always)
        # At once, and never as the first half of an Alt key: the key after it must not reach the old question.
        on("escape", self.back, always)
        return keys


def _fragments(lines: list[str]) -> StyleAndTextTuples:
    """Return lines with styles as prompt_toolkit's fragments, as few as can be: it takes time for each of them."""
    runs = groupby(to_formatted_text(ANSI("\n".join(lines))), lambda fragment: fragment[0])
    return [(style, "".join(fragment[1] for fragment in run)) for style, run in runs]
