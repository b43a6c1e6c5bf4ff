"""Keeps what was refused out of the suggestions that IPython makes from its history."""

from __future__ import annotations

import re
from typing import Any

from rollout_console.shell.session import Session

# A stop is in the history with its reason, which should not become the next one's by the key that accepts.
STOP = re.compile(r"rollout\.emergencyStop\(", re.IGNORECASE)


def _gives_a_reason(line: str, typed: str) -> bool:
    return STOP.match(line) is not None and '"' not in typed and "'" not in typed


def install(session: Session) -> None:
    """Filter the suggestions of a terminal session: a line that was refused in it is not offered again."""
    suggester: Any = getattr(session.ip, "auto_suggest", None)
    if suggester is None:
        return
    suggest = suggester.get_suggestion

    def accepted(buffer: Any, document: Any) -> Any:
        suggestion = suggest(buffer, document)
        if suggestion is None:
            return None
        line = (document.text + suggestion.text).strip()
        return None if line in session.refused_lines or _gives_a_reason(line, document.text) else suggestion

    def forget(line: str) -> None:
        """Take a line out of what later sessions will suggest from; this one can still recall it."""
        history: Any = session.ip.history_manager
        if history is not None and history.enabled:
            history.writeout_cache()
            with history.db:
                history.db.execute(
                    "delete from history where session = ? and trim(source_raw, char(10, 32)) = ?",
                    (history.session_number, line),
                )

    session.on_refused = forget
    suggester.get_suggestion = accepted
    session.on_unload(lambda: suggester.__dict__.pop("get_suggestion", None))
