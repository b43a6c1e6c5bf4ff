"""What a target refuses: every change, or changes without a reason. An emergency stop it never refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rollout_console.errors import BadArgument, NotPermitted

STOP = "rollout_emergency_stop"
WORKS = 'nothing was changed; only a stop works here: rollout.emergencyStop("reason")'


@dataclass(frozen=True)
class Protection:
    """The protection of one target; without arguments, none.

    Attributes:
        target: its name in `targets.toml`, or None.
        read_only: whether the target is read-only.
        require_reason: whether the target asks for a reason.
        read_only_session: whether ROLLOUT_READ_ONLY makes every target read-only.
    """

    target: str | None = None
    read_only: bool = False
    require_reason: bool = False
    read_only_session: bool = False

    def __bool__(self) -> bool:
        return self.read_only or self.require_reason or self.read_only_session

    def of(self, target: str, *, read_only: bool, require_reason: bool) -> Protection:
        """Return the protection of a named target in this session."""
        return replace(self, target=target, read_only=read_only, require_reason=require_reason)

    def of_session(self) -> Protection:
        """Return what is left of it at a target without a name."""
        return Protection(read_only_session=self.read_only_session)

    @property
    def refuses_changes(self) -> bool:
        """Whether all changes but a stop are refused."""
        return self.read_only or self.read_only_session

    def refuse_changes(self) -> None:
        """Refuse where everything is read-only.

        Raises:
            NotPermitted: changes are not allowed; the message says what would allow them.
        """
        if self.read_only_session:
            raise NotPermitted(
                f"this session is read-only: {WORKS}; to change more, unset ROLLOUT_READ_ONLY, then start again"
            )
        if self.read_only:
            raise NotPermitted(
                f"{self.target} is read-only: {WORKS}; to change more, remove read_only from targets.toml, "
                "then start again"
            )

    def check(self, function: str, parameters: Mapping[str, object]) -> None:
        """Refuse a call that would change something, if it is not allowed.

        Args:
            function: the SQL function that is to be called.
            parameters: its arguments.

        Raises:
            NotPermitted: the target or the session is read-only.
            BadArgument: the target asks for a reason, and there is none.
        """
        if function == STOP:
            return
        self.refuse_changes()
        if self.require_reason and "reason" in parameters and not str(parameters["reason"] or "").strip():
            raise BadArgument(
                f'{self.target} asks for a reason: nothing was changed; type the command again with reason="..."'
            )
