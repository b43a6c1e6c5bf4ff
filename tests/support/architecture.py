"""The picture on top of CONTRIBUTING.md: the floors of the package and of the rules, from the lists that tests hold."""

from __future__ import annotations

from html import escape

from tests.support import ROOT
from tests.support.floors import PYTHON_FLOORS
from tests.support.sql_floors import FLOORS

PICTURE = ROOT / "docs" / "architecture.svg"
WIDTH, HEIGHT, GAP, TOP = 520, 46, 6, 40
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1f2937}.name{font-weight:600;font-size:13px}.head{font-size:15px}"
    "@media(prefers-color-scheme:dark){.head{fill:#d9d9d9}}"
)


def picture() -> str:
    """Return both houses as SVG, the ground at the bottom, beside each floor what stands on it."""
    python = [(name, ", ".join(rooms)) for name, _, rooms in PYTHON_FLOORS]
    rules = [
        (path.name.partition("_")[2], ", ".join(f.stem for f in sorted(path.glob("*.sql")) if f.stem != path.name[3:]))
        for path in FLOORS
    ]
    most = max(len(python), len(rules))
    bottom = TOP + most * (HEIGHT + GAP)
    shown = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH + 60} {bottom + 10}" role="img">',
        "<title>The floors of the package and of the rules; a lower one knows nothing of a higher one</title>",
        f"<style>{STYLE}</style>",
        *_house("rollout_console/", python, 10, "#dbeafe", bottom),
        *_house("migrations/rules/", rules, WIDTH + 50, "#dcfce7", bottom),
        f'<text x="{WIDTH + 18}" y="{bottom - 20}" class="head">→</text>',
        "</svg>",
    ]
    return "\n".join(shown) + "\n"


def _house(title: str, floors: list[tuple[str, str]], left: int, fill: str, bottom: int) -> list[str]:
    shown = [f'<text x="{left}" y="22" class="name head">{escape(title)}</text>']
    for number, (name, rooms) in enumerate(floors, 1):
        top = bottom - number * (HEIGHT + GAP)
        first, rest = _two_lines(rooms)
        shown += [
            f'<rect x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}" rx="4" fill="{fill}"/>',
            f'<text x="{left + 10}" y="{top + 28}" class="name">{escape(name)}</text>',
            f'<text x="{left + 120}" y="{top + (28 if not rest else 20)}">{escape(first)}</text>',
            f'<text x="{left + 120}" y="{top + 36}">{escape(rest)}</text>',
        ]
    return shown


def _two_lines(text: str, width: int = 62) -> tuple[str, str]:
    cut = len(text) if len(text) <= width else text.rindex(" ", 0, width)
    return text[:cut], text[cut + 1 :]
