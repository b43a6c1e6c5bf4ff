"""Stands in for an adapter when the settings name no usable target."""

from __future__ import annotations

from typing import Any

from rollout_console.adapters.base import Adapter, Target
from rollout_console.errors import RolloutError


class UnavailableAdapter(Adapter):
    """Raises on every call why there is no target, so that a console can open and say so."""

    def __init__(self, reason: RolloutError) -> None:
        self.reason = reason
        self.target = Target("none", "no target")

    def call(self, function: str, *, changes: bool = True, idempotent: bool = False, **parameters: object) -> Any:
        """See `Adapter.call`; always raises."""
        raise type(self.reason)(str(self.reason))
