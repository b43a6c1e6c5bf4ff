"""All features at a glance, and the test repositories of one."""

from __future__ import annotations

from rollout_console.render.dispatch import renderer
from rollout_console.render.formatting import format_age, format_count, shorten
from rollout_console.render.health import VERDICTS
from rollout_console.render.history import change_phrase
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.render.state import since_phrase
from rollout_console.render.status import UNPROTECTED, state_line
from rollout_console.results import Feature, Features, Phase4

NAME = 26  # columns of a name in a terminal


@renderer.register
def render_features(found: Features, screen: Screen) -> str:
    """Return two lines for each feature: what is set and in effect, and below it health and the last change."""
    if not found.features:
        return " no features yet; to create one, type in a shell: rollout-console setup"
    names = [sanitize(f.feature_name, 100) for f in found.features]
    shown = [shorten(name, screen.room(NAME)) for name in names]
    width = max(map(len, shown))
    lines = []
    for name, feature in zip(shown, found.features, strict=True):
        lines.append(f" {screen.paint(name.ljust(width), 'title')}  {_state(feature, found, screen)}")
        lines.append(f"   {_health(feature, screen)}; {_last_change(feature, found, screen)}")
    if len(names) > 1:
        lines.append(f' to go to one: rollout.use(feature="{names[-1]}")')
    return "\n".join(lines)


def _state(feature: Feature, found: Features, screen: Screen) -> str:
    said = f"{feature.rollout_percentage} % set, {feature.percentage_in_effect} % in effect"
    if feature.state is not None and feature.state.name == "rolled_back" and feature.state.since is not None:
        said += f"; rolled back, {since_phrase(feature.state.since, found.server_time)}"
    if feature.held:
        said += f"  {screen.paint('HELD', 'warning')}"
    if feature.emergency_stop:
        said += f"  {screen.paint('STOPPED', 'bad')}"
    return said if feature.auto_rollback_enabled else f"{said}  {screen.paint(UNPROTECTED, 'warning')}"


def _health(feature: Feature, screen: Screen) -> str:
    verdict = feature.health.verdict
    return screen.paint(verdict.replace("_", " "), VERDICTS[verdict][1])


def _last_change(feature: Feature, found: Features, screen: Screen) -> str:
    change = feature.last_change
    if change is None:
        return "never changed"
    said = f"{format_age(change.at, found.server_time)}: {change_phrase(change, 0)}"
    return shorten(said, screen.room(screen.width - 20))


@renderer.register
def render_phase_4(found: Phase4, screen: Screen) -> str:
    """Return the state, the test repositories, and what the last jobs did."""
    eligible = {True: "eligible", False: "not eligible"}
    rows = [
        [sanitize(r.full_name, 60), eligible[r.eligible], "pinned" if r.pinned else "by size"]
        for r in found.repositories
    ]
    shown = f", {format_count(len(rows))} shown" if len(rows) < found.total else ""
    head = f" {state_line(found, screen)}  test repositories: {format_count(found.total)}{shown}"
    listed = screen.table(["repository", "", "why test"], rows, narrow=[0, 2])
    if not rows:
        listed = ' to pin one, type rollout.markAsTest("owner/name")'
    return "\n".join([head, listed, "", screen.fit(renderer(found.metrics, screen))])
