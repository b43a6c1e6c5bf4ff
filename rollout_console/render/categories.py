"""The size categories, and what a categorization run did."""

from __future__ import annotations

from rollout_console.render.dispatch import renderer
from rollout_console.render.formatting import format_count, format_counted, format_number
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.results import Categories, CategorizationRun, Category

LESS_AND_LESS = (2, 10, 9, 8, 7, 6, 5, 0)  # columns that a narrow screen leaves out; the limits are in the manual, too


@renderer.register
def render_categories(found: Categories, screen: Screen) -> str:
    """Return a table of the categories in rollout order."""
    columns = [
        ("#", "right", [str(c.rollout_order) for c in found.categories]),
        ("category", "left", [sanitize(c.category, 20) for c in found.categories]),
        ("limits", "left", [_limits(c) for c in found.categories]),
        ("count", "right", [format_count(c.repositories) for c in found.categories]),
        ("eligible", "right", [format_count(c.eligible) for c in found.categories]),
        ("", "left", [screen.bar(c.eligible, c.repositories, 10) for c in found.categories]),
        ("stars", "right", [_average(c.stars) for c in found.categories]),
        ("people", "right", [_average(c.contributors) for c in found.categories]),
        ("PRs", "right", [_average(c.pull_requests) for c in found.categories]),
        ("activity", "right", [_average(c.activity) for c in found.categories]),
        ("prio", "right", [str(c.priority_level) for c in found.categories]),
    ]
    headers, align, cells = zip(*columns, strict=True)
    rows = [list(row) for row in zip(*cells, strict=True)]
    return f"{screen.table(list(headers), rows, list(align), drop=LESS_AND_LESS)}\n{_note(found, screen)}"


def _average(value: float | None) -> str:
    return format_number(value if value is None else round(value, 1 if value < 100 else 0))


def _limits(c: Category) -> str:
    if not c.priority_level:
        return "none yet"
    if c.max_stars is None or c.max_contributors is None or c.max_pull_requests is None:
        return "no limits"
    limits = (
        format_counted(c.max_stars, "star", "stars"),
        format_counted(c.max_contributors, "person", "people"),
        format_counted(c.max_pull_requests, "PR", "PRs"),
    )
    return ", ".join(f"≤{limit}" for limit in limits)


def _note(found: Categories, screen: Screen) -> str:
    pinned = sum(c.pinned for c in found.categories)
    note = " averages per repository" + (f"; {format_count(pinned)} pinned as test" if pinned else "")
    if not any(c.repositories for c in found.categories):
        note = " nothing is categorized yet; type rollout.categorizeAll()"
    if found.decided_by == "host":
        note += "\n counts and eligible: as the host's own function answers, which decides"
    if found.emergency_stop:
        note += "\n " + screen.paint(" STOPPED: no repository is eligible ", "stopped")
    return note


@renderer.register
def render_categorization_run(run: CategorizationRun, screen: Screen) -> str:
    """Return how far the run is, or what it changed."""
    if not run.done:
        done = f"{format_count(run.processed)} of {format_count(run.total)} categorized"
        return f" {done}; to go on, type rollout.categorizeAll()"
    checked = format_counted(run.processed, "repository", "repositories")
    if not run.changed:
        return f" {checked} checked; no categories changed"
    moves = ", ".join(f"{sanitize(move, 40)}: {format_count(n)}" for move, n in sorted(run.transitions.items()))
    said = f" {checked} checked, {format_count(run.changed)} updated"
    return f"{said}\n {moves}" if moves else said
