"""Advice of the console in the dashboard's terms: which key to press, or what to answer."""

from __future__ import annotations

import re

from rollout_console.dashboard.keys import OVERVIEW

KEYS = {command: key.name for key in OVERVIEW for command in key.commands}
EXAMPLE = re.compile(r"type for example rollout\.\w+\(([^()]+)\)")
LOOK = re.compile(r"[,;] (?:then|try again|try|look|see): rollout\.status\(\)")
COMMAND = re.compile(r"(?:, )?(?:type )?rollout\.(\w+)\(([^()]*)\)")


def in_keys(text: str) -> str:
    """Return text in which commands to type are keys to press, and examples are answers to give.

    Args:
        text: what the console would show; a command without a key stays as it is. The status is in sight anyway.
    """
    seen = LOOK.sub("; this screen looks again by itself", text)
    return COMMAND.sub(_press, EXAMPLE.sub(lambda found: f"type for example {_answer(found[1])}", seen))


def _press(found: re.Match[str]) -> str:
    key, argument = KEYS.get(found[1]), _answer(found[2])
    if key is None:
        return found[0]
    comma = ", " if found[0].startswith(", ") else ""
    return f"{comma}press {key}" + (f" and answer {argument}" if argument else "")


def _answer(arguments: str) -> str:
    return arguments.split(",")[0].strip("\"'[] ")
