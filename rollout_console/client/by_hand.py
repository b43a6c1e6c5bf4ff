"""How to stop a rollout without this console, for when the database can't be reached."""

from __future__ import annotations


def stop_by_hand(reason: str | None, feature: str) -> tuple[str, str]:
    """Return what stops the rollout without this console.

    Returns:
        A statement for any SQL prompt, and the web application's own override for its environment.
    """
    arguments = f"feature_name => {_quoted(feature)}"
    if reason is not None:
        arguments = f"reason => {_quoted(reason)}, {arguments}"
    return f"select public.rollout_emergency_stop({arguments});", "HYBRID_EMERGENCY_STOP=true"


def _quoted(text: str) -> str:
    # On one line and without control characters: it is shown, copied and pasted.
    return "'" + "".join(c if c.isprintable() else " " for c in text).replace("'", "''") + "'"
