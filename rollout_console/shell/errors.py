"""R13: an error that can be foreseen is one line that ends with what to type, never a traceback."""

from __future__ import annotations

import re
import sys
from types import MethodType, TracebackType
from typing import Any

from rollout_console.console import COMMANDS
from rollout_console.errors import RolloutError
from rollout_console.render.sanitize import sanitize
from rollout_console.shell.session import Session

CALL = re.compile(r"^\s*(?:\w+\s*=\s*)?rollout\.(\w+)\((.*)\)\s*;?\s*$", re.DOTALL)

WITHOUT_BRACKETS = re.compile(r"^\s*rollout\.(\w+)[ \t]+([^\s=(][^\n]*)$")
# What people type first; the browser console has its own names for them.
ALIASES = {
    **{c.verb: c.name for c in COMMANDS.values() if c.verb},
    "rollback": "rollbackToZero",
    "whitelist": "showWhitelist",
}


def install(session: Session) -> None:
    """Show the package's errors, and mistyped commands, as one line."""
    ip = session.ip

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
        session.note_refused(shell.user_ns.get("In", [""])[-1])
        session.show_error(line, error)
        return [line]

    def on_syntax_error(shell: Any, filename: str | None = None, running_compiled_code: bool = False) -> None:
        error = sys.exc_info()[1]
        line = one_line(error, getattr(error, "text", None) or "") if error is not None else None
        if line is None:
            type(shell).showsyntaxerror(shell, filename, running_compiled_code)
        else:
            session.note_refused(shell.user_ns.get("In", [""])[-1])
            session.show_error(line, error)

    ip.set_custom_exc((RolloutError, NameError), on_error)
    ip.showsyntaxerror = MethodType(on_syntax_error, ip)

    def uninstall() -> None:
        ip.set_custom_exc((), None)
        ip.__dict__.pop("showsyntaxerror", None)

    session.on_unload(uninstall)


def one_line(error: BaseException, source: str) -> str | None:
    """Return the line to show for an error of a command, or None for an error that IPython should show.

    Args:
        error: what was raised.
        source: the code that was typed.
    """
    if isinstance(error, RolloutError):
        return sanitize(str(error), 1500)
    if isinstance(error, NameError) and (meant := _command_without_its_object(error.name or "", source)):
        return f"{error.name} is not a name here; nothing was done: type {meant}"
    if isinstance(error, SyntaxError) and (bare := WITHOUT_BRACKETS.match(source)) and bare[1] in COMMANDS:
        return f"a command needs brackets; nothing was done: type rollout.{bare[1]}({_as_argument(bare[2])})"
    call = CALL.match(source)
    if call is None or not isinstance(error, NameError | SyntaxError):
        return None
    name, argument = call.group(1), call.group(2).strip()
    example = COMMANDS[name].example if name in COMMANDS else "rollout.help()"
    takes_number = name in COMMANDS and COMMANDS[name].parameters[:1] == ("percentage",)
    quotable = re.fullmatch(r"\d+ ?%" if takes_number else r"[^\"'\[\](){}=,]+", argument)
    if name in COMMANDS and quotable:
        example = f'rollout.{name}("{sanitize(argument, 200)}")'
    wrong = f"{error.name} is not a name here" if isinstance(error, NameError) else "this can't be read"
    return f"{wrong}; nothing was done: text needs quotes, type {example}"


def _command_without_its_object(name: str, source: str) -> str | None:
    """Return what to type instead of `status()`, `stop` or `Rollout.status()`; None if it is no command's name."""
    if name.lower() == "rollout":
        return re.sub(rf"\b{name}\b", "rollout", sanitize(source.strip().splitlines()[0], 200))
    command = ALIASES.get(name.lower()) or {c.lower(): c for c in COMMANDS}.get(name.lower())
    if command is None:
        return None
    call = re.search(rf"(?<![\w.]){re.escape(name)}\s*(\([^\n]*\))", source)
    return f"rollout.{command}{sanitize(call[1], 200)}" if call else COMMANDS[command].example


def _as_argument(text: str) -> str:
    argument = sanitize(text.strip().rstrip(";"), 200)
    return argument if re.fullmatch(r"[\d.]+|([\"']).*\1", argument) else f'"{argument}"'


def _source(trace: TracebackType | None) -> str:
    import linecache

    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace is not None else ""
