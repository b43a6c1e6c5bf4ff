"""The same reports as HTML, for notebooks: a screen whose tables are tables and whose charts are drawings."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rollout_console.render import render
from rollout_console.render.screen import Screen
from rollout_console.render.svg import Drawing, bar_drawing

COLOURS = {
    "title": "font-weight:bold",
    "good": "color:#00875f",  # these have 4.5 : 1 on white and on black
    "warning": "font-weight:bold",
    "flag": "font-weight:bold;border:1px solid;padding:0 0.3em",
    "bad": "color:#df3025;font-weight:bold",
    "stopped": "color:white;background:#c5221f;font-weight:bold",
    "muted": "color:#767676",
}
EMPTY_LINE = re.compile(r"\n(?=[ \t]*\n)")
FIRST_MARK = 0xE000  # the private-use area: `sanitize` lets none of it through from the database


def render_html(result: object) -> str:
    """Return a result as a fragment of HTML. Text in it is escaped, whoever wrote it."""
    screen = HtmlScreen(width=120, colour=True, bars=True)
    text = html.escape(render(result, screen))
    for tag, mark in screen.marks.items():
        text = text.replace(mark, tag)
    text = EMPTY_LINE.sub("&#10;", text)  # an empty line would end the block in Markdown
    return f'<div style="white-space:pre-wrap;font-family:monospace">{text}</div>'


@dataclass(frozen=True)
class HtmlScreen(Screen):
    """Puts a placeholder where a tag belongs, to be replaced once all text has been escaped."""

    marks: dict[str, str] = field(default_factory=dict)

    def paint(self, text: str, style: str) -> str:
        """Return text in one of the styles."""
        return self._tag(f'<span style="{COLOURS[style]}">') + text + self._tag("</span>") if text else text

    def bar(self, part: float, whole: float, width: int = 20) -> str:
        """Return a bar that is filled to the part."""
        share = 0.0 if whole <= 0 else min(1.0, part / whole)
        return self._tag(bar_drawing(share, width).image)

    def draw(self, lines: Callable[[], list[str]], drawing: Callable[[], Drawing]) -> str:
        """Return the drawing: lines of characters would be folded."""
        return self._tag(drawing().image)

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
        """Return a table with a head; a page has room for all of it."""
        sides = align or ["left"] * len(headers)
        head = self._row("th", headers, sides)
        return self._table([head, *(self._row("td", row, sides) for row in rows)])

    def facts(self, rows: list[tuple[str, str]]) -> str:
        """Return a table of names and values."""
        return self._table(
            self._row("td", [self.paint(name, "muted"), value], ["left", "left"]) for name, value in rows
        )

    def fit(self, text: str, hang: str | None = None) -> str:
        """Return text as it is: a page folds it."""
        return text

    def _table(self, rows: Any) -> str:
        return self._tag("<table>") + "".join(rows) + self._tag("</table>")

    def _row(self, kind: str, cells: Sequence[Any], sides: list[str]) -> str:
        return (
            self._tag("<tr>")
            + "".join(
                self._tag(f'<{kind} style="text-align:{side}">') + self._broken(str(cell)) + self._tag(f"</{kind}>")
                for cell, side in zip(cells, sides, strict=True)
            )
            + self._tag("</tr>")
        )

    def _broken(self, text: str) -> str:
        return self._tag("<br>").join(text.split("\n"))  # a page's own styles may fold the lines of a cell

    def _tag(self, tag: str) -> str:
        return self.marks.setdefault(tag, chr(FIRST_MARK + len(self.marks)))
