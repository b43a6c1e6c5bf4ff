"""What the keys do: calls of the client, and pages."""

from __future__ import annotations

import time
from collections.abc import Callable

from rollout_console.client import RolloutClient
from rollout_console.dashboard import palette
from rollout_console.dashboard.keys import CHOOSE, OVERVIEW, PAGE, PALETTE, SCROLL, Key
from rollout_console.dashboard.pages import (
    KEYS_HELP,
    Page,
    errors_page,
    help_page,
    history_page,
    result_page,
    text_page,
)
from rollout_console.dashboard.questions import number
from rollout_console.dashboard.raising import Raising
from rollout_console.render import render
from rollout_console.render.sanitize import sanitize

CHANGES, KINDS = 200, 50  # on a page
MIXED = " some have a minus and some have none; nothing was changed: add and remove one after the other"


class Actions(Raising):
    """Turns keys into calls of the client. No rule is decided here."""

    @property
    def keys(self) -> dict[str, Callable[[], object]]:
        """What the keys of the overview do."""
        return {
            "s": self.ask_percentage,
            "N": self.ask_advance,
            "d": lambda: self.ask("hold, reason:", self._hold, hasty=True),
            "F": self.ask_release,
            "e": self.ask_stop,
            "r": self.ask_resume,
            "b": lambda: self.ask("roll back to (Enter for 0):", self._rollback, hasty=True),
            "h": lambda: self.perform(self.client.check_health, doing="checking"),
            "a": self.toggle_auto_rollback,
            "w": lambda: self.ask("whitelist: owner/name to add, -owner/name to remove:", self.whitelist),
            "c": lambda: self.perform(lambda: self.client.categorize_all(self._progress), doing="categorizing"),
            "m": lambda: self.read(lambda: result_page("metrics", self.client.show_metrics())),
            "l": lambda: self.read(lambda: history_page(self.client.history(CHANGES))),
            "x": lambda: self.read(lambda: errors_page(self.client.errors(KINDS), self._explained)),
            "i": lambda: self.ask("repository, owner/name:", lambda name: self.read(lambda: self._explained(name))),
            ":": self.ask_command,
            "?": self.help,
            "q": self.quit,
        }

    @property
    def view_keys(self) -> tuple[Key, ...]:
        """The keys of the view in sight, for its footer and its help."""
        if not self.pages:
            return OVERVIEW
        return (*PAGE, *(SCROLL if self.pages[-1].chosen is None else CHOOSE))

    def read(self, fetch: Callable[[], Page]) -> None:
        """Show a page over what is in sight."""
        self.perform(fetch, doing="reading")

    def help(self) -> None:
        """Show what each key of the view in sight does."""
        if not self.pages or self.pages[-1].title != KEYS_HELP:
            self.pages.append(help_page(self.view_keys))

    def quit(self) -> None:
        """Leave the dashboard; the rollout goes on as it is."""
        self.app.exit()

    def ask_stop(self) -> None:
        """A stop is one key and a reason, on every page, and asks nothing more."""
        self.ask("EMERGENCY STOP, reason (Enter stops):", self._stop, hasty=True)

    def open_chosen(self) -> None:
        """Show the chosen row in full."""
        if self.pages and (chosen := self.pages[-1].chosen):
            self.read(chosen)

    def unknown(self, key: str) -> None:
        """Say that a key does nothing here."""
        self.message = f" {sanitize(key, 12)} is no key here; press ? for what each key does"

    def pasted(self) -> None:
        """Say that pasted text does nothing here."""
        self.message = " Paste ignored; press ? for the keys"

    # The palette

    def ask_command(self) -> None:
        """Ask for a command of the console."""
        self.ask(PALETTE.name, self._run)
        self.message = self._hint()

    def complete(self) -> None:
        """Type what is sure of the command's name."""
        self.answer.text = palette.completed(self.answer.text)
        self.answer.cursor_position = len(self.answer.text)

    def typed(self) -> None:
        """Say what the command may become, as it is typed."""
        if self.commanding and not self._busy:
            self.message = self._hint()

    def _hint(self) -> str:
        return palette.hint(self.answer.text, self.screen().width, 4)

    def _run(self, line: str) -> None:
        if not line:
            self.back()
            return
        screen = self.screen()

        def ran() -> Page:
            text = palette.run(line, self.client, palette.Caught(screen, self.move_to))
            return text_page(f":{sanitize(line, 200)}", lambda screen: text)

        self.perform(ran, doing="running")

    def move_to(self, client: RolloutClient) -> None:
        """Show another target or feature."""
        before, self.client, self.watching = self.overview, client, client.watching()
        self.overview = before.elsewhere(self.watching.overview, client.listener)
        before.stop()
        self.overview.start()

    # Answers

    def whitelist(self, text: str) -> None:
        """Add repositories to the whitelist, or remove those with a minus before them."""
        typed = text.replace(",", " ").split()
        names = [name.lstrip("-") for name in typed]
        removed = [name for name in typed if name.startswith("-")]
        if removed and len(removed) < len(typed):
            self.message = MIXED
        elif removed:
            self.change(lambda reason: self.client.remove_from_whitelist(names, reason), doing="removing")
        else:
            self.change(lambda reason: self.client.add_to_whitelist(names, reason), doing="adding")

    def _stop(self, reason: str) -> None:
        self.perform(lambda: self.client.emergency_stop(reason or None), doing="STOPPING")

    def _hold(self, reason: str) -> None:
        self.perform(lambda: self.client.hold(reason or None), doing="holding")

    def _rollback(self, text: str) -> None:
        wanted = number(text) if text else 0
        self.change(lambda reason: self.client.rollback_to_percentage(wanted, reason), doing="rolling back")

    def _explained(self, name: str) -> Page:
        return result_page(f"repository {sanitize(name, 100)}", self.client.explain(name))

    def _progress(self, run: object) -> None:
        self.message = f" {time.strftime('%H:%M:%S')} {render(run, self.screen()).strip()}"
        self.app.invalidate()
