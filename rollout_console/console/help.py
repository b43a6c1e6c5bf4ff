"""`rollout.help()`: the commands, and the runbook by its headings."""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Mapping

from msgspec import field

from rollout_console.console.registry import Command, Group
from rollout_console.data_files import data_file
from rollout_console.errors import BadArgument
from rollout_console.render.dispatch import render
from rollout_console.render.screen import Screen
from rollout_console.results import Result
from rollout_console.validation import described


class Help(Result, kw_only=False):
    """What `help` found: a topic with its text, or all commands."""

    topic: str | None
    text: str
    groups: dict[Group, list[tuple[str, str]]] = field(default_factory=dict)  # usage and summary of each command


def help_for(topic: object, commands: Mapping[str, Command]) -> Help:
    """Return help on everything, a command, or a part of the runbook.

    Args:
        topic: a command by name or as it stands at the prompt, a part of a heading of the runbook, or None for all.
        commands: those of the console, by name.

    Raises:
        BadArgument: there is no such topic; the message names near ones.
    """
    if topic is None:
        return _overview(commands)
    named = topic if isinstance(topic, str) else getattr(topic, "__name__", None)
    asked = str(named or described(topic)).removeprefix("rollout.").split("(")[0].strip()
    names = {name.lower(): name for name in commands}
    if asked.lower() in names:
        found = commands[names[asked.lower()]]
        return Help(found.name, _about(found))
    parts = runbook()
    titles = [title for title in parts if asked.lower() in title.lower()]
    if asked and titles:
        return Help(asked, "\n\n".join(f"{title}\n\n{parts[title]}" for title in titles))
    known = {**names, **{title.lower(): title for title in parts}, "recovery": "recovery"}
    near = difflib.get_close_matches(asked.lower(), known, n=3, cutoff=0.4)
    hint = ", ".join(f'rollout.help("{known[n]}")' for n in near) or "rollout.help()"
    raise BadArgument(f"no help on {asked[:60]!r}; try {hint}")


def runbook() -> dict[str, str]:
    """Return the runbook's parts by their headings, fences taken out."""
    parts = re.split(r"^## +(.+)$", data_file("docs/runbook.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        title.strip(): re.sub(r"^```\w*\n", "", text, flags=re.MULTILINE).strip()
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def _about(found: Command) -> str:
    details = f"\n\n {found.details}" if found.details else ""
    arguments = f"\n Arguments: {', '.join(found.parameters)}" if "…" in found.usage else ""
    return f" {found.usage}{arguments}\n {found.summary}{details}\n\n For example: {found.example}"


def _overview(commands: Mapping[str, Command]) -> Help:
    listed = [c for c in commands.values() if c.listed]
    groups = {group: [(c.usage, c.summary) for c in listed if c.group is group] for group in Group}
    return Help(None, "\n".join(f"{c.usage}  {c.summary}" for c in listed), groups)


@render.register
def render_help(found: Help, screen: Screen) -> str:
    """Return a topic's text, or all commands by group and the runbook's headings."""
    if found.topic:
        return found.text
    width = max(len(usage) for listed in found.groups.values() for usage, _ in listed) + 2
    lines: list[str] = []
    for group, listed in found.groups.items():
        lines.append(f" {screen.paint(group, 'title')}")
        for usage, summary in listed:
            first, *rest = textwrap.wrap(summary, max(30, screen.width - width - 3))
            lines.append(f"   {usage.ljust(width)}{first}")
            lines += [" " * (width + 3) + line for line in rest]
        lines.append("")
    lines.append(' Every change takes a reason as well: rollout.setRollout(25, "phase 7")')
    lines.append(' More: rollout.help("setRollout"), rollout.help("recovery"). The runbook:')
    return "\n".join([*lines, *(f"   {title}" for title in runbook())])
