"""Calls of the console as what is typed in a shell: advice is given for where it is read."""

from __future__ import annotations

import inspect
import json
import re
import shlex
from typing import Any

from rollout_console.console import COMMANDS
from rollout_console.console.plain_call import plain_call
from rollout_console.settings import program

CALL = re.compile(r'rollout\.(\w+)\(((?:"(?:[^"\\]|\\.)*"|[^()"])*)\)')


def in_shell(text: str) -> str:
    """Return text in which calls of the console are verbs: `rollout.resume(5)` is `rollout-console resume 5`.

    It leads to where this process does: with a target's name, where there is one.
    """

    def verb(call: re.Match[str]) -> str:
        command = COMMANDS.get(call[1])
        if command is None or command.verb is None:
            return call[0]
        return " ".join([program(), command.verb, *_words(call[2], command.signature)])

    return CALL.sub(verb, text.replace("rollout-console ", f"{program()} ")).replace('reason="..."', '--reason "..."')


def _words(arguments: str, parameters: inspect.Signature) -> list[str]:
    """Return the arguments of a call as words of a shell."""
    flags = {name for name, parameter in parameters.parameters.items() if str(parameter.annotation) == "bool"}
    given: list[tuple[str | None, Any]]
    try:
        call = plain_call(f"call({arguments})")
        given = [*((None, value) for value in call.arguments), *call.named.items()]
    except ValueError:  # not to be typed as it is: resume(…, confirm=True)
        given = [(None, word.strip()) for word in arguments.split(",") if "=" not in word]
        given += [(str(name), True) for name in re.findall(r"(\w+)=True", arguments)]
    words = []
    for name, value in given:
        if name:
            words.append(f"--{name.replace('_', '-')}")
        if isinstance(value, list) and not name:
            words += map(_word, value)
        elif name not in flags:
            words.append(_word(value))
    return words


def _word(value: object) -> str:
    """Return a value as a word of a shell, text always in quotes."""
    if isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return shlex.quote(json.dumps(value, ensure_ascii=False))
    return f'"{value}"' if re.fullmatch(r"[\w ./-]+", value) else shlex.quote(value)
