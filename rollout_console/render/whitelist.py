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
    whitelist = _list("whitelist", found.whitelist, to_add, screen)
    return f"{whitelist}\n{_list('blacklist', found.blacklist, 'empty', screen)}"


def _list(title: str, entries: list[ListedRepository], if_empty: str, screen: Screen) -> str:
    if not entries:
        return f" {title}: {if_empty}"
    ids = [sanitize(e.repository_id, 60) for e in entries]
    categories = [sanitize(e.category or "not categorized", 20) for e in entries]
    names = [sanitize(e.full_name or "(gone from the host)", 100) for e in entries]
    rows = [list(row) for row in zip(names, categories, ids, strict=True)]
    table = screen.table(["repository", "category", "id"], rows, narrow=[0], drop=[2, 1])
    return "\n".join([f" {title}: {format_count(len(entries))}", table, *(_end(e) for e in entries if e.until)])


def _end(entry: ListedRepository) -> str:
    name = shorten(sanitize(entry.full_name or entry.repository_id, 60), 40)
    end = f"{format_time(entry.until)}" if entry.until else "never"
    return f" {name}: EXPIRED {end}, no longer decides" if entry.expired else f" {name}: until {end}"
