"""Ctrl-C leaves the search of the history; IPython's own binding leaves its line at the bottom."""

from __future__ import annotations

from typing import Any

from rollout_console.shell.session import Session


def install(session: Session) -> None:
    """Bind Ctrl-C in a terminal session while a search is on."""
    prompt: Any = getattr(session.ip, "pt_app", None)
    if prompt is None:
        return
    from prompt_toolkit.filters import is_searching
    from prompt_toolkit.key_binding.bindings.search import abort_search

    def leave(event: Any) -> None:  # abort_search is a binding, which could not be taken out again
        abort_search.call(event)

    prompt.key_bindings.add("c-c", filter=is_searching, eager=True)(leave)
    session.on_unload(lambda: prompt.key_bindings.remove(leave))
