"""What the terminal can do: width, colour, bars."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import Any

STYLES = {
    "title": "1",
    "good": "32",
    "warning": "33",
    "bad": "31",
    "stopped": "1;37;41",
    "muted": "2",
}


@dataclass(frozen=True)
class Screen:
    """A terminal, or a file or pipe that stands for one.

    Attributes:
        width: columns.
        colour: whether styles may be used.
        bars: whether bars may be drawn; not in pipes, where they would only hinder grep.
    """

    width: int = 80
    colour: bool = False
    bars: bool = False

    @classmethod
    def of(cls, stream: Any) -> Screen:
        """Look at a stream: NO_COLOR and TERM=dumb are respected."""
        terminal = bool(getattr(stream, "isatty", lambda: False)()) and os.environ.get("TERM") != "dumb"
        width = shutil.get_terminal_size((80, 24)).columns
        return cls(width=max(40, min(width, 120)), colour=terminal and not os.environ.get("NO_COLOR"), bars=terminal)

    def paint(self, text: str, style: str) -> str:
        """Return text in one of STYLES, or as it is where there are no colours."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.colour and text else text

    def bar(self, part: float, whole: float, width: int = 20) -> str:
        """Return a bar; it is full only for the whole, and empty only for nothing."""
        if not self.bars:
            return ""
        cells = 0 if whole <= 0 else int(width * part / whole)
        if part > 0:
            cells = max(1, min(cells, width if part >= whole else width - 1))
        return "█" * cells + self.paint("░" * (width - cells), "muted")

    def table(self, headers: list[str], rows: list[list[Any]], align: list[str] | None = None) -> str:
        """Return a plain table, indented by one."""
        from tabulate import tabulate  # the first prompt need not wait for it

        text = tabulate(
            rows, headers=headers, tablefmt="simple", disable_numparse=True, colalign=align if rows else None
        )
        return "\n".join(f" {line}".rstrip() for line in text.splitlines())

    def facts(self, rows: list[tuple[str, str]]) -> str:
        """Return lines of a name and a value; lines of the value stay under each other."""
        width = max(len(name) for name, _ in rows)
        return "\n".join(
            f" {self.paint(name.ljust(width), 'muted')}  " + value.replace("\n", "\n" + " " * (width + 3))
            for name, value in rows
        )
