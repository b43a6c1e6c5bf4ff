"""Tables that fit: texts are shortened or wrapped, then columns left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rollout_console.render.layout import cells, fold, shorten_middle

GAP = 2  # cells between two columns
LEAST = 16  # cells that a shortened text keeps


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: above it.
        cells: one for each row.
        align: one of `left` and `right`, or nothing.
        wraps: whether texts that are too wide take several lines, instead of losing their middle.
    """

    title: str
    cells: list[str]
    align: list[str]
    wraps: bool = False

    @property
    def width(self) -> int:
        """Cells of a terminal that it takes."""
        return max(cells(self.title), *(cells(line) for text in self.cells for line in text.split("\n")), 0)

    def shortened(self, width: int) -> Column:
        """Return the column in fewer cells."""
        if self.wraps:
            return replace(self, cells=["\n".join(fold(text, width, "")) for text in self.cells])
        return replace(self, cells=[shorten_middle(text, width) for text in self.cells])


def fitted(columns: list[Column], room: int, narrow: Sequence[int], drop: Sequence[int]) -> list[Column]:
    """Return columns that together take `room` cells, or as few as can be.

    Args:
        columns: of a table.
        room: cells.
        narrow: numbers of columns whose texts may be shortened.
        drop: numbers of columns that may be left out, in this order; where that is not enough, what wraps is wrapped.
    """
    kept, order = dict(enumerate(columns)), iter(drop)
    while True:
        shortened = _shortened(kept, room, narrow)
        if _width(shortened) <= room:
            return list(shortened.values())
        if (number := next(order, None)) is None:
            wrapping = [number for number, column in kept.items() if column.wraps]
            return list(_shortened(kept, room, {*narrow, *wrapping}).values())
        del kept[number]


def _shortened(columns: dict[int, Column], room: int, narrow: Iterable[int]) -> dict[int, Column]:
    """Return the columns with the texts of the widest narrow ones shortened until all fit, or none can give more."""
    widths = {number: columns[number].width for number in narrow if number in columns}
    excess = _width(columns) - room
    while excess > 0 and max(widths.values(), default=0) > LEAST:
        widths[max(widths, key=widths.__getitem__)] -= 1
        excess -= 1
    return columns | {number: columns[number].shortened(width) for number, width in widths.items()}


def _width(columns: dict[int, Column]) -> int:
    return sum(column.width + GAP for column in columns.values()) - GAP
