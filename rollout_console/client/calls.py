"""How a client calls: names, operation ids, answers as typed results."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from rollout_console import results
from rollout_console.adapters import Adapter
from rollout_console.client.seen import Seen, raises
from rollout_console.errors import BadArgument, LockTimedOut, NotConfigured, SchemaMismatch, TimedOut, first_clause
from rollout_console.settings import DEFAULT_FEATURE, application_overrides, operator
from rollout_console.validation import can_be_stored, clean_text, described

if TYPE_CHECKING:
    from decimal import Decimal
    from uuid import UUID

    import msgspec

    from rollout_console.results.base import R
    from rollout_console.results.changes import C

Percentage: TypeAlias = "int | float | Decimal | str"
Repositories: TypeAlias = "str | UUID | Iterable[str | UUID]"


class Calls:
    """Calls the SQL functions of one feature through one adapter."""

    def __init__(self, adapter: Adapter, feature: str = DEFAULT_FEATURE, *, who: dict[str, str] | None = None) -> None:
        if not can_be_stored(feature):
            raise NotConfigured(f"no feature can be named {described(feature)}; correct its name, then start again")
        self.adapter = adapter
        self.feature = feature
        self.who = {name: clean_text(value) for name, value in (who or operator()).items()}
        self.seen: Seen | None = None

    def close(self) -> None:
        """Close the connections; a later call opens them again."""
        self.adapter.close()

    def watching(self) -> Self:
        """Return a client of the same rollout whose answers nobody need have seen: it keeps a screen fresh (R20)."""
        other = copy(self)
        other.seen = None
        return other

    def see(self, other: Calls) -> None:
        """Take what another client was told as seen by the operator, if it is newer (R20)."""
        if other.seen is not None and (self.seen is None or other.seen.server_time > self.seen.server_time):
            self.seen = other.seen

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _read(self, function: str, kind: type[R], **parameters: object) -> R:
        return self._call(function, kind, changes=False, idempotent=True, **parameters)

    def _change(
        self, function: str, reason: str | None, *, confirmed: bool = False, **parameters: object
    ) -> results.Change:
        return self._change_of(results.Change, function, reason, confirmed=confirmed, **parameters)

    def _change_of(
        self, kind: type[C], function: str, reason: str | None, *, confirmed: bool = False, **parameters: object
    ) -> C:
        given = self._given(reason)
        try:
            return self._call(
                function,
                kind,
                changes=True,
                idempotent=True,
                reason=given,
                context=self._context(confirmed) | (self._sent() if raises(function, parameters) else {}),
                **parameters,
            )
        except LockTimedOut:
            self._refuse_blocked()
            raise

    def _given(self, reason: str | None) -> str | None:
        """Return a reason as it is sent."""
        if reason is not None and not isinstance(reason, str):
            raise BadArgument(f"a reason is text, not {described(reason)}; type it in quotes; see rollout.help()")
        return None if reason is None else clean_text(reason)

    def _refuse_blocked(self) -> None:
        """Raise an error that names who is in the way, where PostgreSQL gave up before the function could say it."""
        self.adapter.call("rollout_blocked", changes=False, idempotent=True, feature_name=self.feature)

    def _context(self, confirmed: bool = False) -> dict[str, Any]:
        """Return who does it, whether they have confirmed it, and an id by which a repeat is recognised."""
        import uuid  # asks the system for its name, which the first prompt need not wait for

        return {**self.who, "operation_id": str(uuid.uuid4()), **({"confirm": True} if confirmed else {})}

    def _sent(self) -> dict[str, Any]:
        """Return what was seen last, as a change carries it (R20); asks for it if nothing was yet.

        Raises:
            TimedOut: nobody answered in time; the change is not sent, since it would be held to no end.
        """
        if self.seen is None:
            try:
                answer = self.adapter.call(
                    "rollout_newest_in_order", changes=False, idempotent=True, feature_name=self.feature
                )
            except TimedOut as error:
                raise type(error)(f"{first_clause(error)}; nothing was changed: type the command again") from None
            self.seen = Seen.now(answer["id"], datetime.fromisoformat(answer["server_time"]))
        return self.seen.sent(self.adapter.patience)

    def _call(
        self, function: str, kind: type[R], *, changes: bool = True, idempotent: bool = True, **parameters: object
    ) -> R:
        answer = self.adapter.call(
            function, changes=changes, idempotent=idempotent, feature_name=self.feature, **parameters
        )
        return self._typed(function, kind, answer)

    def _typed(self, function: str, kind: type[R], answer: object) -> R:
        import msgspec

        try:
            result, left_out = results.parse_what_fits(kind, answer)
        except msgspec.ValidationError as error:
            raise SchemaMismatch(_in_another_form(function, answer, error)) from error
        status = result if isinstance(result, results.Status) else getattr(result, "status", None)
        if isinstance(status, results.Status):  # what only this side knows
            target = self.adapter.target
            status.overrides, status.target = application_overrides(), str(target)
            status.practice, status.require_reason = target.kind == "local", target.require_reason
            status.warnings += [
                results.HealthWarning(name="unreadable", message=f"can't be shown: {why}", command="rollout.history()")
                for why in left_out
            ]
            self.seen = Seen.now(status.last_change.id if status.last_change else None, status.server_time)
        return result


def _in_another_form(function: str, answer: object, error: msgspec.ValidationError) -> str:
    """Say what an answer that can't be read means: for what was changed, that it was."""
    if isinstance(answer, dict) and answer.get("changed") is True:
        return f"made; its answer can't be shown ({error}); to see the state, type rollout.status()"
    return (
        f"the database answered {function} in a form this console does not know ({error}); "
        "type in a shell: rollout-console migrate --status"
    )


def check_version(version: int) -> None:
    """Refuse a schema of another version than this console's.

    Raises:
        SchemaMismatch: it is one; the message says which side to bring up to date.
    """
    from rollout_console.migrate import SCHEMA_VERSION

    if version != SCHEMA_VERSION:
        newer = version > SCHEMA_VERSION
        raise SchemaMismatch(
            f"the database has schema version {version}, this console knows {SCHEMA_VERSION}; "
            + ("upgrade rollout-console" if newer else "type in a shell: rollout-console migrate")
        )
