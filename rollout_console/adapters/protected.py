"""Protection: refuses what a target does not allow, before anything is sent. All changes come through here.

Those of a stop or a fall to 0 % are checked as they ask for the ways, which are those of the adapter behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rollout_console.adapters.base import Adapter, Way
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

    def ways(self, function: str, parameters: Mapping[str, object]) -> tuple[Way, ...]:
        """See `Adapter.ways`."""
        self.protection.check(function, parameters)
        return super().ways(function, parameters)

    def call(self, function: str, *, changes: bool = True, idempotent: bool = False, **parameters: object) -> Any:
        """See `Adapter.call`."""
        if changes:
            self.protection.check(function, parameters)
        return super().call(function, changes=changes, idempotent=idempotent, **parameters)
