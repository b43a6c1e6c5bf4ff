"""The grey text behind the cursor: the stop first, and nothing that was refused, raises or unprotects."""

from __future__ import annotations

import re
import sqlite3
from contextlib import suppress
from typing import Any

from rollout_console.pattern import pattern
from rollout_console.shell.session import Session

# A stop is in the history with its reason, which should not become the next one's by the key that accepts.
STOP = pattern(r"rollout\.emergencyStop\(", re.IGNORECASE)
# What R20 counts as raising (client/seen.py): whatever the arguments, and for two with any; a hold by its end alone.
NOT_OFFERED = (
    "setRollout", "resume", "advance", "release", "undo", "disableAutoRollback", "addToWhitelist",
    "removeFromBlacklist",
)  # fmt: skip
RAISES = pattern(
    rf"\brollout\s*\.\s*(?:(?:{'|'.join(NOT_OFFERED)})\b|(?:configure|plan)\s*\(\s*[^\s)]|hold\s*\(.*\buntil\s*=)",
    re.DOTALL,
)
BEGINS = "rollout.emergencyStop("


def offered(line: str, typed: str) -> bool:
    """Return whether a line of the history may be offered.

    Args:
        line: as it was entered.
        typed: the part of it that is typed already.
    """
    if RAISES.search(line):
        return False
    return STOP.match(line) is None or '"' in typed or "'" in typed


def install(session: Session) -> None:
    """Filter the suggestions of a terminal session: a line that was refused in it is not offered again."""
    suggester: Any = getattr(session.ip, "auto_suggest", None)
    if suggester is None:
        return
    from prompt_toolkit.auto_suggest import Suggestion

    suggest = suggester.get_suggestion

    def accepted(buffer: Any, document: Any) -> Any:
        typed = document.text
        if len(typed) > len("rollout.") and BEGINS.startswith(typed):  # `rollout.e` is the stop
            return Suggestion(BEGINS.removeprefix(typed))
        suggestion = suggest(buffer, document)
        if suggestion is None:
            return None
        line = (typed + suggestion.text).strip()
        return suggestion if line not in session.refused_lines and offered(line, typed) else None

    def forget(line: str) -> None:
        """Take a line out of what later sessions will suggest from; this one can still recall it."""
        history: Any = session.ip.history_manager
        if history is None or not history.enabled:
            return
        with suppress(sqlite3.Error):  # a full disk keeps no error off the screen
            history.writeout_cache()
            with history.db:
                history.db.execute(
                    "delete from history where session = ? and trim(source_raw, char(10, 32)) = ?",
                    (history.session_number, line),
                )

    session.on_refused = forget
    suggester.get_suggestion = accepted
    session.on_unload(lambda: suggester.__dict__.pop("get_suggestion", None))
