"""`rollout.help()`: the commands, and the runbook by its headings."""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from msgspec import field

from rollout_console.client.command import Command, Group
from rollout_console.console.spelling import command_of
from rollout_console.data_files import data_file
from rollout_console.errors import BadArgument
from rollout_console.render.dispatch import renderer
from rollout_console.render.screen import Screen
from rollout_console.results import Result
from rollout_console.validation import described

LEAST = 3  # letters of a word in a title of the runbook


class Listed(NamedTuple):
    """A command in a list: its name, its name with arguments, its purpose in a word, and its summary."""

    name: str
    usage: str
    purpose: str
    summary: str


class Help(Result, kw_only=False):
    """What `help` found: a topic with its text, or commands by group.

    Attributes:
        topic: what was asked for; None for everything.
        text: the topic's text, or a line for each command.
        groups: the commands of each group.
    """

    as_written: ClassVar[bool] = True

    topic: str | None
    text: str
    groups: dict[Group, list[Listed]] = field(default_factory=dict)


def help_for(topic: object, commands: Mapping[str, Command]) -> Help:
    """Return help on everything, a command, a group of commands, a part of the runbook, or a page.

    Args:
        topic: a command by name or as it stands at the prompt, a word of a group's title, "runbook", a part of one of
            its headings, a page of docs/, or None for all.
        commands: those of the console, by name.

    Raises:
        BadArgument: there is no such topic; the message names near ones.
    """
    if topic is None:
        return _commands(commands, list(Group))
    named = topic if isinstance(topic, str) else getattr(topic, "__name__", None)
    asked = str(named or described(topic)).removeprefix("rollout.").split("(")[0].strip()
    names = {name.lower(): name for name in commands}
    if (named_command := command_of(asked, commands)) is not None:
        found = commands[named_command]
        return Help(found.name, _about(found))
    if groups := [group for group in Group if asked and asked.lower() in (group.name.lower(), *group.lower().split())]:
        return _commands(commands, groups, asked)
    parts = runbook()
    if asked.lower() == "runbook":
        return Help(
            asked,
            "\n".join(
                [
                    ' The runbook; for a part of it, a word of its title: rollout.help("recovery")',
                    *(f"   {title}" for title in parts),
                ]
            ),
        )
    titles = [title for title in parts if len(asked) >= LEAST and asked.lower() in title.lower()]
    if titles:
        return Help(asked, "\n\n".join(f"{title}\n\n{parts[title]}" for title in titles))
    pages = {page.stem: page for page in data_file("docs").glob("*.md")}
    if asked.lower() in pages:
        return Help(asked, _plain(pages[asked.lower()].read_text(encoding="utf-8")))
    known = {**names, **{title.lower(): title for title in [*parts, "runbook", "recovery", *pages]}}
    near = difflib.get_close_matches(asked.lower(), known, n=3, cutoff=0.4)
    hint = ", ".join(f'rollout.help("{known[n]}")' for n in near) or "rollout.help()"
    raise BadArgument(f"no help on {asked[:60]!r}; try {hint}")


def runbook() -> dict[str, str]:
    """Return the runbook's parts by their headings, fences taken out."""
    parts = re.split(r"^## +(.+)$", data_file("docs/runbook.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {title.strip(): _plain(text) for title, text in zip(parts[1::2], parts[2::2], strict=True)}


def _plain(text: str) -> str:
    """Return Markdown as text for a terminal: each paragraph a line, which the screen folds, and blocks as they are."""
    parts = re.split(r"^```\w*\n", text, flags=re.MULTILINE)
    for number in range(0, len(parts), 2):  # outside of blocks
        unmarked = re.sub(r"\[([^]]+)\]\([^)]*\)", r"\1", re.sub(r"[`*]", "", parts[number]))
        parts[number] = re.sub(r"(?<=\S)\n *(?=[^\s\d|-])", " ", unmarked)
    return "".join(parts).strip()


def _about(found: Command) -> str:
    paragraphs = [" ".join(paragraph.split()) for paragraph in found.details.split("\n\n")]
    details = "".join(f"\n\n {paragraph}" for paragraph in paragraphs if paragraph)
    arguments = f"\n Arguments: {', '.join(found.parameters)}" if "…" in found.usage else ""
    return f" {found.usage}{arguments}\n {found.summary}{details}\n\n For example: {found.example}"


def _commands(commands: Mapping[str, Command], groups: list[Group], topic: str | None = None) -> Help:
    listed = [c for c in commands.values() if c.listed and c.group in groups]
    by_group = {
        group: [Listed(c.name, c.usage, c.purpose, c.summary) for c in listed if c.group is group] for group in groups
    }
    return Help(topic, "\n".join(f"{c.usage}  {c.summary}" for c in listed), by_group)


@renderer.register
def render_help(found: Help, screen: Screen) -> str:
    """Return a topic's text, the commands of a group with what they do, or the names of all."""
    if found.topic is None:
        return "\n".join([*_names(found, screen), "", *MORE])
    if found.groups:
        return "\n".join(line for group in found.groups for line in _summaries(group, found.groups[group], screen))
    return found.text


UNBROKEN = "\N{NO-BREAK SPACE}"
MORE = (
    ' More: help("setRollout"), of a group help("control"), and help("runbook").',
    ' Every change takes a reason: rollout.setRollout(25, "phase 7")',
)


def _names(found: Help, screen: Screen) -> list[str]:
    width = max(map(len, found.groups)) + 2
    lines: list[str] = []
    for group, listed in found.groups.items():
        entries = ", ".join(f"{c.name} ({c.purpose})".replace(" ", UNBROKEN) for c in listed)
        first, *rest = textwrap.wrap(entries, screen.width - width - 2)
        lines.append(f" {screen.paint(group.ljust(width), 'title')}{first}")
        lines += [" " * (width + 1) + line for line in rest]
    return [line.replace(UNBROKEN, " ") for line in lines]


def _summaries(group: Group, listed: list[Listed], screen: Screen) -> list[str]:
    width = max(len(c.usage) for c in listed) + 2
    lines = [f" {screen.paint(group, 'title')}"]
    for c in listed:
        first, *rest = textwrap.wrap(c.summary, max(30, screen.width - width - 3))
        lines.append(f"   {c.usage.ljust(width)}{first}")
        lines += [" " * (width + 3) + line for line in rest]
    return lines
