"""What the terminal can do: width, colour, bars."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollout_console.render.colours import STYLES
from rollout_console.render.layout import fold
from rollout_console.render.sanitize import LONGEST

if TYPE_CHECKING:
    from rollout_console.render.svg import Drawing

NARROWEST, WIDEST = 40, 120  # columns for which reports are laid out


@dataclass(frozen=True)
class Screen:
    """A terminal, or a file or pipe that stands for one.

    Attributes:
        width: columns.
        colour: whether styles may be used.
        bars: whether it is a terminal, where bars are drawn and lines must fit; in pipes both would hinder grep.
    """

    width: int = 80
    colour: bool = False
    bars: bool = False

    @classmethod
    def of(cls, stream: Any) -> Screen:
        """Look at a stream: NO_COLOR and TERM=dumb are respected."""
        terminal = bool(getattr(stream, "isatty", lambda: False)()) and os.environ.get("TERM") != "dumb"
        width = max(NARROWEST, min(shutil.get_terminal_size((80, 24)).columns, WIDEST))
        return cls(width=width, colour=terminal and not os.environ.get("NO_COLOR"), bars=terminal)

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

    def room(self, columns: int) -> int:
        """Return how many characters of a text there is room for; in a pipe, where grep reads it, all that are shown.

        Args:
            columns: those that a terminal has for it.
        """
        return columns if self.bars else LONGEST

    def draw(self, lines: Callable[[], list[str]], drawing: Callable[[], Drawing]) -> str:
        """Return a chart as this screen can show it.

        Args:
            lines: makes it of characters; not asked for where there are no bars.
            drawing: makes it for a page.
        """
        return "\n".join(lines()) if self.bars else ""

    def table(
        self,
        headers: list[str],
        rows: list[list[Any]],
        align: list[str] | None = None,
        *,
        narrow: Sequence[int] = (),
        drop: Sequence[int] = (),
        wrap: Sequence[int] = (),
    ) -> str:
        """Return a plain table, indented by one, that fits the terminal.

        Args:
            headers: the titles of the columns.
            rows: the cells; the columns of `narrow` hold no styles.
            align: `left` or `right`, by column.
            narrow: columns whose texts are shortened where the table is too wide.
            drop: columns that are left out where that is not enough, the first one first.
            wrap: columns whose texts take several lines instead, those that are not of `narrow` as the last resort.
        """
        import tabulate  # the first prompt need not wait for it

        from rollout_console.render.table import Column, fitted

        tabulate.MIN_PADDING = 0  # or a title takes two cells more than it has
        columns = [
            Column(title, [str(row[i]) for row in rows], (align or [])[i : i + 1], i in wrap)
            for i, title in enumerate(headers)
        ]
        if self.bars:
            columns = fitted(columns, self.width - 1, narrow, drop)
        text = tabulate.tabulate(
            [list(row) for row in zip(*(c.cells for c in columns), strict=True)],
            headers=[c.title for c in columns],
            tablefmt="simple",
            disable_numparse=True,
            colalign=[side for c in columns for side in c.align] or None if rows else None,
        )
        return "\n".join(f" {line}".rstrip() for line in text.splitlines())

    def facts(self, rows: list[tuple[str, str]]) -> str:
        """Return lines of a name and a value; lines of the value stay under each other."""
        width = max(len(name) for name, _ in rows)
        hang = " " * (width + 3)
        lines = []
        for name, value in rows:
            first, *others = value.split("\n")
            lines.append(f" {self.paint(name.ljust(width), 'muted')}  {first}")
            lines += [hang + other for other in others]
        return self.fit("\n".join(lines), hang)

    def fit(self, text: str, hang: str | None = None) -> str:
        """Return text whose lines fit the terminal, broken between words; in a pipe, where grep reads them, as it is.

        Args:
            text: lines; they may hold styles.
            hang: what a line begins with that goes on from the one above; as far in as that one by default.
        """
        if not self.bars:
            return text
        return "\n".join(part for line in text.split("\n") for part in fold(line, self.width, hang or _indent(line)))


def _indent(line: str) -> str:
    return " " * max(3, len(line) - len(line.lstrip()))
