"""The command line as one parser: help, completion, the man page and docs/cli.md are made from it."""

from __future__ import annotations

import argparse
import itertools
import re
import sys
from importlib import import_module

from rollout_console import __version__
from rollout_console.cli.verb_names import VERB_NAMES
from rollout_console.errors import RolloutError

TYPE_CHECKING = False  # as in rollout_console/__init__.py
if TYPE_CHECKING:
    from typing import Any, NoReturn

# Each is a module beside this one, imported when asked for: the console must not wait for what it does not use.
PROGRAMS = {
    "setup": "set a rollout up: schema, categories, whitelist, first percentage",
    "monitor": "check health at an interval, roll back on a breach, and alert",
    "dashboard": "watch and control the rollout on a full screen",
    "migrate": "bring the database's rollout functions up to date",
    "verify": "compare the counters with the rows that they count",
    "install-profile": "make `ipython --profile=rollout` open the console",
    "completion": "print the completion script of bash, zsh or fish",
}
TAKE_A_VALUE = ("-c", "--target")
WORDED = ("stop", "hold", "rollback-to-zero", "note")  # take a text: all that is no option of theirs is its words
DESCRIPTION = "Open the rollout console, run one piece of code in it, or run one of its commands and leave."


def build(only: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command line.

    Args:
        only: the program or verb that is called, "" for none; None for all of them by name, as help and completion
            list them.
    """
    parser = _Parser(
        prog="rollout-console",
        description=DESCRIPTION,
        formatter_class=_Help,
        allow_abbrev=False,  # --reset is not --reset-demo
    )
    parser.add_argument(
        "-c",
        metavar="CODE",
        dest="code",
        action="append",
        help="run CODE as if typed, and leave; exit 1 if it fails; several run one after the other",
    )
    parser.add_argument(
        "--reset-demo", action="store_true", help="delete the local practice database, then begin afresh"
    )
    parser.add_argument("--version", action="version", version=f"rollout-console {__version__}")
    _add_target(parser, default=None)
    parser.helped_by = f"rollout-console {only or ''}".strip() + " --help"
    if only == "":  # all of them would take a good part of the time to the first prompt
        return parser
    kind: type[argparse.ArgumentParser] = _Name if only is None else _Parser
    found = parser.add_subparsers(title="programs and commands", dest="name", metavar="COMMAND", parser_class=kind)
    if only is None:
        listed = {verb: summary for verb, (_, summary) in VERB_NAMES.items() if summary}
        for name, summary in (PROGRAMS | listed).items():
            found.add_parser(name, help=_in_list(summary))
    elif only in PROGRAMS:
        program(only).add_arguments(_add(found, only, PROGRAMS[only]))
    else:
        from rollout_console.cli import verbs
        from rollout_console.cli.in_shell import in_shell

        command = verbs.VERBS[only]
        below = _add(found, only, command.summary, f"{command.summary} {command.details}".strip())
        below.epilog = f"At the prompt: {command.usage}. For example: {in_shell(command.example)}"
        verbs.add_arguments(below, command.signature, verbs.about_parameters(command))
    return parser


def program(name: str) -> Any:
    """Return the module of a program, with its `add_arguments` and `main`."""
    return import_module(f"rollout_console.cli.{name.replace('-', '_')}")


def spelled(arguments: list[str]) -> tuple[str, list[str]]:
    """Return the program or verb that arguments name, "" for none, and the arguments with it as the parser knows it.

    A command may be spelled as at the prompt: `emergencyStop` and `emergency-stop` are `stop`.
    """
    known = {name: name for name in PROGRAMS}
    known |= {_bare(spelling): verb for verb, (command, _) in VERB_NAMES.items() for spelling in (command, verb)}
    takes_a_value = False
    for at, argument in enumerate(arguments):
        if not takes_a_value and not argument.startswith("-"):
            name = known.get(argument) or known.get(_bare(argument), argument)
            before, early = [a for a in arguments[:at] if a != "--json"], "--json" in arguments[:at]
            rest = [*arguments[at + 1 :], *["--json"] * early]  # of the command, wherever it stands
            return name, [*before, name, *(in_words(name, rest) if name in WORDED else rest)]
        takes_a_value = argument in TAKE_A_VALUE and not takes_a_value
    return "", arguments


def in_words(verb: str, arguments: list[str]) -> list[str]:
    """Return the arguments of a verb of WORDED with its text as one: it needs no quotes, and may begin with anything.

    A dash that a chat has made long is one: `—reason` is `--reason`.
    """
    options, words, given = [], [], iter(arguments)
    for argument in given:
        option = re.sub("^[\N{EM DASH}\N{EN DASH}]", "--", argument)
        name, _, value = option.partition("=")
        if name == "--reason":
            words += [value] if value else []
        elif name == "--target" or (name, verb) == ("--until", "hold"):
            options += [option] if value else [option, *itertools.islice(given, 1)]
        elif option in ("--json", "--help", "-h"):
            options.append(option)
        elif option != "--":
            words.append(argument)
    text = " ".join(words)
    if not words:
        return options
    if verb != "note":
        return [*options, f"--reason={text}"]
    return [*options, *(["--"] if text.startswith("-") else []), text]


def is_known(name: str) -> bool:
    """Return whether `spelled` has found a program or a verb."""
    return name in PROGRAMS or name in VERB_NAMES


def near(name: str) -> str:
    """Return what to type in place of a name that there is not."""
    import difflib

    from rollout_console.cli.in_shell import in_shell
    from rollout_console.console import COMMANDS
    from rollout_console.console.spelling import ALIKE, PAUSE, flat, meant

    if flat(name) == "pause":
        return in_shell(PAUSE)
    program = difflib.get_close_matches(name.lower(), PROGRAMS, n=1, cutoff=ALIKE)
    command = meant(name, COMMANDS)
    verb = COMMANDS[command].verb if command else None
    found = [*program, *([verb] if verb else [])]
    return f"nothing was done: type rollout-console {found[0]}" if found else "type rollout-console --help"


def _bare(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()


class _Help(argparse.RawDescriptionHelpFormatter):
    """Folds what argparse leaves longer than the terminal is wide: lines of a description, and an option's usage."""

    def _format_usage(self, *given: Any) -> str:
        return _folded(super()._format_usage(*given), self._width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return _folded(text, width)


def _folded(text: str, width: int) -> str:
    """Return lines as `Screen.fit` does, which would take longer to load than all that help needs."""
    import textwrap

    lines = []
    for line in text.split("\n"):
        indent = " " * min(len(line) - len(line.lstrip()), width // 2)
        folded = textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
        lines += folded or [line]
    return "\n".join(lines)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and what to type next."""

    helped_by = ""  # of a program or verb, its own name says it

    def error(self, message: str) -> NoReturn:
        from rollout_console.render import Screen

        line = f"{message}; type {self.helped_by or f'{self.prog} --help'}"
        self.exit(2, f"{Screen.of(sys.stderr).fit(line)}\n")


class _Name(argparse.ArgumentParser):
    """A program or verb in a list, without what it takes: that of all of them would take longer than all else."""

    __repr__ = object.__repr__

    def __init__(self, **described: Any) -> None:
        pass


def _in_list(summary: str) -> str:
    return f"{summary[0].lower()}{summary[1:]}".rstrip(".").replace("%", "%%")


def _add(found: Any, name: str, summary: str, description: str | None = None) -> argparse.ArgumentParser:
    below: argparse.ArgumentParser = found.add_parser(
        name,
        help=_in_list(summary),
        description=description or f"{summary[0].upper()}{summary[1:]}.",
        formatter_class=_Help,
        allow_abbrev=False,
    )
    _add_target(below, default=argparse.SUPPRESS)
    return below


def _add_target(parser: argparse.ArgumentParser, default: str | None) -> None:
    action: Any = parser.add_argument(
        "--target",
        metavar="NAME",
        type=_target_name,
        default=default,
        help="a target of targets.toml, see docs/targets.md",
    )
    action.completer = _target_names


def _target_name(text: str) -> str:
    """Return it, unless it is blank, as of a variable that is not set: the default target is not meant."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the name is empty, nothing was done")
    return text


def _target_names(**asked: object) -> list[str]:
    from rollout_console.targets import named_targets

    try:
        return list(named_targets())
    except RolloutError:
        return []
