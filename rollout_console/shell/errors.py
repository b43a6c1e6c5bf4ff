"""R13: an error that can be foreseen is one line that ends with what to type, never a traceback."""

from __future__ import annotations

import re
import sys
from types import MethodType, TracebackType
from typing import Any

from rollout_console.console import COMMANDS
from rollout_console.console.output import failure_lines
from rollout_console.console.rollout import UnknownCommand
from rollout_console.console.spelling import STOP, command_of
from rollout_console.errors import Refused, RolloutError
from rollout_console.pattern import pattern
from rollout_console.render.sanitize import sanitize
from rollout_console.shell.left_out import halt_of
from rollout_console.shell.paste import open_bracket
from rollout_console.shell.reader import is_python
from rollout_console.shell.session import Session
from rollout_console.shell.shell_lines import quoted

# One call: with what stands behind a closed bracket, on another line or after a semicolon, it would be two.
CALL = pattern(r"^\s*(?:\w+\s*=\s*)?rollout\.(\w+)\(((?:(?!\)\s*[\n;]).)*)\)\s*;?\s*$", re.DOTALL)
WRONG_BRACKETS = pattern(r"^\s*rollout\.(\w+)\s*[(\[{](.*)[)\]}]\s*;?\s*$")
WITHOUT_BRACKETS = pattern(r"^\s*(?:rollout\.)?([\w-]+)[ \t]+([^\s=(][^\n]*)$")
# `rollout stop`, as a program; and a command's words alone, as STOP! or EMERGENCY STOP.
AS_A_PROGRAM = pattern(r"^\s*(?:\./)?rollout[ \t]+([\w-]+)[ \t]*([^\n]*)$")
WORDS = pattern(r"^[\w \t-]+[!.\s]*$")

TO_TYPE = pattern(r"\btype (?:\w+\s*=\s*)?rollout\.(\w+)\(")
JAVASCRIPT = pattern(r"(?:\)|\belse|\btry)[ \t]*\{")  # no Python has these


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
        line = one_line(error, (not session.several and session.cell) or _source(trace))
        if line is None:
            shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
            return None
        _say_first(error, line)
        if session.display is None:
            session.show_error(line, error)
        else:  # a notebook: what is published as an error stops whoever runs it, and no capture hides it
            lines = "\n".join(failure_lines(line, error, session.screen())).split("\n")
            shell._showtraceback(kind, error, lines)
        session.note_refused(session.cell)
        return [line]

    def on_syntax_error(shell: Any, filename: str | None = None, running_compiled_code: bool = False) -> None:
        error = sys.exc_info()[1]
        line = None
        if error is not None:  # of an open bracket, the error has the first line only
            line = open_bracket(session.cell) or one_line(error, getattr(error, "text", None) or "")
            if line is None and JAVASCRIPT.search(session.cell):
                line = "a block of JavaScript can't be read; nothing was done: type the commands in it, one a line"
        if line is None:
            type(shell).showsyntaxerror(shell, filename, running_compiled_code)
        else:
            _say_first(error, line)
            session.show_error(line, error)
            session.note_refused(session.cell)

    ip.set_custom_exc((RolloutError, NameError), on_error)
    ip.showsyntaxerror = MethodType(on_syntax_error, ip)

    def uninstall() -> None:
        ip.set_custom_exc((), None)
        ip.__dict__.pop("showsyntaxerror", None)

    session.on_unload(uninstall)


def _say_first(error: Any, line: str) -> None:
    """Give an error of what was meant to be a halt the word that every halt has that is not made."""
    halts = [halt for name in TO_TYPE.findall(line) if (halt := halt_of(name))]
    if halts and not isinstance(error, Refused):
        error.verdict = halts[0].not_done


