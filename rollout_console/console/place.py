"""`rollout.use()`: where one is, and how to get elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rollout_console.adapters.unavailable import UnavailableAdapter
from rollout_console.client import RolloutClient
from rollout_console.client.command import Command
from rollout_console.client.connect import connect
from rollout_console.console.output import Output
from rollout_console.errors import BadArgument, NotConfigured, NotFound, RolloutError
from rollout_console.render.sanitize import sanitize
from rollout_console.settings import DEFAULT_FEATURE, UNKNOWN_FEATURE, environment
from rollout_console.validation import can_be_stored, described

KINDS = {
    "local": "the practice database on this machine, sample data",
    "postgres": "PostgreSQL, directly",
    "supabase": "Supabase project",
    "none": "not connected",
}


class Console:
    """A place to type commands in.

    Attributes:
        commands: those that there are, by name.
        client: of the target and the feature where it is.
        output: shows what commands return; standard output by default.
    """

    commands: ClassVar[Mapping[str, Command]]

    def __init__(self, client: RolloutClient, output: Output | None = None) -> None:
        self.client = client
        self.output = output or Output()

    def go(self, there: RolloutClient) -> None:
        """Leave a place for another one; for the same, do nothing."""
        before, self.client = self.client, there
        if there is before:
            return
        self.output.moved(there)
        if there.adapter is not before.adapter:
            before.close()

    def miss(self, why: RolloutError, target: object) -> None:
        """Leave a place for one that can't be had: what follows is meant for that one, and must not act on this.

        Who misspells a name at a prompt stays, and has time to read the answer before a line acts there.

        Args:
            why: what was wrong.
            target: the one that was asked for, if one was.
        """
        from rollout_console.targets import NoSuchTarget

        is_misspelt = isinstance(why, NoSuchTarget | BadArgument | NotFound)
        if is_misspelt and not self.output.unattended:
            self.output.missed()
            return
        name = target if isinstance(target, str) and not is_misspelt else None
        said = NotConfigured(f"nothing was done, since rollout.use() before it failed: {why}")
        self.go(client_nowhere(said, name, UNKNOWN_FEATURE if name is None else None))


def no_such_feature(feature: str) -> NotFound:
    """Return the error for a feature that has no rollout where one wants to go."""
    return NotFound(f"there is no feature {described(feature)} there; to see those that are here: rollout.features()")


def client_here() -> tuple[RolloutClient, RolloutError | None]:
    """Return the client that the settings lead to; if they lead nowhere, one that says so when called, and why."""
    try:
        return connect(), None
    except RolloutError as error:
        return client_nowhere(error, environment().get("ROLLOUT_TARGET")), error


def client_nowhere(why: RolloutError, target: str | None = None, feature: str | None = None) -> RolloutClient:
    """Return a client of a target that can't be used: it says why when called.

    Args:
        why: what it says.
        target: its name, if it has one; how to stop by hand has to name its feature.
        feature: the one that was asked for, if one was.
    """
    usual = environment().get("ROLLOUT_FEATURE") or DEFAULT_FEATURE
    adapter = UnavailableAdapter(why)
    name = feature or usual
    if target:
        from rollout_console.targets import feature_of

        adapter.target = adapter.target._replace(named=target)
        name = feature or feature_of(target, usual) or UNKNOWN_FEATURE
    return RolloutClient(adapter, name if can_be_stored(name) else UNKNOWN_FEATURE)  # which may be why


def client_at(client: RolloutClient, target: object, feature: object) -> RolloutClient:
    """Return a client of another target or feature, or the same if both are None.

    Raises:
        BadArgument: one of them is no name.
        NotConfigured: there is no such target, or it can't be used.
    """
    for name, value in (("target", target), ("feature", feature)):
        if value is not None and (not isinstance(value, str) or not value.strip() or not can_be_stored(value)):
            raise BadArgument(f"a {name} is a name in quotes, not {described(value)}; to see them, type rollout.use()")
    if target is not None:
        return connect(target=str(target), feature=None if feature is None else str(feature))
    return client if feature is None else RolloutClient(client.adapter, str(feature), who=client.who)


def leads_to(kind: str, place: str, *, named: bool) -> str:
    """Return what a target leads to, in words that follow its name."""
    return f"{sanitize(place, 60)}, {KINDS[kind]}" if named else KINDS[kind]


def limits(read_only: bool, require_reason: bool) -> str:
    """Return what a target refuses; empty if it refuses nothing."""
    said = {"READ-ONLY": read_only, "asks for a reason": require_reason}
    return ", ".join(words for words, applies in said.items() if applies)
