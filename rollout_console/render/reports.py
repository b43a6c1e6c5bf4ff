"""The reports: status, stats, categories, metrics, lists, history, preview, explain, phases."""

from __future__ import annotations

from rollout_console import results
from rollout_console.render.base import render
from rollout_console.render.phrases import (
    duration,
    mark,
    measured,
    number,
    verdict,
    wanted,
    what,
    when,
    who,
    window,
)
from rollout_console.render.screen import Screen
from rollout_console.text import ago, clean, count, local_time, percent

STRATEGIES = {
    "repository_size": "repository_size: test → small → medium → large → enterprise",
    "percentage": "percentage: by hash alone",
    "whitelist": "whitelist: the whitelist only",
}


@render.register
def _(status: results.Status, screen: Screen) -> str:
    now = status.server_time
    feature = screen.paint(clean(status.feature_name, 100), "title")
    head = [f" {feature}  {state_line(status, screen)}"]
    if screen.bars:
        head.append(f" {screen.bar(status.percentage_in_effect, 100, min(50, screen.width - 30))} {status.phase}")
    stop = "off"
    if status.emergency_stop:
        stop = f"{screen.paint('ON', 'bad')} since {when(status.emergency_stopped_at, now)}"
        stop += f"\n{clean(status.emergency_stop_reason or 'no reason given', 300)}"
        stop += "\nto let traffic flow again: rollout.resume()"
    facts = [
        ("target", clean(status.target, 100)),
        (
            "percentage",
            f"{status.rollout_percentage} % set, {status.percentage_in_effect} % in effect; {status.phase}",
        ),
        (
            "repositories",
            f"{count(status.eligible_repositories)} of {count(status.total_repositories)} categorized are in",
        ),
        ("strategy", STRATEGIES.get(status.rollout_strategy, clean(status.rollout_strategy))),
        ("emergency stop", stop),
        ("auto-rollback", auto_rollback(status, screen)),
        (
            "health",
            f"{verdict(status.health, screen)}\n{window(status.health)}, of a window of {status.health.window_hours} h",
        ),
        (
            "lists",
            f"{count(status.whitelist_size)} on the whitelist, {count(status.blacklist_size)} on the blacklist",
        ),
        ("created", when(status.created_at, now)),
        ("updated", when(status.updated_at, now)),
        ("last change", last_change(status)),
    ]
    unfinished = status.categorization
    if unfinished is None:
        facts.append(("categories", "never categorized; type rollout.categorizeAll()"))
    elif unfinished.finished_at is None:
        facts.append(
            (
                "categories",
                f"unfinished: {count(unfinished.processed)} of {count(unfinished.total)}; "
                "to go on, type rollout.categorizeAll()",
            )
        )
    facts += [
        (f"override {name}", f"{clean(value, 60)} (the web application's own, set in this environment)")
        for name, value in status.overrides.items()
    ]
    return "\n".join([*head, screen.facts(facts)])


def state_line(status: results.Status, screen: Screen) -> str:
    """Return the one phrase that can't be misread: flowing or halted, and at what."""
    if status.emergency_stop:
        return screen.paint(f" STOPPED ({status.rollout_percentage} % is kept) ", "stopped")
    return screen.paint(f"{status.rollout_percentage} %", "good" if status.rollout_percentage else "warning")


def auto_rollback(status: results.Status, screen: Screen) -> str:
    """Return the breaker's setting and threshold."""
    threshold = f"above {number(status.max_error_rate)} % errors in at least {status.minimum_sample} jobs"
    if status.auto_rollback_enabled:
        return f"on: to 0 % {threshold}"
    return f"{screen.paint('OFF', 'warning')} (threshold: {threshold})"


def last_change(status: results.Status) -> str:
    """Return the newest history row in two lines."""
    entry = status.last_change
    if entry is None:
        return "none"
    line = f"{ago(entry.at, status.server_time)}, {what(entry)}, by {who(entry)}"
    return f"{line}\n{clean(entry.reason, 200)}" if entry.reason else line


@render.register
def _(stats: results.Stats, screen: Screen) -> str:
    stopped = f"  {screen.paint(' STOPPED ', 'stopped')}" if stats.emergency_stop else ""
    jobs = ", ".join(f"{clean(p, 30)} {count(n)}" for p, n in sorted(stats.processor_distribution.items())) or "none"
    share = 100 * stats.eligible_repositories / stats.total_repositories if stats.total_repositories else None
    facts = [
        (
            "repositories",
            f"{count(stats.eligible_repositories)} of {count(stats.total_repositories)} are in"
            + (f" ({percent(share)})" if share is not None else ""),
        ),
        (
            "categories",
            ", ".join(f"{c} {count(stats.categories.get(c, 0))}" for c in stats.category_order) or "none",
        ),
        ("health", verdict(stats.health, screen)),
        ("window", window(stats.health)),
        ("success rate", percent(stats.success_rate)),
        ("jobs", f"{count(stats.total_jobs)} ({jobs})"),
    ]
    title = f" {screen.paint(clean(stats.feature_name, 100), 'title')}  {stats.rollout_percentage} %{stopped}"
    return f"{title}\n{screen.facts(facts)}\n\n{criteria(stats.criteria, screen, 'success metric')}"


def criteria(listed: list[results.Criterion], screen: Screen, title: str) -> str:
    """Return criteria as a table: whether each is met, what is measured and what is wanted."""
    rows = [[mark(c.met, screen), c.name, measured(c.actual, c.unit), wanted(c)] for c in listed]
    notes = [f" {c.name}: {clean(c.note, 200)}" for c in listed if c.note]
    return "\n".join([screen.table(["", title, "now", "wanted"], rows), *notes])


@render.register
def _(found: results.Categories, screen: Screen) -> str:
    rows = [
        [
            str(c.rollout_order),
            c.category,
            limits(c),
            count(c.repositories),
            count(c.eligible),
            screen.bar(c.eligible, c.repositories, 10),
            *(number(v if v is None else round(v, 1)) for v in (c.stars, c.contributors, c.pull_requests, c.activity)),
            str(c.priority_level),
        ]
        for c in found.categories
    ]
    headers = ["#", "category", "limits", "count", "in", "", "stars", "people", "PRs", "activity", "prio"]
    align = ["right", "left", "left", "right", "right", "left", *["right"] * 5]
    if screen.width < 110:  # the limits are in the manual; the figures are not
        rows = [row[:2] + row[3:] for row in rows]
        del headers[2], align[2]
    pinned = sum(c.pinned for c in found.categories)
    note = "\n averages per repository" + (f"; {count(pinned)} pinned as test" if pinned else "")
    if not any(c.repositories for c in found.categories):
        note = "\n nothing is categorized yet; type rollout.categorizeAll()"
    if found.emergency_stop:
        note += "\n " + screen.paint(" STOPPED: nobody is in ", "stopped")
    return screen.table(headers, rows, align) + note


def limits(c: results.Category) -> str:
    """Return a category's limits as the manual writes them."""
    if c.max_stars is None or c.max_contributors is None or c.max_pull_requests is None:
        return "beyond large"
    return f"≤{count(c.max_stars)} stars, ≤{c.max_contributors} people, ≤{count(c.max_pull_requests)} PRs"


@render.register
def _(metrics: results.Metrics, screen: Screen) -> str:
    rows = [
        [
            clean(p.processor, 30),
            count(p.jobs),
            count(p.errors),
            percent(p.error_rate),
            percent(p.success_rate),
            duration(p.average_seconds),
            "not set" if p.unit_cost is None else f"{p.unit_cost:g}",
        ]
        for p in metrics.processors
    ]
    headers = ["processor", "jobs", "errors", "error rate", "success", "time", "cost/job"]
    parts = [
        f" {verdict(metrics.health, screen)}\n {window(metrics.health)}",
        screen.table(headers, rows, ["left", *["right"] * 6]) if rows else " no jobs in the window",
        criteria(metrics.criteria, screen, "success metric"),
    ]
    if metrics.last_errors:
        errors = [
            f" {local_time(e.at)}  {clean(e.processor, 20)}  "
            f"{clean(e.repository or e.repository_id or 'unknown', 60)}\n"
            f"   {clean(e.message or 'no message', screen.width - 4)}"
            for e in metrics.last_errors
        ]
        parts.append("\n".join([f" {screen.paint('last errors', 'title')}", *errors]))
    return "\n\n".join(parts)


@render.register
def _(found: results.Whitelist, screen: Screen) -> str:
    def part(title: str, entries: list[results.ListedRepository], nothing: str) -> str:
        if not entries:
            return f" {title}: {nothing}"
        rows = [
            [
                clean(e.full_name or "(gone from the host)", 60),
                clean(e.category or "not categorized", 20),
                clean(e.repository_id, 60),
            ]
            for e in entries
        ]
        return f" {title}: {count(len(entries))}\n" + screen.table(["repository", "category", "id"], rows)

    return (
        part("whitelist", found.whitelist, 'empty; to add one, type rollout.addToWhitelist("owner/name")')
        + "\n"
        + part("blacklist", found.blacklist, "empty")
    )


@render.register
def _(history: results.History, screen: Screen) -> str:
    if not history.entries:
        return " no changes yet"
    lines = []
    for entry in history.entries:
        lines.append(f" {local_time(entry.at)}  {screen.paint(what(entry), 'title')}  by {who(entry)}")
        if entry.reason:
            lines.append(f"   {clean(entry.reason, 2 * screen.width)}")
    return "\n".join(lines)


@render.register
def _(preview: results.Preview, screen: Screen) -> str:
    head = f" {preview.from_percentage} % → {preview.to_percentage} %: "
    head += f"{count(preview.entering)} would enter, {count(preview.leaving)} would leave"
    if preview.emergency_stop:
        head += "\n " + screen.paint("while the emergency stop is on, traffic stays halted", "warning")
    rows = [
        [
            c.category,
            f"+{count(c.entering)}" if c.entering else f"−{count(c.leaving)}",
            f"of {count(c.repositories)}",
            some(c.examples, c.entering + c.leaving, screen.width - 32),
        ]
        for c in preview.categories
        if c.entering or c.leaving
    ]
    if not rows:
        return f"{head}\n nobody changes sides"
    step = (
        ""
        if preview.to_percentage == preview.from_percentage
        else f"\n to do it: rollout.setRollout({preview.to_percentage})"
    )
    return f"{head}\n{screen.table(['category', 'moves', '', 'for example'], rows)}{step}"


def some(names: list[str], total: int, width: int) -> str:
    """Return as many names as fit, and how many more there are."""
    shown: list[str] = []
    for name in (clean(n, 60) for n in names):
        if shown and len(", ".join([*shown, name])) > width - 14:
            break
        shown.append(name)
    more = total - len(shown)
    return ", ".join(shown) + (f" and {count(more)} more" if more else "")


REASONS = {
    "emergency_stop": "the emergency stop is on ({e.emergency_stop_reason})",
    "blacklist": "it is on the blacklist",
    "whitelist": "it is on the whitelist",
    "not_whitelisted": "the strategy admits the whitelist only",
    "zero_percent": "the rollout is at 0 %",
    "full_rollout": "the rollout is at 100 %",
    "hash_in": "its bucket {e.bucket:,} of 10,000 is below {e.rollout_percentage} %",
    "hash_out": "its bucket {e.bucket:,} of 10,000 is not below {e.rollout_percentage} %",
    "not_categorized": "it has no category yet; type rollout.categorizeAll()",
    "category_in": "the whole category {e.category} is in at {e.rollout_percentage} %",
    "category_out": "the category {e.category} is not reached at {e.rollout_percentage} %",
    "boundary_in": "{e.category} is partly in: its bucket {e.bucket:,} is below the cut at {e.cutoff:,} of 10,000",
    "boundary_out": "{e.category} is partly in: its bucket {e.bucket:,} is not below the cut at {e.cutoff:,}",
}


@render.register
def _(e: results.Explanation, screen: Screen) -> str:
    side = screen.paint("IN", "good") if e.eligible else screen.paint("OUT", "warning")
    reason = clean(REASONS[e.reason].format(e=e) if e.reason in REASONS else e.reason, 300)
    facts = [("because", reason)]
    if e.category is not None:
        pinned = ", pinned as test" if e.pinned_as_test else ""
        facts.append(
            (
                "category",
                f"{clean(e.category, 20)}{pinned}: {count(e.stars or 0)} stars, "
                f"{count(e.contributors or 0)} contributors, {count(e.pull_requests or 0)} pull requests",
            )
        )
        facts.append(("categorized", when(e.last_categorized_at)))
    if e.enters_at is not None:
        facts.append(("by size and hash", f"in from {e.enters_at} %"))
    facts.append(("id", e.repository_id))
    return f" {screen.paint(clean(e.full_name, 100), 'title')} is {side}\n{screen.facts(facts)}"


@render.register
def _(phases: results.Phases, screen: Screen) -> str:
    signs = {"passed": "✓", "current": "▸", "ahead": " "}
    rows = [[signs.get(p.state, ""), str(p.phase), f"{p.percentage} %", p.audience] for p in phases.phases]
    head = f" {phases.rollout_percentage} %, {phases.phase}"
    if phases.emergency_stop:
        head += "  " + screen.paint(" STOPPED ", "stopped")
    parts = [head, screen.table(["", "phase", "share", "audience"], rows, ["left", "right", "right", "left"])]
    if phases.next_percentage is None:
        return "\n".join([*parts, " the last phase is reached"])
    if phases.rollout_percentage == 0 and not phases.emergency_stop:
        return "\n".join([*parts, f" not started; to begin: rollout.setRollout({phases.next_percentage})"])
    parts.append("\n" + criteria(phases.criteria, screen, "before the next phase"))
    parts.append(
        screen.paint(f" ready for {phases.next_percentage} %: rollout.setRollout({phases.next_percentage})", "good")
        if phases.ready
        else f" not ready for {phases.next_percentage} % yet"
    )
    return "\n".join(parts)
