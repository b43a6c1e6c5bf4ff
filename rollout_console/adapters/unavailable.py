"""Stands in for an adapter when the settings name no usable target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rollout_console.adapters.base import Target, Way
from rollout_console.errors import RolloutError


class UnavailableAdapter(Way):
    """Raises on every call why there is no target, so that a console can open and say so."""

    def __init__(self, reason: RolloutError) -> None:
        self.reason = reason
        self.target = Target("none", "no target")

    def call(self, function: str, *, changes: bool = True, idempotent: bool = False, **parameters: object) -> Any:
        """See `Adapter.call`; always raises."""
        raise type(self.reason)(str(self.reason))

    def call_within(self, seconds: float, function: str, *, changes: bool = True, **parameters: object) -> Any:
        """See `Way.call_within`; always raises."""
        raise type(self.reason)(str(self.reason))

    def write_row(self, seconds: float, feature: str, values: Mapping[str, object]) -> dict[str, Any] | None:
        """See `Way.write_row`; always raises."""
        raise type(self.reason)(str(self.reason))

    def read_row(self, seconds: float, feature: str) -> dict[str, Any] | None:
        """See `Way.read_row`; always raises."""
        raise type(self.reason)(str(self.reason))
