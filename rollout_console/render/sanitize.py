"""R12: text that others wrote, made safe for a terminal."""

from __future__ import annotations

LONGEST = 500


def sanitize(text: str, limit: int = LONGEST) -> str:
    """Return text on one line without anything that could act on a terminal (R12).

    Control characters, terminal escapes, zero-width and direction-changing characters and lone
    surrogates are removed; line ends and tabs become spaces; what is longer than `limit` characters is cut.
    """
    shown = text[: 4 * limit]
    if not shown.isprintable():
        shown = "".join(char if char.isprintable() else " " if char.isspace() else "" for char in shown)
    line = " ".join(shown.split())
    return line if len(line) <= limit and len(text) <= 4 * limit else line[: max(1, limit - 1)] + "…"
