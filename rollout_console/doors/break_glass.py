"""The break-glass door: the API as long as it answers, and PostgreSQL when traffic must stop without it."""

from __future__ import annotations

import threading
from typing import Any

from rollout_console.doors import Door
from rollout_console.errors import Refused, RolloutError, Unreachable

NOTICE = "the API is unreachable: went through PostgreSQL directly"


class BreakGlassDoor:
    """Calls through the API; stops, rollbacks to zero and the status get through without it.

    Args:
        api: the door that is used as long as it opens.
        postgres: the way round it, or None if no database URL is set.

    Attributes:
        notice: what the operator should know about how the last call of this thread was made, or None.
    """

    def __init__(self, api: Door, postgres: Door | None = None) -> None:
        self.api = api
        self.postgres = postgres
        self.target = api.target
        self._local = threading.local()

    @property
    def notice(self) -> str | None:
        """See the class."""
        said: str | None = getattr(self._local, "notice", None)
        return said

    def call(self, function: str, **parameters: object) -> Any:
        """See `Door.call`. The second way carries the operation id of the first: nothing is done twice."""
        self._local.notice = None
        try:
            return self.api.call(function, **parameters)
        except Unreachable as error:
            unreachable = error
        if self.postgres is not None and _is_urgent(function, parameters):
            self._local.notice = NOTICE
            try:
                return self.postgres.call(function, **parameters)
            except Refused:  # an answer, like any other
                raise
            except RolloutError as error:
                self._local.notice = None
                unreachable = type(unreachable)(
                    f"{_first_clause(unreachable)}; PostgreSQL directly: {_first_clause(error)}; "
                    "check the network and SUPABASE_DB_URL, then type the command again"
                )
        raise unreachable

    def close(self) -> None:
        """See `Door.close`."""
        self.api.close()
        if self.postgres is not None:
            self.postgres.close()

    def warm_up(self) -> None:
        """Prepare the API's door in the background, if it can be."""
        if warm_up := getattr(self.api, "warm_up", None):
            warm_up()


def _is_urgent(function: str, parameters: dict[str, object]) -> bool:
    return function in {"rollout_emergency_stop", "rollout_status"} or (
        function == "rollout_rollback" and parameters.get("percentage") == 0
    )


def _first_clause(error: RolloutError) -> str:
    return str(error).split(";")[0]
