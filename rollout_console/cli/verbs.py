"""The console's commands as verbs: `rollout-console status`, with options made from their signatures."""

from __future__ import annotations

import argparse
import inspect
import json
import os
import re
import shlex
import sys
from typing import Any, TextIO

from rollout_console.console import COMMANDS, Command, Output, Rollout
from rollout_console.console.place import client_here
from rollout_console.console.registry import signature_of
from rollout_console.errors import RolloutError
from rollout_console.exit_status import Exit
from rollout_console.render.sanitize import sanitize
from rollout_console.results import Result

CALL = re.compile(r"rollout\.(\w+)\(([^()]*)\)")
VERBS = {command.verb: command for command in COMMANDS.values() if command.verb}


def add_arguments(parser: argparse.ArgumentParser, command: Command) -> None:
    """Declare a command's parameters: in their order, and those that may be left out as options, too."""
    parser.add_argument("--json", action="store_true", dest="as_json", help="print JSON: an object, or one a line")
    in_order = True
    for name, parameter in signature_of(Rollout, command.name).parameters.items():
        kinds = str(parameter.annotation).split(" | ")
        convert = str if "str" in kinds else _value
        optional = parameter.default is not inspect.Parameter.empty
        several = any(kind.startswith("list[") for kind in kinds)
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            parser.add_argument(name, nargs="*", type=_pair, metavar="name=value", help="settings")
            continue
        if optional:
            flag: Any = {"action": "store_true"} if kinds == ["bool"] else {"type": convert, "metavar": name.upper()}
            parser.add_argument(f"--{name.replace('_', '-')}", dest=name, default=argparse.SUPPRESS, **flag)
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY or kinds == ["bool"] or not in_order:
            continue
        nargs = ("*" if several else "?") if optional else ("+" if several else None)
        # What is left out must not overwrite what was given as an option: no default of its own.
        absent: Any = {"default": argparse.SUPPRESS} if optional else {}
        parser.add_argument(name, nargs=nargs, type=convert, **absent)
        in_order = not several  # a list takes all that follow


def run(command: Command, chosen: argparse.Namespace) -> Exit:
    """Run a command as its verb asks, and show what it returns."""
    output = JsonOutput() if chosen.as_json else VerbOutput()
    client, _ = client_here()
    arguments: dict[str, Any] = {}
    for name, parameter in signature_of(Rollout, command.name).parameters.items():
        if name in chosen:
            given = getattr(chosen, name)
            arguments.update(dict(given) if parameter.kind is inspect.Parameter.VAR_KEYWORD else {name: given})
    with client:
        try:
            getattr(Rollout(client, output), command.name)(**arguments)
        except RolloutError as error:
            output.show_error(in_shell(sanitize(str(error), 1500)), error)
            return Exit.FAILED
    return Exit.DONE


class VerbOutput(Output):
    """Prints results with advice for the shell."""

    def say(self, text: str) -> None:
        """See `Output.say`."""
        super().say(in_shell(text))


class JsonOutput(Output):
    """Prints results as JSON: one object, or the items of a list, each on a line of its own."""

    def __init__(self) -> None:
        self._printed: object = None

    @property
    def stream(self) -> TextIO:
        """See `Output.stream`: what a command would draw by itself goes nowhere."""
        return open(os.devnull, "w")

    def show(self, result: object, notice: str | None = None) -> None:
        """See `Output.show`; the notice goes to standard error."""
        if notice:
            print(f"({notice})", file=sys.stderr)
        if isinstance(result, Result) and result is not self._printed:
            self.learn(result)

    def learn(self, result: object) -> None:
        """Print a result; `watch` learns each status as it comes."""
        assert isinstance(result, Result)
        self._printed = result
        data = result.to_dict()
        for item in [data] if result.rows is None else data[result.rows]:
            print(json.dumps(item), flush=True)  # ASCII: text of others can't reach the terminal raw


def in_shell(text: str) -> str:
    """Return text in which calls of the console are verbs: `rollout.resume(5)` is `rollout-console resume 5`."""

    def verb(call: re.Match[str]) -> str:
        command = COMMANDS.get(call[1])
        if command is None or command.verb is None:
            return call[0]
        return " ".join(["rollout-console", command.verb, *_words(call[2])])

    return CALL.sub(verb, text).replace('reason="..."', '--reason "..."')


def _words(arguments: str) -> list[str]:
    """Return the arguments of a call as words of a shell, in the quotes that they have."""
    words = []
    for name, value in re.findall(r"(?:(\w+)=)?(\"[^\"]*\"|'[^']*'|[^\s,\[\]]+)", arguments):
        plain = value.strip("\"'")
        quoted = f'"{plain}"' if plain != value and re.fullmatch(r"[\w ./-]+", plain) else shlex.quote(plain)
        words += [f"--{name.replace('_', '-')}", quoted] if name else [quoted]
    return words


def _value(text: str) -> Any:
    """Return a number, a list or the like that is written as in JSON; anything else is text, as it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _pair(text: str) -> tuple[str, Any]:
    name, given, value = text.partition("=")
    if not given:
        raise argparse.ArgumentTypeError(f"{text!r} is no setting; type name=value")
    return name, _value(value)
