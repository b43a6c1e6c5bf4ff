"""The console inside IPython: `load` puts it into a session, `unload` takes it out."""

from __future__ import annotations

from typing import Any

from rollout_console.adapters import Adapter, open_adapter
from rollout_console.adapters.unavailable import UnavailableAdapter
from rollout_console.client import RolloutClient
from rollout_console.commands import PLACEHOLDERS
from rollout_console.console import Rollout
from rollout_console.errors import RolloutError
from rollout_console.settings import Settings
from rollout_console.shell import completion, display, errors, paste, prompt
from rollout_console.shell.banner import banner


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
    adapter: Adapter
    try:
        adapter = open_adapter(settings)
    except RolloutError as error:
        adapter = UnavailableAdapter(error)
    console = Rollout(RolloutClient(adapter, settings.feature))
    ip.push(
        {"rollout": console, **{n: p for n, p in PLACEHOLDERS.items() if n not in ip.user_ns}},
        interactive=False,
    )
    paste.install(ip)
    display.install(ip, console)
    errors.install(ip, console)
    completion.install(ip, console)
    if not quiet:
        prompt.after_first_prompt(ip, adapter.warm_up)
        prompt.install(ip, console)
        print(banner(console, adapter.reason if isinstance(adapter, UnavailableAdapter) else None))
    return console


def unload(ip: Any) -> None:
    """Take the console out of the session and close its adapter."""
    console = ip.user_ns.pop("rollout", None)
    for name, placeholder in PLACEHOLDERS.items():
        if ip.user_ns.get(name) is placeholder:
            del ip.user_ns[name]
    prompt.uninstall(ip)
    completion.uninstall(ip)
    errors.uninstall(ip)
    display.uninstall(ip)
    paste.uninstall(ip)
    if isinstance(console, Rollout):
        console.client.adapter.close()
