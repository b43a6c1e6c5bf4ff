"""Text laid out in the cells of a terminal, in which some characters take two and some none."""

from __future__ import annotations

import bisect
from collections.abc import Iterable

from rollout_console.pattern import pattern

ESCAPE = pattern(r"\x1b[\[0-9;]*m?")  # a style, or the beginning of one
BROKEN_ESCAPE = pattern(r"\x1b[\[0-9;]*$")
# What is to be copied stays on one line: a command with its arguments is one word, and so is a program's name.
WORD = pattern(r'(\s*)(\S*\brollout\.\w+\((?:"[^"]*"|[^()"])*\)\S*|!?rollout-console [\w-]+|\S+)')
CLAUSE = pattern(r"; (?=[^;]*$)")


def cells(text: str) -> int:
    """Return how many cells of a terminal text takes; styles take none."""
    plain = ESCAPE.sub("", text) if "\x1b" in text else text
    if plain.isascii():
        return len(plain)
    from wcwidth import wcswidth

    return max(0, wcswidth(plain))


def fold(line: str, width: int, hang: str) -> list[str]:
    """Return a line as lines of at most `width` cells, broken between words, at the end of a clause if there is one.

    Args:
        line: one line; it may hold styles.
        width: cells, at least 4.
        hang: blanks that every line but the first begins with; half of the width at most.
    """
    hang = hang[: width // 2]
    if cells(line) <= width:
        return [line]
    lines, current = [], ""
    for gap, word in WORD.findall(line):
        if current.strip() and cells(current + gap + word) > width:
            done, begun = _at_clause(current, width)
            lines.append(done)
            current, gap = hang + begun, " " if begun else ""
        current += gap + word
        while cells(current) > width:
            head, current = _cut(current, width)
            lines.append(head)
            current = hang + current
    return [*lines, current]


def shorten_middle(text: str, width: int) -> str:
    """Return text in at most `width` cells, with an ellipsis for its middle: names differ at both ends."""
    if cells(text) <= width:
        return text
    head, _ = _cut(text, width // 2)
    tail, _ = _cut(text[::-1], width - cells(head) - 1)
    return f"{head}…{tail[::-1]}"


def clip(text: str, width: int) -> str:
    """Return a line in at most `width` cells: what is too long ends in an ellipsis, and its styles with it."""
    if cells(text) <= width:
        return text
    head, _ = _cut(text, max(0, width - 1))
    return f"{head}\x1b[0m…" if "\x1b" in head else f"{head}…"


def pad(text: str, width: int) -> str:
    """Return a line in exactly `width` cells."""
    short = clip(text, width)
    return short + " " * (width - cells(short))


def pack(parts: Iterable[str], width: int, gap: str = "  ", margin: str = " ") -> list[str]:
    """Return parts as lines of at most `width` cells, as many in each as fit; a part is never broken, only cut."""
    lines: list[str] = []
    for part in parts:
        if lines and cells(lines[-1] + gap + part) <= width:
            lines[-1] += gap + part
        else:
            lines.append(clip(margin + part, width))
    return lines


def _at_clause(line: str, width: int) -> tuple[str, str]:
    """Return a full line up to its last clause, and that clause; the line alone if that would leave it half empty."""
    if (end := CLAUSE.search(line)) and 2 * cells(line[: end.start()]) >= width:
        return line[: end.start() + 1], line[end.end() :]
    return line, ""


def _cut(text: str, width: int) -> tuple[str, str]:
    """Return what fits into `width` cells, and the rest."""
    end = bisect.bisect_right(range(len(text)), width, key=lambda end: cells(text[:end])) - 1
    if broken := BROKEN_ESCAPE.search(text[:end]):
        end = broken.start()
    return text[:end], text[end:]
