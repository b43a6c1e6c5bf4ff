"""The console inside IPython: `load` puts it into a session, `unload` takes it out."""

from __future__ import annotations

from typing import Any

from rollout_console.client import RolloutClient
from rollout_console.commands import PLACEHOLDERS
from rollout_console.console import Rollout
from rollout_console.doors import Door, Target, open_door
from rollout_console.errors import RolloutError
from rollout_console.settings import Settings
from rollout_console.shell import completion, display, paste, prompt, trouble
from rollout_console.shell.banner import banner


class ClosedDoor:
    """Stands in when no door can be opened: every command says why."""

    def __init__(self, reason: RolloutError) -> None:
        self.reason = reason
        self.target = Target("none", "no target")

    def call(self, function: str, **parameters: object) -> Any:
        """Raise what is in the way."""
        raise type(self.reason)(str(self.reason))

    def close(self) -> None:
        """Nothing to close."""


def load(ip: Any, *, quiet: bool = False) -> Rollout:
    """Put `rollout` and all that belongs to it into an IPython session, once.

    Args:
        ip: the running InteractiveShell.
        quiet: leave the banner out.

    Returns:
        The console, which is also `rollout` in the session.
    """
    loaded = ip.user_ns.get("rollout")
    if isinstance(loaded, Rollout):
        return loaded
    settings = Settings.from_environment()
    door: Door
    try:
        door = open_door(settings)
    except RolloutError as error:
        door = ClosedDoor(error)
    console = Rollout(RolloutClient(door, settings.feature))
    ip.push(
        {"rollout": console, **{n: p for n, p in PLACEHOLDERS.items() if n not in ip.user_ns}},
        interactive=False,
    )
    paste.install(ip)
    display.install(ip, console)
    trouble.install(ip, console)
    completion.install(ip, console)
    if not quiet:
        if warm_up := getattr(door, "warm_up", None):
            prompt.after_first_prompt(ip, warm_up)
        prompt.install(ip, console)
        print(banner(console, door.reason if isinstance(door, ClosedDoor) else None))
    return console


def unload(ip: Any) -> None:
    """Take the console out of the session and close its door."""
    console = ip.user_ns.pop("rollout", None)
    for name, placeholder in PLACEHOLDERS.items():
        if ip.user_ns.get(name) is placeholder:
            del ip.user_ns[name]
    prompt.uninstall(ip)
    completion.uninstall(ip)
    trouble.uninstall(ip)
    display.uninstall(ip)
    paste.uninstall(ip)
    if isinstance(console, Rollout):
        console.client.door.close()
