"""`rollout.help()`: the commands from their registry, and the runbook by its headings."""

from __future__ import annotations

import re
import textwrap

from rollout_console.arguments import described
from rollout_console.commands import COMMANDS, GROUPS, Command
from rollout_console.data_files import data_file
from rollout_console.errors import BadArgument
from rollout_console.render.dispatch import render
from rollout_console.render.screen import Screen
from rollout_console.results import Result


class Help(Result, kw_only=False):
    """What `help` found: a topic, or all commands."""

    topic: str | None
    text: str


def help_for(topic: object) -> Help:
    """Return help on everything, a command, or a part of the runbook.

    Raises:
        BadArgument: there is no such topic; the message names near ones.
    """
    if topic is None:
        return Help(None, "\n".join(f"{c.usage}  {c.summary}" for c in registry().values()))
    named = topic if isinstance(topic, str) else getattr(topic, "__name__", None)
    asked = str(named or described(topic)).removeprefix("rollout.").split("(")[0].strip()
    names = {name.lower(): name for name in registry()}
    if asked.lower() in names:
        return Help(names[asked.lower()], _about(names[asked.lower()]))
    parts = runbook()
    found = [title for title in parts if asked.lower() in title.lower()]
    if asked and found:
        return Help(asked, "\n\n".join(f"{title}\n\n{parts[title]}" for title in found))
    known = {**names, **{title.lower(): title for title in parts}, "recovery": "recovery"}
    import difflib

    near = difflib.get_close_matches(asked.lower(), known, n=3, cutoff=0.4)
    hint = ", ".join(f'rollout.help("{known[n]}")' for n in near) or "rollout.help()"
    raise BadArgument(f"no help on {asked[:60]!r}; try {hint}")


def registry() -> dict[str, Command]:
    """Return all commands; importing the console is what registers them."""
    import rollout_console.console  # noqa: F401 - it imports this module in turn

    return COMMANDS


def runbook() -> dict[str, str]:
    """Return the runbook's parts by their headings, fences taken out."""
    parts = re.split(r"^## +(.+)$", data_file("docs/runbook.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        title.strip(): re.sub(r"^```\w*\n", "", text, flags=re.MULTILINE).strip()
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def _about(name: str) -> str:
    info = registry()[name]
    details = f"\n\n {info.details}" if info.details else ""
    return f" {info.usage}\n {info.summary}{details}\n\n For example: {info.example}"


@render.register
def _(found: Help, screen: Screen) -> str:
    return found.text if found.topic else _overview(screen)


def _overview(screen: Screen) -> str:
    width = max(len(c.usage) for c in registry().values()) + 2
    lines: list[str] = []
    for group in GROUPS:
        lines.append(f" {screen.paint(group, 'title')}")
        for info in (c for c in registry().values() if c.group == group):
            first, *rest = textwrap.wrap(info.summary, max(30, screen.width - width - 3))
            lines.append(f"   {info.usage.ljust(width)}{first}")
            lines += [" " * (width + 3) + line for line in rest]
        lines.append("")
    lines.append(' Every change takes a reason as well: rollout.setRollout(25, "phase 7")')
    lines.append(' More: rollout.help("setRollout"), rollout.help("recovery"). The runbook:')
    return "\n".join([*lines, *(f"   {title}" for title in runbook())])