def one_line(error: BaseException, source: str) -> str | None:
    """Return the line to show for an error of a command, or None for an error that IPython should show.

    Args:
        error: what was raised.
        source: the code that was typed.
    """
    if isinstance(error, UnknownCommand):
        return sanitize(error.line(_arguments(error.typed, source)), 1500)
    if isinstance(error, RolloutError):
        return sanitize(str(error), 1500)
    if isinstance(error, NameError) and error.name == "rollout":  # the next cell has it back
        return "rollout was deleted, and is back; nothing was done: type the command again"
    call = CALL.match(source)
    called = call[1] if call else ""
    name = STOP if command_of(called, COMMANDS) == STOP else called
    in_brackets = name in COMMANDS  # a word there is no command, though it has the name of one
    if isinstance(error, NameError) and not in_brackets and (typed := _without_its_object(error.name or "", source)):
        return f"{error.name} is not a name here; nothing was done: type {typed}"
    if isinstance(error, SyntaxError) and (typed := _with_brackets(source)):
        return f"a command needs brackets ( ); nothing was done: type {typed}"
    if call is None or not isinstance(error, NameError | SyntaxError):
        return None
    wrong = f"{error.name} is not a name here" if isinstance(error, NameError) else "this can't be read"
    if not in_brackets:
        return f"{wrong}; nothing was done: to see all commands, type rollout.help()"
    if isinstance(error, NameError) and (typed := _with_quotes(name, call[2], error.name or "")):
        return f"{wrong}; nothing was done: text needs quotes, type {typed}"
    return f"{wrong}; nothing was done: {_readable(name, call[2].strip())}"


def _with_quotes(name: str, argument: str, word: str) -> str | None:
    """Return a call in which a word was typed without its quotes; None if that was not the slip."""
    if COMMANDS[name].takes_percentage and argument.strip().startswith(word):
        return None
    typed, slips = re.subn(rf"((?:^|[=,(\[])\s*){re.escape(word)}(?=\s*(?:[,)\]]|$))", rf'\1"{word}"', argument)
    call = f"rollout.{name}({sanitize(typed, 200)})"
    return call if slips == 1 and is_python(call) else None


def _readable(name: str, argument: str) -> str:
    """Return what to type for a call that can't be read: what was in its brackets, as it can be, or its help."""
    command = COMMANDS[name]
    if not argument:
        return f"type {command.to_type}"
    if command.takes_percentage:
        if re.fullmatch(r"\d+ ?%", argument):
            return f'text needs quotes, type rollout.{name}("{argument}")'
        number = re.match(r"\d+\b", argument)
        example = command.to_type if re.search(r"\d", command.example) else f"for example rollout.{name}(5)"
        return f"the percentage is a number, type {f'rollout.{name}({number[0]})' if number else example}"
    if halt_of(name) or re.fullmatch(r"[^\"'\[\](){}=,]+", argument):
        return f"text needs quotes, type rollout.{name}({quoted(argument)})"
    return f'type rollout.help("{name}")'


def _arguments(name: str, source: str) -> str | None:
    """Return the brackets behind a name with all that they hold; None where there are none."""
    found = re.search(rf"(?<![\w]){re.escape(name)}\s*(\([^\n]*\))", source)
    return sanitize(found[1], 200) if found else None


def _without_its_object(name: str, source: str) -> str | None:
    """Return what to type instead of `status()`, `stop` or `Rollout.status()`; None if it is no command's name."""
    if name.lower() == "rollout":
        return re.sub(rf"\b{name}\b", "rollout", sanitize(source.strip().splitlines()[0], 200))
    command = command_of(name, COMMANDS)
    if command is None:
        return None
    if (call := _arguments(name, source)) is not None:
        return f"rollout.{command}{call}"
    return COMMANDS[command].to_type


def _with_brackets(source: str) -> str | None:
    """Return the call that a line without round brackets was meant to be; None if it is no command's."""
    found = AS_A_PROGRAM.match(source) or WITHOUT_BRACKETS.match(source)
    if found is None and CALL.match(source) is None:
        found = WRONG_BRACKETS.match(source)
    if found is not None and (command := command_of(found[1], COMMANDS)):
        if found[2].startswith("("):
            return f"rollout.{command}{sanitize(found[2].strip(), 200)}"
        return f"rollout.{command}({_as_argument(found[2])})" if found[2].strip() else COMMANDS[command].to_type
    words = WORDS.match(source)
    command = command_of(re.sub(r"\W", "", source), COMMANDS) if words is not None else None
    return COMMANDS[command].to_type if command else None


def _as_argument(text: str) -> str:
    argument = sanitize(text.strip().rstrip(";"), 200)
    if re.fullmatch(r"[\d.]+", argument):
        return argument
    inner = re.fullmatch(r"([\"'])(.*)\1", argument)
    return argument if inner and is_python(argument) else quoted(inner[2] if inner else argument)


def _source(trace: TracebackType | None) -> str:
    import linecache

    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace is not None else ""
