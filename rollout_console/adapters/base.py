"""What every adapter is: a target, and `call` for the SQL functions behind it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, LiteralString, NamedTuple

ROW = ("emergency_stop", "rollout_percentage")  # what is read back of a configuration
AS_COMMAND = """ and set_config('rollout.change', '{"command": "rollbackToZero", "action": "rollback"}', true) <> ''"""
POLL = 2.0  # seconds between two questions for the newest change, for want of a notification or beside them


class Target(NamedTuple):
    """The database that an adapter leads to.

    Attributes:
        kind: `local` (embedded), `postgres`, `supabase`, or `none` if no adapter could be opened.
        place: where it is, without credentials: a project, a host and its database.
        read_only: whether changes are refused, because of the key in use or of the target's settings.
        named: its name in `targets.toml`, if it has one.
        colour: of that name in the prompt.
        require_reason: whether every change has to have a reason.
        first_run: whether its practice data are not there yet, and will be made now.
    """

    kind: str
    place: str
    read_only: bool = False
    named: str | None = None
    colour: str | None = None
    require_reason: bool = False
    first_run: bool = False

    @property
    def name(self) -> str:
        """The short name by which operators know it."""
        return self.named or self.place

    def __str__(self) -> str:
        return f"{self.name} (read-only)" if self.read_only else self.name


def as_command(values: Mapping[str, object]) -> LiteralString:
    """Return what follows the condition of an update of the row, so that it is made during an emergency stop, too.

    A stop keeps its percentage against what others write (R5): the update says that it is a command's.

    Args:
        values: what the update writes.
    """
    return AS_COMMAND if "rollout_percentage" in values else ""


class Adapter(ABC):
    """Calls the SQL functions of one database. Several threads may call at once; calls under way fail as one closes it.

    Attributes:
        target: the database that it leads to.
        patience: seconds after which a call gives up.
    """

    target: Target
    patience: float = 10.0

    @abstractmethod
    def call(self, function: str, *, changes: bool = True, idempotent: bool = False, **parameters: object) -> Any:
        """Call one SQL function with named arguments, as one statement, and return its JSON.

        The defaults are the careful ones: a call of which nothing is known is never sent a second time
        once the database may have received it.

        Args:
            function: its name, without schema.
            changes: whether it writes; an error then says whether anything was changed.
            idempotent: whether a retry does no harm: it only reads, or recognises its operation id.
            parameters: its arguments by name; dictionaries arrive as jsonb.

        Raises:
            RolloutError: one of the package's errors, never the driver's.
        """

    @abstractmethod
    def ways(self, function: str, parameters: Mapping[str, object]) -> tuple[Way, ...]:
        """Return the ways to the database for a stop or a fall to 0 %, the first choice first (R18).

        Args:
            function: the SQL function that is to be called.
            parameters: its arguments.

        Raises:
            RolloutError: the target does not allow it.
        """

    def tell(self, notice: str | None) -> None:
        """Keep what the operator should know of how this thread's last call was made."""
        return

    def wait_for_change(
        self,
        feature: str,
        newest: str | None,
        seconds: float,
        ask_every: float | None = None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> str | None:
        """Wait until the newest change of a feature is another than the one that is known.

        Args:
            feature: whose changes.
            newest: the id of the newest change that is known; None for none.
            seconds: how long to wait at most.
            ask_every: seconds after which it asks, whether it has heard of a change or not; None for POLL.
            is_over: whether nobody waits any more; looked at every POLL seconds, and nothing is asked from then on.

        Returns:
            The id of the newest change now, or the one that is known.

        Raises:
            RolloutError: as `call`.
        """
        deadline = time.monotonic() + seconds
        while not is_over():
            answer = self.call("rollout_newest_change", changes=False, idempotent=True, feature_name=feature)
            now = time.monotonic()
            if answer["id"] != newest or now >= deadline:
                return str(answer["id"]) if answer["id"] else None
            asks = min(deadline, now + (ask_every or POLL))
            heard = False
            while not heard and not is_over() and (seconds := asks - time.monotonic()) > 0:
                heard = self.pause(min(seconds, POLL))
        return newest

    def pause(self, seconds: float) -> bool:
        """Wait; less if the adapter hears of a change.

        Returns:
            Whether it may have heard of one.
        """
        time.sleep(seconds)
        return False

    @property
    def listens(self) -> bool:
        """Whether the adapter hears of changes as they happen, rather than asks for them."""
        return False

    @property
    def notice(self) -> str | None:
        """What the operator should know of how this thread's last call was made, or None."""
        return None

    def warm_up(self) -> None:
        """Prepare the first call in the background, where there is something to prepare."""
        return

    def close(self) -> None:
        """Release what is open; a later call opens it again."""
        return


class Way(Adapter):
    """An adapter that leads straight to its database: a way that a stop or a fall to 0 % can take (R18)."""

    def ways(self, function: str, parameters: Mapping[str, object]) -> tuple[Way, ...]:
        """See `Adapter.ways`."""
        return (self,)

    @abstractmethod
    def call_within(self, seconds: float, function: str, *, changes: bool = True, **parameters: object) -> Any:
        """Call, as `call`, what is idempotent, and give up after so many seconds; it writes where a session may."""

    @abstractmethod
    def write_row(self, seconds: float, feature: str, values: Mapping[str, object]) -> dict[str, Any] | None:
        """Write values into the row of a feature's active configuration, past the functions.

        During an emergency stop the API can't write a percentage: the stop keeps it (R5).

        Returns:
            The row as it is then, or None if there is none.

        Raises:
            RolloutError: as `call`.
        """

    @abstractmethod
    def read_row(self, seconds: float, feature: str) -> dict[str, Any] | None:
        """Read whether a feature is stopped, and its percentage; see `write_row`."""
