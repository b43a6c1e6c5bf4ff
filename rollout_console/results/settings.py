"""What can be configured, and who changed it last."""

from __future__ import annotations

from rollout_console.results.base import Record, Result
from rollout_console.results.history import HistoryEntry

SettingValue = str | float | bool | dict[str, float] | list[str] | None


class Setting(Record, kw_only=True):
    """One setting; `choices` are the values of one that is a word, `changed` its last change, if any is recorded."""

    name: str
    value: SettingValue
    default: SettingValue
    unit: str | None
    choices: list[str] | None
    meaning: str
    changed: HistoryEntry | None


class Settings(Result, kw_only=True):
    """`rollout.configure()` without arguments."""

    settings: list[Setting]
