"""The prompt and the toolbar: target and state at a glance, from what is known, never by a query of their own."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from rollout_console.client import RolloutClient
from rollout_console.console import Rollout
from rollout_console.errors import RolloutError
from rollout_console.render.phrases import what, who
from rollout_console.results import Status
from rollout_console.text import ago, clean, count, percent

REFRESH = 5.0  # seconds between background refreshes
VERDICTS = {"no_data": "no jobs yet", "small_sample": "few jobs", "healthy": "healthy", "breach": "BREACH"}
STALE = 30.0  # seconds after which what is known is marked


class Known:
    """The newest status, from commands and from the refresh behind the prompt."""

    def __init__(self) -> None:
        self.status: Status | None = None
        self.at = 0.0
        self.problem: str | None = None

    def learn(self, result: object) -> None:
        """Take the status out of whatever a command returned."""
        status = result if isinstance(result, Status) else getattr(result, "status", None)
        if isinstance(status, Status):
            self.status, self.at, self.problem = status, time.monotonic(), None

    def age(self) -> float:
        """Return how old the status is, in seconds."""
        return time.monotonic() - self.at


class Refresher:
    """Asks for the status in the background while a prompt waits, and has the toolbar drawn again."""

    def __init__(self, client: RolloutClient, known: Known, redraw: Any) -> None:
        self._client, self._known, self._redraw = client, known, redraw
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin; the thread ends with the session."""
        threading.Thread(target=self._run, name="toolbar", daemon=True).start()

    def stop(self) -> None:
        """End after the refresh that is under way."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._known.learn(self._client.status())
            except RolloutError as error:
                self._known.problem = str(error)
            self._redraw()
            self._stopped.wait(REFRESH)


def prompt_words(console: Rollout, known: Known) -> tuple[str, str]:
    """Return the prompt and the name of its style: local, remote or stopped."""
    target = console.client.adapter.target
    where = f"rollout {clean(target.name, 24)}"
    style = "local" if target.kind == "local" else "remote"
    if known.status is None:
        return f"{where} ▸ ", style
    if known.status.emergency_stop:
        return f"{where} STOPPED ▸ ", "stopped"
    return f"{where} {known.status.rollout_percentage} % ▸ ", style


def toolbar_words(known: Known) -> str:
    """Return the line at the bottom: health, last change, and how old that is."""
    status = known.status
    if status is None:
        return f" {clean(known.problem, 200)}" if known.problem else " connecting …"
    health = status.health
    parts = [VERDICTS.get(health.verdict, clean(health.verdict, 40))]
    if health.jobs:
        parts[0] += f": {percent(health.error_rate)} errors, {count(health.jobs)} jobs"
    if status.last_change is not None:
        change = status.last_change
        parts.append(f"{ago(change.at, status.server_time)}: {what(change)}, {who(change)}")
    if known.problem:
        parts.insert(0, f"STALE, {known.age():.0f} s old: {clean(known.problem, 80)}")
    elif known.age() > STALE:
        parts.insert(0, f"STALE, {known.age():.0f} s old")
    return " " + "  |  ".join(parts)


def install(ip: Any, console: Rollout) -> None:
    """Give a terminal session the prompt and the toolbar; `ROLLOUT_TOOLBAR=off` leaves IPython's own."""
    if getattr(ip, "pt_app", None) is None or os.environ.get("ROLLOUT_TOOLBAR", "").lower() in {"off", "0", "no"}:
        return
    from IPython.terminal.prompts import Prompts
    from pygments.token import Token

    known = Known()
    console.on_result = known.learn

    class RolloutPrompts(Prompts):
        def in_prompt_tokens(self) -> list[tuple[Any, str]]:
            words, style = prompt_words(console, known)
            return [(getattr(Token.Rollout, style.capitalize()), words)]

        def continuation_prompt_tokens(self, width: int | None = None, **more: Any) -> list[tuple[Any, str]]:
            return [(Token.Rollout.Local, "… ".rjust(width or 2))]

    ip.rollout_before = (ip.prompts, dict(ip.highlighting_style_overrides), ip.prompt_line_number_format)
    # Not shown, since our prompts replace those that would: it makes IPython draw the prompt anew
    # with the toolbar, so that a stop made elsewhere turns a waiting prompt red.
    ip.prompt_line_number_format = " "
    ip.prompts = RolloutPrompts(ip)
    ip.highlighting_style_overrides = {
        **ip.highlighting_style_overrides,
        Token.Rollout.Local: "ansigreen",
        Token.Rollout.Remote: "bold ansiyellow",
        Token.Rollout.Stopped: "bold ansiwhite bg:ansired",
    }
    ip.refresh_style()
    ip.pt_app.bottom_toolbar = lambda: toolbar_words(known)
    ip.rollout_refresher = Refresher(console.client, known, lambda: ip.pt_app.app.invalidate())
    after_first_prompt(ip, ip.rollout_refresher.start)


def after_first_prompt(ip: Any, action: Callable[[], None]) -> None:
    """Do something once the next prompt is on screen, or at once where there will be none.

    What works in the background takes turns with what draws the prompt; nobody types before that.
    """
    if getattr(ip, "pt_app", None) is None:
        action()
        return
    ip.pt_app.app.pre_run_callables.append(lambda: asyncio.get_running_loop().call_soon(action))


def uninstall(ip: Any) -> None:
    """Give IPython its own prompt back."""
    refresher = ip.__dict__.pop("rollout_refresher", None)
    if refresher is None:
        return
    refresher.stop()
    ip.prompts, ip.highlighting_style_overrides, ip.prompt_line_number_format = ip.__dict__.pop("rollout_before")
    ip.refresh_style()
    ip.pt_app.bottom_toolbar = None
