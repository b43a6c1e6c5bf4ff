"""R12: what a command has put on screen is not displayed again as the value of its cell."""

from __future__ import annotations

from typing import Any

from rollout_console.console import Rollout
from rollout_console.render import render
from rollout_console.results import Result


class ShownOnce:
    """A display hook before IPython's: keeps shown values in `_` and `Out` without showing them again."""

    def __init__(self, hook: Any, console: Rollout) -> None:
        self.hook = hook
        self.console = console

    def __call__(self, value: object = None) -> None:
        """Display a value, or only remember it."""
        if not any(value is shown for shown in self.console.shown):
            self.hook(value)
            return
        # As IPython's hook does, less the screen. A trailing ";" does not lose the value.
        self.hook.check_for_underscore()
        self.hook.update_user_ns(value)
        self.hook.fill_exec_result(value)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.hook, name)


def install(ip: Any, console: Rollout) -> None:
    """Put the hook in front of IPython's, and teach IPython to show results that are asked for again."""

    def pretty(value: object, printer: Any, cycle: bool) -> None:
        printer.text(render(value, console.screen()))

    def new_cell(info: object) -> None:
        console.shown.clear()
        console.refused = False

    def in_notebook(value: object) -> None:
        from IPython import display

        show: Any = display.display
        show(value)

    ip.display_trap.hook = ShownOnce(ip.display_trap.hook, console)
    ip.rollout_new_cell = new_cell
    ip.events.register("pre_run_cell", new_cell)
    formatters = ip.display_formatter.formatters
    formatters["text/plain"].for_type(Result, pretty)
    if hasattr(ip, "kernel"):  # a notebook: what is displayed there has HTML beside the text
        from rollout_console.render.html import render_html

        console.present = in_notebook
        formatters["text/html"].for_type(Result, render_html)


def uninstall(ip: Any) -> None:
    """Give IPython its own hook back."""
    hook = ip.display_trap.hook
    if isinstance(hook, ShownOnce):
        ip.display_trap.hook = hook.hook
        ip.events.unregister("pre_run_cell", ip.rollout_new_cell)
        for mime in ("text/plain", "text/html"):
            ip.display_formatter.formatters[mime].pop(Result, None)
