"""All features at a glance, and the test repositories of one."""

from __future__ import annotations

from rollout_console.render.dispatch import render
from rollout_console.render.formatting import NOTHING, format_age, format_count, shorten
from rollout_console.render.health import VERDICTS
from rollout_console.render.history import change_author, change_summary
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.render.status import UNPROTECTED, state_line
from rollout_console.results import Feature, Features, Phase4

WIDTHS = {"feature": 28, "change": 32}  # columns of a terminal; in a pipe nothing is cut


@render.register
def render_features(found: Features, screen: Screen) -> str:
    """Return a line for each feature: set and in effect, verdict, last change."""
    if not found.features:
        return " no features yet; to create one, type in a shell: rollout-console setup"
    rows = [
        [
            _cut(sanitize(f.feature_name, 100), "feature", screen),
            _percentage(f),
            f"{f.percentage_in_effect} %",
            screen.paint(f.health.verdict.replace("_", " "), VERDICTS[f.health.verdict][1]),
            _last_change(f, found, screen),
        ]
        for f in found.features
    ]
    table = screen.table(["feature", "set", "in effect", "health", "last change"], rows)
    if len(rows) == 1:
        return table
    return f'{table}\n to go to one: rollout.use(feature="{sanitize(found.features[-1].feature_name, 100)}")'


def _percentage(feature: Feature) -> str:
    state = " STOPPED" if feature.emergency_stop else ""
    return f"{feature.rollout_percentage} %{state}{'' if feature.auto_rollback_enabled else f' {UNPROTECTED}'}"


def _last_change(feature: Feature, found: Features, screen: Screen) -> str:
    change = feature.last_change
    if change is None:
        return NOTHING
    age = format_age(change.at, found.server_time)
    return _cut(f"{age}: {change_summary(change)}, {change_author(change)}", "change", screen)


def _cut(text: str, column: str, screen: Screen) -> str:
    return shorten(text, WIDTHS[column]) if screen.bars else text


@render.register
def render_phase_4(found: Phase4, screen: Screen) -> str:
    """Return the state, the test repositories, and what the last jobs did."""
    eligible = {True: "eligible", False: "not eligible"}
    rows = [
        [sanitize(r.full_name, 60), eligible[r.eligible], "pinned" if r.pinned else "by size"]
        for r in found.repositories
    ]
    shown = f", {format_count(len(rows))} shown" if len(rows) < found.total else ""
    head = f" {state_line(found, screen)}  test repositories: {format_count(found.total)}{shown}"
    listed = screen.table(["repository", "", "why test"], rows)
    if not rows:
        listed = ' to pin one, type rollout.markAsTest("owner/name")'
    return "\n".join([head, listed, "", render(found.metrics, screen)])
