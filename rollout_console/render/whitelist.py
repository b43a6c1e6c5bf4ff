"""Whitelist and blacklist, with names and ids."""

from __future__ import annotations

from rollout_console.render.dispatch import renderer
from rollout_console.render.formatting import format_count, format_time, shorten
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.results import ListedRepository, Whitelist


@renderer.register
def render_whitelist(found: Whitelist, screen: Screen) -> str:
    """Return a table for each list."""
    to_add = 'empty; to add one, type rollout.addToWhitelist("owner/name")'
    whitelist = _list("whitelist", found, found.whitelist, found.whitelist_entries, to_add, screen)
    blacklist = _list("blacklist", found, found.blacklist, found.blacklist_entries, "empty", screen)
    return f"{whitelist}\n{blacklist}"


def _list(
    title: str, found: Whitelist, entries: list[ListedRepository], size: int, if_empty: str, screen: Screen
) -> str:
    if not size:
        return f" {title}: {if_empty}"
    title = f" {title}: {format_count(size)}"
    if found.search is not None:
        title += f"; {format_count(len(entries))} with {sanitize(found.search, 60)!r}"
    if not entries:
        return title
    ids = [sanitize(e.repository_id, 60) for e in entries]
    categories = [sanitize(e.category or "not categorized", 20) for e in entries]
    # What takes an entry off is typed: its name is never cut, nor the id of one that has none.
    names = [sanitize(e.full_name or f"{e.repository_id} (gone from the host)", 100) for e in entries]
    rows = [list(row) for row in zip(names, categories, ids, strict=True)]
    table = screen.table(["repository", "category", "id"], rows, narrow=[2], drop=[2, 1], wrap=[0])
    lines = [title, table, *(_end(e, found.decided_by == "host") for e in entries if e.until)]
    if len(entries) < size and found.search is None:
        lines.append(
            f" the first {format_count(len(entries))}; for more, type rollout.showWhitelist(limit={4 * len(entries)})"
            ' or, for a name, rollout.showWhitelist("acme/")'
        )
    return "\n".join(lines)


def _end(entry: ListedRepository, by_host: bool) -> str:
    name = shorten(sanitize(entry.full_name or entry.repository_id, 60), 40)
    end = f"{format_time(entry.until)}" if entry.until else "never"
    if not entry.expired:
        return f" {name}: until {end}"
    return f" {name}: EXPIRED {end}, " + (
        "but the host's own function decides, and knows no ends" if by_host else "no longer decides"
    )
