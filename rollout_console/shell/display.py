"""R12: what a command has put on screen is not displayed again as the value of its cell."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Self

from rollout_console.render import Screen, render
from rollout_console.shell.caution import Caution
from rollout_console.shell.left_out import left_out
from rollout_console.shell.session import Session

if TYPE_CHECKING:
    from rollout_console.results import Status

RESULT = "rollout_console.results.base", "Result"  # named, for IPython to know it before it is loaded


class ShownOnce:
    """A display hook before IPython's: keeps values that were shown in `_` and `Out` without showing them again."""

    def __init__(self, hook: Any, session: Session) -> None:
        self.hook = hook
        self.session = session

    def __call__(self, value: object = None) -> None:
        """Display a value, or only remember it."""
        if not self.session.has_shown(value):
            self.hook(value)
            return
        # As IPython's hook does, without printing. A trailing ";" does not lose the value.
        self.hook.check_for_underscore()
        self.hook.update_user_ns(value)
        self.hook.fill_exec_result(value)
        if self.hook.shell.logger.log_output:  # %logstart -o keeps a record of an incident
            self.hook.log_output({"text/plain": render(value, Screen())})

    def __getattr__(self, name: str) -> Any:
        return getattr(self.hook, name)


class InPlace:
    """An output of a notebook's cell that is replaced while it is entered, and empty afterwards.

    Args:
        endless: whether somebody is there to interrupt it; a program that runs a notebook never does.
    """

    def __init__(self, endless: bool) -> None:
        self.endless = endless
        self._handle: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        if self._handle is not None:
            self._show({"text/html": "", "text/plain": ""})  # the command shows the last status

    def draw(self, shown: Status | str, note: str) -> None:
        """See `View.draw`; a front end that does not update an output shows the first one, as text if it must."""
        import html

        from rollout_console.render.html import render_html

        said = isinstance(shown, str)
        page = f"<pre>{html.escape(str(shown))}</pre>" if said else render_html(shown)
        text = shown if isinstance(shown, str) else render(shown, Screen())
        self._show({"text/html": f"{page}<pre>{html.escape(note)}</pre>", "text/plain": f"{text}\n\n {note}"})

    def _show(self, data: dict[str, str]) -> None:
        from IPython import display

        ipython: Any = display
        if self._handle is None:
            self._handle = ipython.display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)


def install(session: Session) -> None:
    """Put the hook in front of IPython's, and teach IPython to show results that are asked for again."""
    ip = session.ip
    formatters = ip.display_formatter.formatters

    def pretty(value: object, printer: Any, cycle: bool) -> None:
        printer.text(render(value, session.screen()))

    def new_cell(info: Any) -> None:
        session.new_cell(info.raw_cell or "", as_python(info))

    def end_cell(outcome: Any) -> None:
        error = outcome.error_before_exec or outcome.error_in_exec
        cell = as_python(outcome.info)
        session.end_cell(left_out(cell, error, ip.user_global_ns, session.made) if error is not None else None)

    def as_python(info: Any) -> str:
        return info.transformed_cell or info.raw_cell or ""  # what can't be transformed is not run

    def somebody_is_there() -> bool:
        return bool(getattr(ip.kernel, "_allow_stdin", True))  # a program that runs a notebook answers no question

    def in_notebook(value: object) -> None:
        from IPython import display

        show: Any = display.display
        show(value)

    hook = ip.display_trap.hook
    shown_once = ShownOnce(hook, session)
    ip.display_trap.hook = shown_once
    if sys.displayhook is hook:  # an embedded shell has set it for as long as it lives
        sys.displayhook = shown_once
    ip.events.register("pre_run_cell", new_cell)
    ip.events.register("post_run_cell", end_cell)
    formatters["text/plain"].for_type_by_name(*RESULT, pretty)
    if hasattr(ip, "kernel"):  # a notebook: what is displayed there has HTML beside the text
        from rollout_console.render.html import render_html

        session.display = in_notebook
        session.view = lambda: InPlace(endless=somebody_is_there())
        if somebody_is_there():  # who may paste a block of the runbook into a cell
            session.caution = Caution()
        formatters["text/html"].for_type_by_name(*RESULT, render_html)

    def uninstall() -> None:
        ip.display_trap.hook = hook
        if sys.displayhook is shown_once:
            sys.displayhook = hook
        ip.events.unregister("pre_run_cell", new_cell)
        ip.events.unregister("post_run_cell", end_cell)
        for mime in ("text/plain", "text/html"):
            formatters[mime].pop(".".join(RESULT), None)

    session.on_unload(uninstall)
