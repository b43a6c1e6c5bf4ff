"""The settings, and what a change of them was."""

from __future__ import annotations

from rollout_console.render.dispatch import renderer
from rollout_console.render.formatting import format_setting, format_time
from rollout_console.render.history import change_author
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.results import Setting, Settings


@renderer.register
def render_settings(settings: Settings, screen: Screen) -> str:
    """Return each setting with its value, its default, its last change, and what it does."""
    example = " to change several at once: rollout.configure(max_error_rate=4, minimum_sample=30)"
    return "\n".join([*(line for setting in settings.settings for line in _lines(setting, screen)), example])


def _lines(setting: Setting, screen: Screen) -> list[str]:
    changed = setting.changed
    last = f"; changed {format_time(changed.at)} by {change_author(changed)}" if changed else ""
    value = screen.paint(format_setting(setting.value), "title")
    unit = {None: "", "percent": " %"}.get(setting.unit, f" {sanitize(setting.unit or '', 20)}")
    choices = f"{', '.join(sanitize(c, 20) for c in setting.choices)}: " if setting.choices else ""
    beside = " " * 26
    line = f" {sanitize(setting.name, 40).ljust(23)}  {value}{unit}  (default {format_setting(setting.default)}{last})"
    return [screen.fit(line, beside), screen.fit(f"{beside}{choices}{sanitize(setting.meaning, 120)}", beside)]
