"""Pages over the overview: rows that scroll, some of which open a page of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from rollout_console import results
from rollout_console.dashboard.advice import in_keys
from rollout_console.dashboard.keys import Key, help_lines
from rollout_console.render import Screen, render
from rollout_console.render.errors import counts_phrase, error_lines, kind_name, new_phrase
from rollout_console.render.formatting import format_age, format_setting, format_time
from rollout_console.render.history import change_author, change_phrase
from rollout_console.render.layout import clip
from rollout_console.render.sanitize import sanitize

CHOSEN = "▸"
KEYS_HELP = "what the keys do here"
SAMPLE = 2000  # characters of an error's message


@dataclass(frozen=True)
class Row:
    """A text, and what Enter does on it.

    Attributes:
        text: may take several lines.
        open: returns the page to show; None where there is none.
    """

    text: str
    open: Callable[[], Page] | None = None


class Page:
    """Rows under a title; it remembers how far it is scrolled and which row is chosen.

    Args:
        title: of the page.
        rows: returns the rows for a screen.
    """

    def __init__(self, title: str, rows: Callable[[Screen], Sequence[Row]]) -> None:
        self.title = title
        self._rows = rows
        self._top = 0
        self._height = 1
        self._starts: list[int] = []  # the lines at which rows begin that can be opened
        self._opens: list[Callable[[], Page]] = []
        self._total = 0
        self._choice = 0

    @property
    def chosen(self) -> Callable[[], Page] | None:
        """What Enter opens; None on a page that is only read."""
        return self._opens[self._choice] if self._opens else None

    def draw(self, screen: Screen, height: int) -> list[str]:
        """Return at most `height` lines: the title, and what of the rows is in sight."""
        lines = self._lines(screen)
        self._height, self._total = max(1, height - 1), len(lines)
        self._top = max(0, min(self._top, self._total - self._height))
        more = self._total - self._top - self._height
        above, below = f"  ↑ {self._top} more" if self._top else "", f"  ↓ {more} more" if more > 0 else ""
        title = screen.paint(clip(f" {self.title}", max(8, screen.width - 24)), "title") + above + below
        return [clip(title, screen.width), *lines[self._top : self._top + self._height]][:height]

    def move(self, lines: int) -> None:
        """Choose another row, or scroll where there is none to choose; a page further by its height."""
        if self._opens and abs(lines) == 1 and 0 <= self._choice + lines < len(self._opens):
            self._choice += lines
            start = self._starts[self._choice]
            self._top = max(min(self._top, start), start - self._height + 1)
        else:
            self._top = max(0, min(self._top + lines, self._total - self._height))
            self._follow()

    def move_page(self, pages: int) -> None:
        """Scroll by pages."""
        self.move(pages * max(2, self._height - 1))

    def move_to_end(self, *, end: bool) -> None:
        """Go to the beginning or the end."""
        self.move(max(2, self._total) if end else -max(2, self._total))
        if self._opens:
            self._choice = len(self._opens) - 1 if end else 0

    def _follow(self) -> None:
        """Choose the nearest row that is in sight."""
        in_sight = [i for i, start in enumerate(self._starts) if self._top <= start < self._top + self._height]
        if in_sight and self._choice not in in_sight:
            self._choice = in_sight[0] if self._choice < in_sight[0] else in_sight[-1]

    def _lines(self, screen: Screen) -> list[str]:
        lines: list[str] = []
        self._starts, self._opens = [], []
        for row in self._rows(screen):
            parts = screen.fit(row.text).split("\n")
            if row.open is not None:
                if len(self._opens) == self._choice:
                    parts[0] = f"{CHOSEN}{screen.paint(parts[0].removeprefix(' '), 'title')}"
                self._starts.append(len(lines))
                self._opens.append(row.open)
            lines += [clip(part, screen.width) for part in parts]
        return lines


def text_page(title: str, text: Callable[[Screen], str]) -> Page:
    """Return a page that is only read."""
    return Page(title, lambda screen: [Row(line) for line in text(screen).split("\n")])


def result_page(title: str, result: object) -> Page:
    """Return a page with the report of a result."""
    return text_page(title, lambda screen: in_keys(render(result, screen)))


def help_page(keys: Sequence[Key]) -> Page:
    """Return what the keys of a view do."""
    return text_page(KEYS_HELP, lambda screen: "\n".join(help_lines(keys)))


def history_page(history: results.History) -> Page:
    """Return the changes, a line each; Enter shows one in full."""
    return Page(
        f"changes, newest first ({len(history.entries)})",
        lambda screen: (
            [Row(_change_line(e, screen), partial(change_page, e)) for e in history.entries] or [Row(" no changes yet")]
        ),
    )


def change_page(entry: results.HistoryEntry) -> Page:
    """Return all that is known of a change."""

    def text(screen: Screen) -> str:
        fields = [
            ("id", sanitize(entry.id, 60)),
            ("at", format_time(entry.at)),
            ("by", change_author(entry)),
            ("database role", sanitize(entry.database_role or "unknown", 60)),
            ("reason", sanitize(entry.reason or "none", 2000)),
            *[(sanitize(name, 40).replace("_", " "), _before_and_after(entry, name)) for name in entry.after or {}],
        ]
        return f"{render(results.History(entries=[entry]), screen)}\n\n{screen.facts(fields)}"

    return text_page(f"change {sanitize(entry.short_id, 8)}", text)


def errors_page(errors: results.Errors, explain: Callable[[str], Page]) -> Page:
    """Return the kinds of errors, a line each; Enter shows one with its repositories.

    Args:
        errors: the kinds.
        explain: returns the page of a repository.
    """

    def line(kind: results.ErrorKind) -> str:
        new = f"{new_phrase(kind, errors.server_time)}; " if kind.is_new else ""
        seen = format_age(kind.last_seen_at, errors.server_time)
        return f" {kind_name(kind)}\n   {new}{counts_phrase(kind)}; last {seen}"

    return Page(
        f"kinds of errors ({errors.total})",
        lambda screen: (
            [Row(line(kind), partial(kind_page, kind, errors, explain)) for kind in errors.kinds]
            or [Row(" no errors are known")]
        ),
    )


def kind_page(kind: results.ErrorKind, errors: results.Errors, explain: Callable[[str], Page]) -> Page:
    """Return a kind of errors with a whole message; Enter on a repository shows whether it is eligible, and why."""

    def rows(screen: Screen) -> list[Row]:
        about = error_lines(kind, errors.server_time, screen)[:2]
        message = f"   for example: {sanitize(kind.sample, SAMPLE)}"
        names = [Row(f" {sanitize(name, 200)}", partial(explain, name)) for name in kind.repositories]
        more = [Row("   and perhaps others")] if kind.more_repositories else []
        return [*map(Row, about), Row(message), Row(""), Row(" repositories:"), *names, *more]

    return Page(f"error: {kind_name(kind, 60)}", rows)


def _change_line(entry: results.HistoryEntry, screen: Screen) -> str:
    return clip(f" {format_time(entry.at)}  {sanitize(entry.short_id, 8)}  {change_phrase(entry, 300)}", screen.width)


def _before_and_after(entry: results.HistoryEntry, name: str) -> str:
    was, became = (entry.before or {}).get(name), (entry.after or {}).get(name)
    return f"{_recorded(was)} → {_recorded(became)}"


def _recorded(value: object) -> str:
    is_word = value is None or isinstance(value, bool | list)
    return sanitize(format_setting(value) if is_word else str(value), 300)
