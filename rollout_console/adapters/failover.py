"""Failover: calls go through the API; when it is down, the urgent ones go to PostgreSQL directly."""

from __future__ import annotations

import threading
from typing import Any

from rollout_console.adapters.base import Adapter
from rollout_console.adapters.supabase import SupabaseAdapter
from rollout_console.adapters.wrapper import Wrapper
from rollout_console.errors import Refused, RolloutError, Unreachable

NOTICE = "the API is unreachable: went through PostgreSQL directly"


class FailoverAdapter(Wrapper):
    """Calls through the API; stops, rollbacks to zero and the status fail over to PostgreSQL.

    Args:
        api: the adapter in use as long as its target can be reached.
        postgres: the adapter to fail over to, or None if no database URL is set.
    """

    def __init__(self, api: SupabaseAdapter, postgres: Adapter | None = None) -> None:
        super().__init__(api)
        self.api = api
        self.postgres = postgres
        self._local = threading.local()

    @property
    def notice(self) -> str | None:
        """See `Adapter.notice`: set if this thread's last call failed over."""
        said: str | None = getattr(self._local, "notice", None)
        return said

    def call(self, function: str, *, changes: bool = True, idempotent: bool = False, **parameters: object) -> Any:
        """See `Adapter.call`. Both calls carry the same operation id, so nothing is done twice."""
        self._local.notice = None
        if self.postgres is None or not idempotent or not _is_urgent(function, parameters):
            return super().call(function, changes=changes, idempotent=idempotent, **parameters)
        try:
            return self.api.call_briefly(function, changes=changes, **parameters)
        except Unreachable as error:
            unreachable = error
        self._local.notice = NOTICE
        try:
            return self.postgres.call(function, changes=changes, idempotent=idempotent, **parameters)
        except Refused:  # an answer, like any other
            raise
        except RolloutError as error:
            self._local.notice = None
            raise type(unreachable)(
                f"{_first_clause(unreachable)}; PostgreSQL directly: {_first_clause(error)}; "
                "check the network and SUPABASE_DB_URL, then type the command again"
            ) from None

    def close(self) -> None:
        """See `Adapter.close`."""
        super().close()
        if self.postgres is not None:
            self.postgres.close()


def _is_urgent(function: str, parameters: dict[str, object]) -> bool:
    return function in {"rollout_emergency_stop", "rollout_status"} or (
        function == "rollout_rollback" and parameters.get("percentage") == 0
    )


def _first_clause(error: RolloutError) -> str:
    return str(error).split(";")[0]
