"""Advice of the console in the dashboard's terms: which key to press, or what to answer."""

from __future__ import annotations

import re

from rollout_console.console.plain_call import plain_call
from rollout_console.dashboard.keys import OVERVIEW

KEYS = {command: key.name for key in OVERVIEW for command in key.commands}
# Those whose key asks for their argument, and for nothing else.
ASKED = (
    *("setRollout", "preview", "rollbackToPercentage", "resume"),
    *("emergencyStop", "hold", "explain", "addToWhitelist"),
)
EXAMPLE = re.compile(r"(?<=type for example )rollout\.(\w+)\(([^()]+)\)")
LOOK = re.compile(r"[,;] (?:then|try again|try|look|see): rollout\.status\(\)(, then type the command again)?")
COMMAND = re.compile(r"(?:, )?(?:type:? )?rollout\.(\w+)\(([^()]*)\)")


def in_keys(text: str) -> str:
    """Return text in which commands to type are keys to press, and examples are answers to give.

    Args:
        text: what the console would show; a command that no key asks for is one for `:`. The status is in sight anyway.
    """
    seen = LOOK.sub(
        lambda found: "; this screen looks again by itself" + (", then press the key again" if found[1] else ""), text
    )
    return COMMAND.sub(_press, EXAMPLE.sub(lambda found: _answer(found[1], found[2]) or found[0], seen))


def _press(found: re.Match[str]) -> str:
    key, answer = KEYS.get(found[1]), _answer(found[1], found[2])
    comma = ", " if found[0].startswith(", ") else ""
    if key is None or answer is None:
        is_to_be_typed = "type" in found[0] or found.string[: found.start()].endswith(": ")  # "to take it back: …"
        return f"{comma}press : and type {found[1]}({found[2]})" if is_to_be_typed else found[0]
    return f"{comma}press {key}" + (f" and answer {answer}" if answer else "")


def _answer(command: str, arguments: str) -> str | None:
    """Return what to answer the key of a command, "" for nothing; None if it does not ask for just that."""
    if not arguments:
        return ""
    try:
        call = plain_call(f"{command}({arguments})")
    except ValueError:
        return None
    if command not in ASKED or call.named or len(call.arguments) != 1 or isinstance(call.arguments[0], list):
        return None
    return str(call.arguments[0])
