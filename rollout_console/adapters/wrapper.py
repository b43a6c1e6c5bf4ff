"""An adapter around another one: passes on what is asked of that, for those that change a part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rollout_console.adapters.base import Adapter, Target, Way


class Wrapper(Adapter):
    """Does all that an adapter does through another one.

    Args:
        adapter: the one that is wrapped.
    """

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self.patience = adapter.patience

    @property
    def target(self) -> Target:
        """See `Adapter.target`; a service file says where it is once there is a connection."""
        return self.adapter.target

    @target.setter
    def target(self, target: Target) -> None:
        self.adapter.target = target

    def call(self, function: str, *, changes: bool = True, idempotent: bool = False, **parameters: object) -> Any:
        """See `Adapter.call`."""
        return self.adapter.call(function, changes=changes, idempotent=idempotent, **parameters)

    def ways(self, function: str, parameters: Mapping[str, object]) -> tuple[Way, ...]:
        """See `Adapter.ways`."""
        return self.adapter.ways(function, parameters)

    def tell(self, notice: str | None) -> None:
        """See `Adapter.tell`."""
        self.adapter.tell(notice)

    def pause(self, seconds: float) -> bool:
        """See `Adapter.pause`."""
        return self.adapter.pause(seconds)

    @property
    def listens(self) -> bool:
        """See `Adapter.listens`."""
        return self.adapter.listens

    @property
    def notice(self) -> str | None:
        """See `Adapter.notice`."""
        return self.adapter.notice

    def warm_up(self) -> None:
        """See `Adapter.warm_up`."""
        self.adapter.warm_up()

    def close(self) -> None:
        """See `Adapter.close`."""
        self.adapter.close()
