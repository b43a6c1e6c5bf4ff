"""What only a console says: where it is, and sentences."""

from __future__ import annotations

from rollout_console import results
from rollout_console.client import RolloutClient
from rollout_console.console.place import leads_to, limits
from rollout_console.render.dispatch import renderer
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.render.status import state_line
from rollout_console.results import Result
from rollout_console.targets import named_targets, targets_file


class Place(Result, kw_only=True):
    """Where a console is: the target, the feature and its status; `targets` are those that can be gone to."""

    target: str
    kind: str
    place: str
    read_only: bool
    require_reason: bool
    targets: list[str]
    status: results.Status

    @classmethod
    def of(cls, client: RolloutClient, status: results.Status) -> Place:
        """Return the place of a client that has just read its status."""
        target = client.adapter.target
        return cls(
            target=target.name,
            kind=target.kind,
            place=target.place,
            read_only=target.read_only,
            require_reason=target.require_reason,
            targets=list(named_targets()),
            status=status,
        )


class Said(Result, kw_only=False):
    """One sentence."""

    text: str


@renderer.register
def render_said(said: Said, screen: Screen) -> str:
    """Return the sentence."""
    return f" {said.text}"


@renderer.register
def render_place(place: Place, screen: Screen) -> str:
    """Return where one is, what may be done there, and where else one could go."""
    where = screen.paint(sanitize(place.target, 60), "title")
    leads = leads_to(place.kind, place.place, named=place.target != place.place)
    others = ", ".join(sanitize(name, 60) for name in place.targets) or f"none; write them into {targets_file()}"
    refused = limits(place.read_only, place.require_reason)
    rows = [
        ("target", f"{where} ({leads})"),
        *([("limits", refused)] if refused else []),
        ("feature", f"{sanitize(place.status.feature_name, 100)}  {state_line(place.status, screen)}"),
        ("targets", others),
    ]
    return screen.facts(rows)
