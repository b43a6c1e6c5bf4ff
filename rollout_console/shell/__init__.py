"""The console inside IPython: `load` puts it into a session, `unload` takes it out."""

from __future__ import annotations

from typing import Any

from rollout_console.console import COMMANDS, Rollout
from rollout_console.console.bound import PLACEHOLDERS, BoundCommand
from rollout_console.console.place import client_here
from rollout_console.shell import completion, display, errors, paste, prompt, search, suggestions
from rollout_console.shell.banner import banner
from rollout_console.shell.session import Session

LOADED = "rollout_session"  # the attribute of the InteractiveShell that holds its session


def load(ip: Any, *, quiet: bool = False) -> Session:
    """Put `rollout` and all that belongs to it into an IPython session; a second time changes nothing.

    Args:
        ip: the running InteractiveShell.
        quiet: leave out the banner, the prompt and the toolbar.

    Returns:
        The session; its `console` is `rollout` at the prompt.
    """
    loaded = ip.__dict__.get(LOADED)
    if isinstance(loaded, Session):
        ip.push({"rollout": loaded.console}, interactive=False)
        return loaded
    session = Session(ip)
    client, problem = client_here()
    session.console = Rollout(client, session)
    setattr(ip, LOADED, session)
    _push_names(session)
    for part in (paste, display, errors, completion, suggestions, search):
        part.install(session)
    if not quiet:
        prompt.after_first_prompt(ip, client.adapter.warm_up)
        prompt.install(session)
        print(banner(session, problem))
    return session


def unload(ip: Any) -> None:
    """Take the console out of the session and close its adapter; without one, do nothing."""
    session = ip.__dict__.pop(LOADED, None)
    if isinstance(session, Session):
        session.unload()


def _about(asked: Any) -> list[tuple[str, str]] | None:
    """Return the help of a command as IPython's inspector shows it; None for what is none."""
    if not isinstance(asked.obj, BoundCommand):
        return None
    from rollout_console.console.help import help_for

    return [("Help", help_for(asked.obj.info.name, COMMANDS).text)]


def _push_names(session: Session) -> None:
    names = session.ip.user_ns
    ours = {"help": session.console.help, **PLACEHOLDERS}
    pushed = {"rollout": session.console, **{name: value for name, value in ours.items() if name not in names}}
    session.ip.push(pushed, interactive=False)
    session.ip.show_usage = lambda: session.console.help()  # what `?` shows
    hooks = session.ip.inspector.mime_hooks
    session.ip.inspector.mime_hooks = {**hooks, "text/plain": _about}  # and `rollout.status?`

    def remove() -> None:
        session.ip.inspector.mime_hooks = hooks
        session.ip.__dict__.pop("show_usage", None)
        for name, value in pushed.items():
            if names.get(name) is value:
                del names[name]

    session.on_unload(remove)
