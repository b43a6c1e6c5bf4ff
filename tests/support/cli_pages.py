"""The command line as pages: the man page, and the tables of docs/cli.md, both from the parser."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from rollout_console import __version__
from rollout_console.cli import parser as cli
from rollout_console.cli import verb_names
from rollout_console.cli.verbs import VERBS
from rollout_console.exit_status import Exit, MonitorExit
from tests.support import ROOT

PAGE, MAN = ROOT / "docs" / "cli.md", ROOT / "docs" / "rollout-console.1"
NAMES = Path(verb_names.__file__)
ABOUT = """The verbs: the command that each is, and its summary if help lists it; no code of theirs is loaded to know them.

Written by `python -m tests.support.pages`."""
STATUSES = (("", Exit), ("monitor", MonitorExit))
COMMANDS = (
    "--target may follow the command. A command of the console takes --json, too, and prints JSON: one object, or for a "
    "list one a line. What stands in brackets may be left out; it can be given by name, as in --reason TEXT."
)
FILES = "targets.toml in the user's configuration folder: named targets, see docs/targets.md"


def names() -> str:
    """Return the verbs as a module, in the form that the formatter gives it."""
    lines = [f'"""{ABOUT}\n"""', "", "VERB_NAMES = {"]
    for verb, command in VERBS.items():
        pair = [_quoted(command.name), _quoted(command.summary if command.listed else "")]
        line = f'    "{verb}": ({", ".join(pair)}),'
        lines += [line] if len(line) <= 120 else [f'    "{verb}": (', *(f"        {text}," for text in pair), "    ),"]
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    return repr(text) if '"' in text else f'"{text}"'


def page() -> str:
    """Return docs/cli.md with the present tables."""
    commands = ["| type | at the prompt | what it does |", "| --- | --- | --- |"]
    for name, below in _commands():
        if name in VERBS:
            commands.append(f"| `{_usage(name, below)}` | `{VERBS[name].name}` | {VERBS[name].summary} |")
    statuses = ["| status | of | means |", "| --- | --- | --- |"]
    statuses += [f"| {s.value} | {of or 'all but `monitor`'} | {s.meaning} |" for of, kind in STATUSES for s in kind]
    text = PAGE.read_text(encoding="utf-8")
    for name, lines in (("commands", commands), ("exit statuses", statuses)):
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        block = "\n".join([begin, *lines, end])
        text = re.sub(f"{begin}.*{end}", lambda _, block=block: block, text, flags=re.DOTALL)  # type: ignore[misc]
    return text


def man() -> str:
    """Return the man page."""
    whole = cli.build()
    lines = [
        f'.TH ROLLOUT-CONSOLE 1 "" "rollout-console {__version__}" "User Commands"',
        *_section("NAME", "rollout-console - step-by-step rollouts from a prompt"),
        *_section("SYNOPSIS", _usage("[COMMAND]", whole)),
        *_section("DESCRIPTION", whole.description or ""),
        *_section("OPTIONS", *_options(whole)),
        *_section("COMMANDS", COMMANDS),
    ]
    for name, below in _commands():
        lines += [
            f".SS {_roff(_usage(name, below))}",
            _roff(below.description or ""),
            *_options(below, "target", "as_json"),
        ]
    lines += _section("EXIT STATUS")
    for of, kind in STATUSES:
        lines += [part for s in kind for part in _item(f"{s.value}{f' ({of})' if of else ''}", s.meaning)]
    return "\n".join([*lines, *_section("FILES", FILES)]) + "\n"


def _commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for name in (*cli.PROGRAMS, *(verb for verb, command in VERBS.items() if command.listed)):
        for action in cli.build(name)._actions:
            if isinstance(action, argparse._SubParsersAction):
                yield name, action.choices[name]


def _usage(name: str, below: argparse.ArgumentParser) -> str:
    words = ["rollout-console", name]
    for action in below._actions:
        if action.option_strings or isinstance(action, argparse._SubParsersAction):
            continue
        shown = str(action.metavar or ("|".join(action.choices) if action.choices else action.dest))
        shown += "..." if action.nargs in ("+", "*") else ""
        words.append(f"[{shown}]" if action.nargs in ("?", "*") else shown)
    return " ".join(words)


def _options(below: argparse.ArgumentParser, *said: str) -> Iterator[str]:
    for action in below._actions:
        if action.option_strings and action.help and action.dest not in ("help", *said):
            value = f" {action.metavar}" if action.metavar else ""
            yield from _item(f"{action.option_strings[0]}{value}", action.help)


def _item(term: str, text: str) -> Iterator[str]:
    yield from (".TP", f".B {_roff(term)}", _roff(text) or ".br")


def _section(title: str, *lines: str) -> list[str]:
    return [f".SH {title}", *(line if line.startswith(".") else _roff(line) for line in lines)]


def _roff(text: str) -> str:
    """Return text that means itself to roff, on one line."""
    escaped = " ".join(text.replace("%%", "%").split()).replace("\\", "\\e").replace("-", "\\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped
