"""Rights as a table, and whose decision the application gets."""

from __future__ import annotations

from rollout_console.render.dispatch import renderer
from rollout_console.render.formatting import format_count, format_counted
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.results import AccessRight, DecisionComparison

DECIDED_BY = {
    "host": "the host's own function, which adoption keeps",
    "readers": "ours, for roles that may read the tables",
    "everyone": "ours, for every role that may ask",
}


def access_table(before: list[AccessRight], after: list[AccessRight], screen: Screen) -> str:
    """Return tables by roles: what each can do, and where it differs, what it could do before.

    Args:
        before: the rights before a migration; the same as `after` if there was none.
        after: the rights now.
        screen: where it is shown.
    """
    was = {(right.table_name, right.role): right for right in before}
    now = {(right.table_name, right.role): right for right in after}
    roles = sorted({right.role for right in after})
    rows = []
    for table in sorted({right.table_name for right in after}):
        cells = []
        for role in roles:
            new, old = access_phrase(now[table, role]), was.get((table, role))
            changed = old is not None and access_phrase(old) != new
            cells.append(screen.paint(f"{access_phrase(old)} → {new}", "warning") if old and changed else new)
        existed = any(right.table_name == table for right in before)
        rows.append([sanitize(table, 63) + ("" if existed else " (new)"), *cells])
    return screen.table(["table", *(sanitize(role, 63) for role in roles)], rows)


def access_phrase(right: AccessRight) -> str:
    """Return what a role can do: "nothing", "read", "read, write", "read, insert by policy"."""
    writes = {"insert": right.insert, "update": right.update, "delete": right.delete}
    if set(writes.values()) == {"yes"}:
        allowed = {"read": right.read, "write": "yes"}
    elif set(writes.values()) == {"by policy"}:
        allowed = {"read": right.read, "write": "by policy"}
    else:
        allowed = {"read": right.read, **writes}
    said = [name if may == "yes" else f"{name} {may}" for name, may in allowed.items() if may != "no"]
    return ", ".join(said) or "nothing"


@renderer.register
def render_comparison(compared: DecisionComparison, screen: Screen) -> str:
    """Return how many repositories each role is told to be eligible, now and by each choice."""
    head = f" the application is answered by {DECIDED_BY[compared.decided_by]} ({compared.decided_by})"
    rows = [
        [sanitize(row.role, 63), format_count(row.now), format_count(row.readers), format_count(row.everyone)]
        for row in compared.roles
    ]
    if compared.emergency_stop:
        head += "\n an emergency stop is on: whoever decides, nobody is eligible until it has ended"
    asked = f"eligible, of {format_counted(compared.asked, 'repository', 'repositories')}"
    return "\n".join([head, screen.table([asked, "now", "--decision readers", "--decision everyone"], rows)])
