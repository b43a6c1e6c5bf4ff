"""The console's commands as verbs: `rollout-console status`, with options made from their signatures."""

from __future__ import annotations

import argparse
import inspect
import io
import json
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TextIO

from rollout_console import results
from rollout_console.cli.in_shell import in_shell
from rollout_console.client import RolloutClient, SettingValues
from rollout_console.client.command import values_of
from rollout_console.console import COMMANDS, Command, Output, Rollout
from rollout_console.console.output import tell, written
from rollout_console.console.place import client_here
from rollout_console.errors import Interrupted, RolloutError
from rollout_console.exit_status import Exit
from rollout_console.render import unfitted
from rollout_console.render.sanitize import sanitize

PARAMETER = re.compile(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)
LONGEST = 4000  # characters of an error: it may hold the statements that give a role all rights that it lacks
VERBS = {command.verb: command for command in COMMANDS.values() if command.verb}


def add_arguments(
    parser: argparse.ArgumentParser, parameters: inspect.Signature, about: Mapping[str, str] | None = None
) -> None:
    """Declare a command's parameters: in their order, and those that may be left out as options, too.

    Args:
        parser: of the verb.
        parameters: of the command.
        about: what each of them is.
    """
    parser.add_argument("--json", action="store_true", dest="as_json", help="print JSON: an object, or one a line")
    in_order = True
    has_switch = any(str(parameter.annotation) == "bool" for parameter in parameters.parameters.values())

    def said(name: str) -> str | None:
        return (about or {}).get(name, "").replace("%", "%%") or None

    for name, parameter in parameters.parameters.items():
        kinds = str(parameter.annotation).split(" | ")
        is_flag, is_list = kinds == ["bool"], any(kind.startswith(("list[", "Repositories")) for kind in kinds)
        is_text = bool({"str", "Repositories"} & {*kinds})
        convert = (_text if has_switch else str) if is_text else _numbers if is_list else _value
        optional = parameter.default is not inspect.Parameter.empty
        # What is left out must not overwrite what was given as an option: no default of its own.
        absent: Any = {"default": argparse.SUPPRESS} if optional else {}
        if optional:
            kind: Any = {"action": "store_true"} if is_flag else {"type": convert, "metavar": name.upper()}
            option: Any = parser.add_argument(
                f"--{name.replace('_', '-')}", dest=name, help=said(name), **absent, **kind
            )
            option.completer = lambda kind=parameter.annotation, **asked: values_of(kind)
        if in_order and not is_flag and parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            nargs = ("*" if is_list else "?") if optional else ("+" if is_list else None)
            parser.add_argument(name, nargs=nargs, type=convert, help=said(name), **absent)
            in_order = not is_list  # a list takes all that follow


def about_parameters(command: Command) -> dict[str, str]:
    """Return what the docstrings say of a command's parameters."""
    of_client = getattr(RolloutClient, command.method.__name__, None)
    settings = [SettingValues.__doc__] if command.name == "configure" else []
    docs = [command.method.__doc__, getattr(of_client, "__doc__", None), *settings]
    found = [item for doc in docs for item in PARAMETER.findall(inspect.cleandoc(doc or ""))]
    return {name: " ".join(text.replace("`", "").split()).rstrip(".") for name, text in found}


def run(command: Command, chosen: argparse.Namespace) -> Exit:
    """Run a command as its verb asks, and show what it returns."""
    output = JsonOutput() if chosen.as_json else VerbOutput()
    arguments = {name: getattr(chosen, name) for name in command.parameters if name in chosen}
    client, _ = client_here()
    with client:
        try:
            getattr(Rollout(client, output), command.name)(**arguments)
        except RolloutError as error:
            with suppress(OSError):  # where it can't be written, the exit status says it
                complain(error)
            return Exit.INTERRUPTED if isinstance(error, Interrupted) else Exit.FAILED
    return Exit.DONE


def complain(error: RolloutError) -> None:
    """Say what is wrong, and what to type in this shell; as one line where it is no terminal (R13)."""
    Output().show_error(in_shell(sanitize(str(error), LONGEST)), error)


class VerbOutput(Output):
    """Prints results with advice for the shell."""

    def present(self, result: object) -> None:
        """See `Output.present`; what others have written, and help on the prompt, stays as it is."""
        screen = self.screen()
        if isinstance(result, results.Change):  # no prompt says where
            status = result.status
            self.say(screen.fit(f" {sanitize(status.feature_name, 100)} on {sanitize(status.target, 60)}"))
        shown = unfitted(result, screen)
        self.say(screen.fit(shown if getattr(result, "as_written", False) else in_shell(shown)))


class JsonOutput(Output):
    """Prints results as JSON: one object, or the items of a list, each on a line of its own."""

    def __init__(self) -> None:
        self._printed: object = None
        self._nowhere = _Nowhere()

    @property
    def stream(self) -> TextIO:
        """See `Output.stream`: what a command would draw by itself goes nowhere."""
        return self._nowhere

    def show(self, result: object, notice: str | None = None) -> None:
        """See `Output.show`; the notice goes to standard error."""
        if notice:
            tell(f"({sanitize(notice)})", stream=sys.stderr)
        if isinstance(result, results.Result) and result is not self._printed:
            self.learn(result)

    def learn(self, result: object) -> None:
        """Print a result; `watch` learns each status as it comes."""
        assert isinstance(result, results.Result)
        self._printed = result
        data = result.to_dict()
        with written(result):
            for item in [data] if result.rows is None else data[result.rows]:
                print(json.dumps(item), flush=True)  # ASCII: text of others can't reach the terminal raw


class _Nowhere(io.StringIO):
    def write(self, text: str) -> int:
        return len(text)


def _text(text: str) -> str:
    """Return text of a command that has switches; not what is meant for one of them."""
    if text.lower() in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text} is no text: a switch stands alone")
    return text


def _numbers(text: str) -> Any:
    """Return numbers with commas between them as a list; see `_value` for anything else."""
    return json.loads(f"[{text}]") if re.fullmatch(r"\d+(?:, *\d+)+", text) else _value(text)


def _value(text: str) -> Any:
    """Return a number, a list or the like that is written as in JSON or at the prompt; anything else is text."""
    if text in ("True", "False"):
        return text == "True"
    try:
        return json.loads(text)
    except ValueError:
        return text
