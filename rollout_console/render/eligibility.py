"""Who would become eligible at another percentage, and why a repository is or is not."""

from __future__ import annotations

from rollout_console.render.dispatch import renderer
from rollout_console.render.formatting import format_count, format_counted, format_list, format_time
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.render.state import rollback_phrase
from rollout_console.results import CategoryMove, Explanation, Preview, Reason

REASONS: dict[Reason, str] = {
    "emergency_stop": "the emergency stop is on ({stop_reason})",
    "blacklist": "it is on the blacklist",
    "whitelist": "it is on the whitelist",
    "not_whitelisted": "the strategy takes the whitelist only",
    "zero_percent": "the rollout is at {e.rollout_percentage} %",
    "full_rollout": "the rollout is at {e.rollout_percentage} %",
    "hash_in": "its bucket {e.bucket:,} of 10,000 is below {e.rollout_percentage} %",
    "hash_out": "its bucket {e.bucket:,} of 10,000 is not below {e.rollout_percentage} %",
    "not_categorized": "it has no category yet; type rollout.categorizeAll()",
    "category_in": "the whole category {e.category} is eligible at {e.rollout_percentage} %",
    "category_out": "the category {e.category} is not reached at {e.rollout_percentage} %",
    "boundary_in": "{e.category} is eligible in part: its bucket {e.bucket:,} is below the cutoff, {e.cutoff:,}",
    "host_in": "the host's own function decides, and lets it in",
    "host_out": "the host's own function decides, and does not let it in",
    "boundary_out": "{e.category} is eligible in part: its bucket {e.bucket:,} is not below the cutoff, {e.cutoff:,}",
}
WHITELIST_ONLY = (
    ": the strategy takes the whitelist only, whatever the percentage; "
    'to change it: rollout.configure(strategy="repository_size")'
)
BEFORE_EXAMPLES = 32  # columns of the preview's table before the examples


@renderer.register
def render_preview(preview: Preview, screen: Screen) -> str:
    """Return who would become eligible or stop being so, and what to type to do it."""
    changes = any(c.entering or c.leaving for c in preview.categories)
    if not changes or preview.to_percentage == preview.from_percentage:
        return preview_lines(preview, screen)
    return f"{preview_lines(preview, screen)}\n to do it: rollout.setRollout({preview.to_percentage})"


def preview_lines(preview: Preview, screen: Screen) -> str:
    """Return how many would become eligible or stop being so, by category with examples."""
    head = f" {preview.from_percentage} % → {preview.to_percentage} %: "
    if preview.entering is None or preview.leaving is None:
        return head + _by_host(preview)
    head += f"{format_count(preview.entering)} would enter, {format_count(preview.leaving)} would leave"
    if rollback := rollback_phrase(preview.state, preview.server_time):
        head += "\n " + screen.paint(rollback, "warning")
    if preview.emergency_stop:
        head += "\n " + screen.paint("while the emergency stop is on, traffic stays halted", "warning")
    rows = [
        _move_row(c, screen.room(screen.width - BEFORE_EXAMPLES)) for c in preview.categories if c.entering or c.leaving
    ]
    if not rows:
        return f"{head}\n no repositories affected{WHITELIST_ONLY if preview.strategy == 'whitelist' else ''}"
    if preview.list_examples:
        table = screen.table(["category", "moves", ""], [row[:3] for row in rows], drop=[2])
        table += "".join(_listed(c) for c in preview.categories if c.examples)
    else:
        table = screen.table(["category", "moves", "", "for example"], rows, narrow=[3], drop=[3, 2])
    return f"{head}\n{table}"


def _by_host(preview: Preview) -> str:
    now = f"{format_count(preview.eligible_now or 0)} of {format_count(preview.repositories_asked or 0)}"
    return (
        f"who would enter or leave is not known: the host's own function decides\n it lets {now} repositories in now; "
        f"what it would let in is said before it rises: rollout.setRollout({preview.to_percentage})"
    )


def _listed(c: CategoryMove) -> str:
    left = c.entering + c.leaving - len(c.examples)
    names = "".join(f"\n   {sanitize(name, 200)}" for name in c.examples)
    more = f"\n   and {format_count(left)} more" if left > 0 else ""
    return f"\n {sanitize(c.category, 20)}:{names}{more}"


def _move_row(c: CategoryMove, width: int) -> list[str]:
    moves = f"+{format_count(c.entering)}" if c.entering else f"−{format_count(c.leaving)}"
    examples = format_list([sanitize(name, 60) for name in c.examples], c.entering + c.leaving, width)
    return [sanitize(c.category, 20), moves, f"of {format_count(c.repositories)}", examples]


@renderer.register
def render_explanation(e: Explanation, screen: Screen) -> str:
    """Return whether a repository is eligible, the first rule that decides, and what is known of it."""
    side = screen.paint("ELIGIBLE", "good") if e.eligible else screen.paint("NOT ELIGIBLE", "warning")
    facts = [
        (
            "because",
            sanitize(REASONS[e.reason].format(e=e, stop_reason=e.emergency_stop_reason or "no reason given"), 300),
        )
    ]
    if e.category is not None:
        pinned = ", pinned as test" if e.pinned_as_test else ""
        counts = (
            f"{format_counted(e.stars or 0, 'star', 'stars')}, "
            f"{format_counted(e.contributors or 0, 'contributor', 'contributors')}, "
            f"{format_counted(e.pull_requests or 0, 'pull request', 'pull requests')}"
        )
        facts.append(("category", f"{sanitize(e.category, 20)}{pinned}: {counts}"))
    if e.last_categorized_at is not None:
        facts.append(("categorized", format_time(e.last_categorized_at)))
    if e.whitelisted_until is not None:
        over = ": EXPIRED" if e.whitelist_expired else ""
        facts.append(("whitelisted until", format_time(e.whitelisted_until) + over))
    if e.enters_at is not None:
        by = "by hash" if e.strategy == "percentage" else "by size and hash"
        facts.append((by, f"eligible from {e.enters_at} %"))
    facts.append(("id", sanitize(e.repository_id, 60)))
    return f" {screen.paint(sanitize(e.full_name, 100), 'title')} is {side}\n{screen.facts(facts)}"
