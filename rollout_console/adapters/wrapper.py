"""An adapter around another one: passes everything on, for those that change a part of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rollout_console.adapters.base import Adapter, Target


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

    def ways(self, function: str, parameters: Mapping[str, object]) -> tuple[Adapter, ...]:
        """See `Adapter.ways`."""
        return self.adapter.ways(function, parameters)

    def call_within(self, seconds: float, function: str, *, changes: bool = True, **parameters: object) -> Any:
        """See `Adapter.call_within`."""
        return self.adapter.call_within(seconds, function, changes=changes, **parameters)

    def write_row(self, seconds: float, feature: str, values: Mapping[str, object]) -> dict[str, Any] | None:
        """See `Adapter.write_row`."""
        return self.adapter.write_row(seconds, feature, values)

    def read_row(self, seconds: float, feature: str) -> dict[str, Any] | None:
        """See `Adapter.read_row`."""
        return self.adapter.read_row(seconds, feature)

    def tell(self, notice: str | None) -> None:
        """See `Adapter.tell`."""
        self.adapter.tell(notice)

    def wait_for_change(
        self,
        feature: str,
        newest: str | None,
        seconds: float,
        ask_every: float | None = None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> str | None:
        """See `Adapter.wait_for_change`."""
        return self.adapter.wait_for_change(feature, newest, seconds, ask_every, is_over)

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
