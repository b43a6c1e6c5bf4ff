"""Protection: refuses what a target does not allow, before anything is sent. All changes come through here.

Those of a stop or a fall to 0 % are checked as they ask for the ways, which are those of the adapter behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rollout_console.adapters.base import Adapter
from rollout_console.adapters.ladder import STOP
from rollout_console.adapters.wrapper import Wrapper
from rollout_console.protection import Protection


class ProtectedAdapter(Wrapper):
    """Calls through another adapter what the protection allows.

    Args:
        adapter: the one that is protected.
        protection: says what is refused.
    """

    def __init__(self, adapter: Adapter, protection: Protection) -> None:
        super().__init__(adapter)
        self.protection = protection

    def ways(self, function: str, parameters: Mapping[str, object]) -> tuple[Adapter, ...]:
        """See `Adapter.ways`."""
        self.protection.check(function, parameters)
        return super().ways(function, parameters)

    def call(self, function: str, *, changes: bool = True, idempotent: bool = False, **parameters: object) -> Any:
        """See `Adapter.call`."""
        if changes:
            self.protection.check(function, parameters)
        return super().call(function, changes=changes, idempotent=idempotent, **parameters)

    def call_within(self, seconds: float, function: str, *, changes: bool = True, **parameters: object) -> Any:
        """See `Adapter.call_within`."""
        if changes:
            self.protection.check(function, parameters)
        return super().call_within(seconds, function, changes=changes, **parameters)

    def write_row(self, seconds: float, feature: str, values: Mapping[str, object]) -> dict[str, Any] | None:
        """See `Adapter.write_row`; a stop is allowed everywhere."""
        if values != STOP.values:
            self.protection.refuse_changes()
        return super().write_row(seconds, feature, values)
