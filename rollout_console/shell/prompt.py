"""The prompt and the toolbar: target and state at a glance, from what is known already; drawing asks nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rollout_console.adapters import Target
from rollout_console.refresh import Refresher, Snapshot
from rollout_console.render.colours import PROMPT, TYPED
from rollout_console.render.layout import cells, clip, shorten_middle
from rollout_console.render.sanitize import sanitize
from rollout_console.settings import DEFAULT_FEATURE
from rollout_console.shell.caution import Caution
from rollout_console.shell.session import Session

if TYPE_CHECKING:
    from rollout_console.results import HistoryEntry, Status

REFRESH = 5.0  # seconds between two refreshes, also while they fail: a stop elsewhere must show soon
PRODUCT, MARKS, SHORTEST = "rollout ", 3, 6  # of a prompt: a word before the name, cells around it, its fewest
STALE = 10.0  # seconds after which the status is marked as stale


def prompt_parts(target: Target, feature: str, known: Snapshot[Status], columns: int = 1000) -> list[tuple[str, str]]:
    """Return the prompt in parts, each with the name of its style: where one is, then the state.

    Args:
        target: its colour, if it has one, is that of its name, whatever the state.
        feature: shown where it is not the default one.
        known: the newest status.
        columns: of the terminal; the prompt takes half of them at most, and shortens the name before the state.
    """
    kind = "local" if target.kind == "local" else "remote"
    style, state = kind, ["READ-ONLY"] if target.read_only else []
    status = known.value
    if status is not None:
        from rollout_console.render.status import flags

        state.append("STOPPED" if status.emergency_stop else f"{status.rollout_percentage} %")
        long = cells(" ".join([*state, *flags(status)])) > columns // 2 - 2 * MARKS - SHORTEST
        state += flags(status, ends=not long)
        style = "stopped" if status.emergency_stop else kind if status.auto_rollback_enabled else "flag"
    where = sanitize(target.name, 24)
    if feature != DEFAULT_FEATURE:
        where += f":{sanitize(feature, 24)}"
    room = columns // 2 - MARKS
    while len(state) > 1 and cells(" ".join(state)) > room - SHORTEST:
        # What nothing protects matters more than what can't be raised.
        state = state[1:] if state[0] == "READ-ONLY" else [state[0], *state[2:]]
    words = f"{' '.join(state)} ▸ ".lstrip()
    room -= cells(words)
    name = where if target.colour or cells(where) + cells(PRODUCT) > room else PRODUCT + where
    name = shorten_middle(name, room) if room > 1 else ""
    if target.colour:
        return [(target.colour, f" {name} "), (style, f" {words}")]
    return [(kind, f"{name} ".lstrip()), (style, words)]


def toolbar_words(known: Snapshot[Status], width: int | None = None) -> str:
    """Return the line at the bottom: health, last change, and how old that is.

    Args:
        known: the newest status.
        width: cells that there are; a longer line loses the author of the change, then its end, and before
            the verdict since when something is off. None: no limit.
    """
    line = _words(known, author=True)
    if width is None or cells(line) <= width:
        return line
    health, change = _words(known, change=False), _words(known, author=False)
    return clip(change if cells(health) <= width else _words(known, author=False, brief=True), width)


def _words(known: Snapshot[Status], *, author: bool = True, change: bool = True, brief: bool = False) -> str:
    status = known.value
    if status is None:
        return f" {sanitize(known.problem, 200)}" if known.problem else " connecting …"
    from rollout_console.render.status import flags, flags_in_full

    parts = [*(reversed(flags(status, ends=False)) if brief else flags_in_full(status)), _health(status)]
    if status.last_change is not None and change:
        parts.append(_last_change(status, status.last_change, known.age(), author))
    if known.problem:
        parts.insert(0, f"STALE, {known.age():.0f} s old: {sanitize(known.problem, 80)}")
    elif known.age() > STALE:
        parts.insert(0, f"STALE, {known.age():.0f} s old")
    return " " + "  |  ".join(parts)


def _health(status: Status) -> str:
    from rollout_console.render.formatting import format_counted, format_percent
    from rollout_console.render.health import VERDICTS

    health = status.health
    verdict, _ = VERDICTS[health.verdict]
    said = verdict.format(health=health)
    if not health.jobs:
        return said
    sample = "" if "jobs" in verdict else f", {format_counted(health.jobs, 'job', 'jobs')}"
    return f"{said}: {format_percent(health.error_rate)} errors{sample}"


def _last_change(status: Status, change: HistoryEntry, age: float, author: bool) -> str:
    from rollout_console.render.formatting import format_age
    from rollout_console.render.history import change_author, change_summary

    by = f", {change_author(change)}" if author else ""
    now = status.server_time + timedelta(seconds=age)  # it goes on while nothing new comes
    return f"{format_age(change.at, now)}: {change_summary(change)}{by}"


def toolbar(known: Snapshot[Status], width: int) -> list[tuple[str, str]]:
    """Return the line at the bottom, bold while nothing would roll back by itself."""
    unprotected = known.value is not None and not known.value.auto_rollback_enabled
    return [("bold" if unprotected else "", toolbar_words(known, width))]


def known_to(session: Session) -> Snapshot[Status]:
    """Return the newest status; none on a dumb terminal, where nothing draws the prompt again once it is old."""
    from prompt_toolkit.utils import is_dumb_terminal

    return Snapshot() if session.status is None or is_dumb_terminal() else session.status.snapshot


def install(session: Session) -> None:
    """Give a terminal session the prompt and the toolbar; `ROLLOUT_TOOLBAR=off` leaves IPython's own."""
    ip = session.ip
    if getattr(ip, "pt_app", None) is None:
        return
    session.caution = Caution()
    if os.environ.get("ROLLOUT_TOOLBAR", "").lower() in {"off", "0", "no"}:
        return
    from IPython.terminal.prompts import Prompts
    from pygments.token import Token

    client = session.console.client

    def changed() -> None:
        import rollout_console.render.every  # noqa: F401 in this thread, before prompt or command draws with it

        ip.pt_app.app.invalidate()

    status = Refresher(client.watching().status, REFRESH, changed, longest=REFRESH, wait=client.listener)
    session.status = status

    class RolloutPrompts(Prompts):
        def in_prompt_tokens(self) -> list[tuple[Any, str]]:
            client = session.console.client
            columns = ip.pt_app.app.output.get_size().columns
            parts = prompt_parts(client.adapter.target, client.feature, known_to(session), columns)
            mode = [(Token.Prompt, self.vi_mode())]  # type: ignore[no-untyped-call]
            return mode + [(getattr(Token.Rollout, style.capitalize()), words) for style, words in parts]

        def continuation_prompt_tokens(self, width: int | None = None, **more: Any) -> list[tuple[Any, str]]:
            return [(Token.Rollout.Local, "… ".rjust(width or 2))]

    before = ip.prompts, dict(ip.highlighting_style_overrides), ip.prompt_line_number_format
    # Not shown, since our prompts replace those that would: it makes IPython draw the prompt again
    # with the toolbar, so that a stop made elsewhere turns a waiting prompt red.
    ip.prompt_line_number_format = " "
    ip.prompts = RolloutPrompts(ip)
    ip.highlighting_style_overrides = {
        **{getattr(Token.Literal, name): style for name, style in TYPED.items()},
        **ip.highlighting_style_overrides,
        **{getattr(Token.Rollout, name): style for name, style in PROMPT.items()},
    }
    ip.refresh_style()
    ip.pt_app.bottom_toolbar = lambda: toolbar(known_to(session), ip.pt_app.app.output.get_size().columns)
    after_first_prompt(ip, status.start)

    def uninstall() -> None:
        if session.status is not None:
            session.status.stop()
        ip.prompts, ip.highlighting_style_overrides, ip.prompt_line_number_format = before
        ip.refresh_style()
        ip.pt_app.bottom_toolbar = None

    session.on_unload(uninstall)


def after_first_prompt(ip: Any, action: Callable[[], None]) -> None:
    """Start something in the background once the next prompt is on screen, at once where there will be none.

    Started earlier, it would compete with the first prompt for the interpreter lock and delay it.
    """
    if getattr(ip, "pt_app", None) is None:
        action()
        return
    import asyncio

    ip.pt_app.app.pre_run_callables.append(lambda: asyncio.get_running_loop().call_soon(action))
