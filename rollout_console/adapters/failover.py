"""Failover: calls go through the API; when it is down, the urgent ones go to PostgreSQL directly."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from rollout_console.adapters.base import Way
from rollout_console.adapters.ladder import WENT_ROUND
from rollout_console.adapters.wrapper import Wrapper
from rollout_console.errors import Refused, RolloutError, Unreachable, first_clause

NOTICE = WENT_ROUND.format(failed="is unreachable")


class FailoverAdapter(Wrapper):
    """Calls through the API; stops, rollbacks to zero and the status fail over to PostgreSQL.

    Args:
        api: the adapter in use as long as its target can be reached.
        postgres: the adapter to fail over to.
    """

    def __init__(self, api: Way, postgres: Way) -> None:
        super().__init__(api)
        self.api = api
        self.postgres = postgres
        self._local = threading.local()

    @property
    def notice(self) -> str | None:
        """See `Adapter.notice`: set if this thread's last call failed over."""
        said: str | None = getattr(self._local, "notice", None)
        return said

    def ways(self, function: str, parameters: Mapping[str, object]) -> tuple[Way, ...]:
        """See `Adapter.ways`."""
        self.tell(None)
        return self.api, self.postgres

    def tell(self, notice: str | None) -> None:
        """See `Adapter.tell`."""
        self._local.notice = notice

    def call(self, function: str, *, changes: bool = True, idempotent: bool = False, **parameters: object) -> Any:
        """See `Adapter.call`; the status alone fails over, stops take the ladder."""
        self.tell(None)
        if function != "rollout_status":
            return super().call(function, changes=changes, idempotent=idempotent, **parameters)
        try:
            return self.api.call_within(self.patience, function, changes=changes, **parameters)
        except Unreachable as error:
            unreachable = error
        try:
            answer = self.postgres.call(function, changes=changes, idempotent=idempotent, **parameters)
        except Refused:  # an answer, like any other
            raise
        except RolloutError as error:
            raise type(unreachable)(
                f"{first_clause(unreachable)}; PostgreSQL directly: {first_clause(error)}; "
                "check the network and SUPABASE_DB_URL, then type the command again"
            ) from None
        self.tell(NOTICE)
        return answer

    def close(self) -> None:
        """See `Adapter.close`."""
        super().close()
        self.postgres.close()
