"""The keys: what the footer shows, what `?` explains, and which command of the console each stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rollout_console.render.layout import cells, clip


class Key(NamedTuple):
    """A key, and what it does in a view.

    Attributes:
        name: as it is shown and pressed.
        label: a word or two, for the footer.
        does: a sentence, for the help.
        commands: what it stands for at the prompt.
    """

    name: str
    label: str
    does: str
    commands: tuple[str, ...] = ()


# The most important ones first: those that the footer has no room for are in the help.
STOP = Key("e", "STOP", "Halt all traffic: asks for a reason, and Enter stops.", ("emergencyStop",))
RESUME = Key("r", "resume", "End the emergency stop, at the percentage that is kept or at another one.", ("resume",))
HELP = Key("?", "help", "Show what each key does here.", ("help",))
PALETTE = Key(":", "command", "Run any command of the console; Tab completes its name.")
OVERVIEW = (
    Key("s", "set %", "Preview a percentage, and set it after a y.", ("setRollout", "preview")),
    Key("N", "next step", "Go to the next step of the plan after a y, if its gates are open.", ("advance",)),
    Key("d", "hold", "Hold the rollout: nobody raises it until it is released.", ("hold",)),
    Key("F", "release", "Lift the hold after a y.", ("release",)),
    STOP,
    RESUME,
    Key("b", "rollback", "Lower the percentage, to 0 or to an answer.", ("rollbackToPercentage", "rollbackToZero")),
    Key("h", "health", "Check health now, and roll back on a breach.", ("checkHealth",)),
    Key("a", "auto-rollback", "Switch auto-rollback on, or off after a y.",
        ("enableAutoRollback", "disableAutoRollback")),
    Key("m", "metrics", "Show jobs, errors and criteria of the window.", ("showMetrics",)),
    Key("l", "history", "List the changes; Enter shows one in full.", ("history",)),
    Key("x", "errors", "List the kinds of errors; Enter shows one, with its repositories.", ("errors",)),
    Key("i", "repository", "Show whether a repository is eligible, and why.", ("explain",)),
    Key("w", "whitelist", "Add owner/name to the whitelist, or remove -owner/name.", ("addToWhitelist",)),
    Key("c", "categorize", "Bring the category of every repository up to date.", ("categorizeAll",)),
    PALETTE,
    HELP,
    Key("q", "quit", "Leave the dashboard; the rollout goes on as it is."),
)  # fmt: skip
SCROLL = (
    Key("↑ ↓", "scroll", "Scroll by a line; j and k do as well."),
    Key("PgUp PgDn", "page", "Scroll by a page; Home and End go to the ends."),
)
CHOOSE = (
    Key("↑ ↓", "choose", "Go to the line above or below; j and k do as well."),
    Key("Enter", "open", "Show the chosen line in full."),
    Key("PgUp PgDn", "page", "Go on by a page; Home and End go to the ends."),
)
PAGE = (Key("Esc", "or q to go back", "Go back; q does as well."), STOP, PALETTE, HELP)
ASKING = (Key("Enter:", "confirm", ""), Key("Esc:", "cancel", ""))
COMMANDING = (Key("Enter:", "run", ""), Key("Tab:", "complete", ""), Key("Esc:", "cancel", ""))
KEPT = (STOP, RESUME, PALETTE, HELP, OVERVIEW[-1])  # in every footer, however narrow

GAP = "  "


def footer(keys: Sequence[Key], width: int, lines: int) -> list[list[Key]]:
    """Return the keys of each line of a footer: all that fit, and those of KEPT before others.

    Args:
        keys: the most important one first, but for those of KEPT.
        width: cells of the terminal.
        lines: of the footer, at most.
    """
    shown = list(keys)
    while len(rows := _rows(shown, width)) > lines:
        shown.remove(next((key for key in reversed(shown) if key not in KEPT), shown[-1]))
    return rows


def help_lines(keys: Sequence[Key]) -> list[str]:
    """Return a line for each key: its name and what it does."""
    width = max(len(key.name) for key in keys)
    return [f" {key.name.rjust(width)}  {key.does}" for key in keys]


def text_of(key: Key) -> str:
    """Return a key as the footer shows it."""
    return f"{key.name} {key.label}"


def _rows(keys: Sequence[Key], width: int) -> list[list[Key]]:
    rows: list[list[Key]] = []
    used = 0
    for key in keys:
        needed = cells(clip(text_of(key), width)) + len(GAP)
        if not rows or used + needed > width + 1:
            rows.append([])
            used = 1
        rows[-1].append(key)
        used += needed
    return rows
