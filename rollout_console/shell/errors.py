"""R13: what can be foreseen to go wrong is one line with a way out, never a traceback."""

from __future__ import annotations

import re
import sys
from types import MethodType, TracebackType
from typing import Any

from rollout_console.commands import COMMANDS
from rollout_console.console import Rollout
from rollout_console.errors import RolloutError
from rollout_console.text import clean

CALL = re.compile(r"^\s*(?:\w+\s*=\s*)?rollout\.(\w+)\((.*)\)\s*;?\s*$", re.DOTALL)


def install(ip: Any, console: Rollout) -> None:
    """Show the package's errors, and slips in typing a command, as one line."""

    def on_error(
        shell: Any,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType,
        tb_offset: int | None = None,
    ) -> list[str] | None:
        line = one_line(error, shell.user_ns.get("In", [""])[-1] or _source(trace))
        if line is None:
            shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
            return None
        show_error(console, line, error)
        return [line]

    def on_syntax_error(shell: Any, filename: str | None = None, running_compiled_code: bool = False) -> None:
        error = sys.exc_info()[1]
        line = one_line(error, getattr(error, "text", None) or "") if error is not None else None
        if line is None:
            type(shell).showsyntaxerror(shell, filename, running_compiled_code)
        else:
            show_error(console, line, error)

    ip.set_custom_exc((RolloutError, NameError), on_error)
    ip.showsyntaxerror = MethodType(on_syntax_error, ip)


def uninstall(ip: Any) -> None:
    """Give IPython its own ways back."""
    ip.set_custom_exc((), None)
    ip.__dict__.pop("showsyntaxerror", None)


def show_error(console: Rollout, line: str, error: BaseException | None) -> None:
    """Put an error on screen: the line, and what to do by hand where the error knows it."""
    screen = console.screen()
    print(screen.paint(line, "bad"), file=sys.stderr)
    for step in getattr(error, "by_hand", ()):
        print(f"   {clean(step, 4000)}", file=sys.stderr)


def one_line(error: BaseException, source: str) -> str | None:
    """Return the line to show for an error of a command, or None if it is not one of ours to explain.

    Args:
        error: what was raised.
        source: the code that was typed.
    """
    if isinstance(error, RolloutError):
        return clean(str(error), 1500)
    call = CALL.match(source)
    if call is None or not isinstance(error, NameError | SyntaxError):
        return None
    name, argument = call.group(1), call.group(2).strip()
    example = COMMANDS[name].example if name in COMMANDS else "rollout.help()"
    if name in COMMANDS and argument and not re.search(r"[\"'\[\](){}=,]", argument):
        example = f'rollout.{name}("{clean(argument, 200)}")'
    wrong = f"{error.name} is not a name here" if isinstance(error, NameError) else "this can't be read"
    return f"{wrong}; nothing was done: text needs quotes, type {example}"


def _source(trace: TracebackType | None) -> str:
    import linecache

    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace is not None else ""
