"""Protection: refuses what a target does not allow, before anything is sent. All changes come through here."""

from __future__ import annotations

from typing import Any

from rollout_console.adapters.base import Adapter
from rollout_console.protection import Protection


class ProtectedAdapter(Adapter):
    """Calls through another adapter what the protection allows.

    Args:
        adapter: the one that is protected.
        protection: says what is refused.
    """

    def __init__(self, adapter: Adapter, protection: Protection) -> None:
        self.adapter = adapter
        self.protection = protection
        self.target = adapter.target
        self.patience = adapter.patience

    @property
    def notice(self) -> str | None:
        """See `Adapter.notice`."""
        return self.adapter.notice

    def call(self, function: str, *, changes: bool = True, idempotent: bool = False, **parameters: object) -> Any:
        """See `Adapter.call`."""
        if changes:
            self.protection.check(function, parameters)
        return self.adapter.call(function, changes=changes, idempotent=idempotent, **parameters)

    def pause(self, seconds: float) -> None:
        """See `Adapter.pause`."""
        self.adapter.pause(seconds)

    @property
    def listens(self) -> bool:
        """See `Adapter.listens`."""
        return self.adapter.listens

    def warm_up(self) -> None:
        """See `Adapter.warm_up`."""
        self.adapter.warm_up()

    def close(self) -> None:
        """See `Adapter.close`."""
        self.adapter.close()
