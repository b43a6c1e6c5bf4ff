"""Lines for a shell that are typed at the prompt: the stop is understood, the others are answered in one line."""

from __future__ import annotations

import re
import shlex

from rollout_console.console import COMMANDS
from rollout_console.console.spelling import STOP, command_of
from rollout_console.pattern import pattern
from rollout_console.render.sanitize import sanitize

PROGRAM = "rollout-console"
# None of these can be Python: two names never stand beside each other there, and `console` is none of ours.
SHELL_LINE = pattern(
    r"(?:\$[ \t]+)?((?:rollout-console\b(?!\s*=)|node\s+\S+\.[cm]?[jt]s\b"
    r"|(?:npm|npx|supabase)\s+(?!in\b|is\b|and\b|or\b|if\b|not\b|for\b)[\w@]\S*)[^\n]*)|\$[ \t]+([^\n]+)"
)
# The manual's own, and what each is here.
SCRIPTS = {
    "phase6-implementation.js": "setup",
    "monitor-phase6.js": "monitor",
    "rollout-dashboard.js": "dashboard",
    "supabase db push": "migrate",
}


def python_for(line: str) -> str | None:
    """Return the call that a line for a shell stands for, where that is a stop of this target; else None.

    Args:
        line: one line, without a shell's prompt.
    """
    words = _words(line)
    if words[0] != PROGRAM or len(words) < 2 or command_of(words[1], COMMANDS) != STOP:
        return None
    reason = [word for word in words[2:] if word not in ("--reason", "\N{EM DASH}reason")]
    if any(word.startswith(("--target", "--help", "-h")) for word in reason):
        return None
    return f"rollout.{STOP}({quoted(' '.join(reason)) if reason else ''})"


def answer(line: str) -> str:
    """Return what to say of a line for a shell: that nothing was done, and what to type."""
    for script, program in SCRIPTS.items():
        if script in line:
            return f"{script} is for a shell; nothing was done: type !{PROGRAM} {program}"
    words = _words(line)
    if words[0] == PROGRAM and (call := _call(words[1:])):
        return f"this is a line for a shell; nothing was done: type {call}"
    return f"this is a line for a shell; nothing was done: type !{sanitize(line, 200)}"


def _call(words: list[str]) -> str | None:
    """Return the call of the console that a verb with its arguments is; None if it has options, or is a program."""
    command = command_of(words[0], COMMANDS) if words else None
    if command is None or any(word.startswith("-") for word in words):
        return None
    return f"rollout.{command}({', '.join(map(_value, words[1:]))})"


def _value(word: str) -> str:
    return word if re.fullmatch(r"\d+(\.\d+)?", word) else quoted(word)


def quoted(text: str) -> str:
    """Return text as a string of Python, in double quotes."""
    escaped = sanitize(text, 500).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _words(line: str) -> list[str]:
    straight = line.translate({ord(quote): '"' for quote in "“”„‟"})
    try:
        return shlex.split(straight) or [straight]
    except ValueError:  # a quote is open, or it is an apostrophe
        return straight.replace('"', "").split()
