"""How to stop a rollout without this console, for when the database can't be reached."""

from __future__ import annotations

from collections.abc import Mapping

from rollout_console.adapters.base import as_command
from rollout_console.errors import NotFound
from rollout_console.pattern import pattern
from rollout_console.settings import DEFAULT_FEATURE, UNKNOWN_FEATURE

SWITCH = "VITE_HYBRID_EMERGENCY_STOP=true"  # of the application; without VITE_ a browser build does not read it
READ_ONLY = pattern(r"read-only")
IN_THE_WAY = pattern(r"to end it, run (.+?); then type")


def halt_by_hand(feature: str, values: Mapping[str, object], error: BaseException) -> tuple[str, ...]:
    """Return what halts the rollout without this console: it needs no function of ours, and no search path.

    Args:
        feature: the name of the feature; UNKNOWN_FEATURE leaves its place open, so that no other one is stopped.
        values: what is to be written into its row.
        error: what went wrong; what it says is in the way is removed first.

    Returns:
        A statement for any SQL prompt, and for the application's own feature its switch, for its environment; nothing
        for a feature that has no rollout.
    """
    if isinstance(error, NotFound):
        return ()
    unknown = feature == UNKNOWN_FEATURE
    named = "'NAME OF THE FEATURE'" if unknown else _quoted(feature)
    written = ", ".join(f"{name} = {str(value).lower()}" for name, value in values.items())
    statement = f"update public.rollout_configuration set {written} where feature_name = {named} and is_active"
    statement += as_command(values)
    if READ_ONLY.search(str(error)):
        statement = f"begin read write; {statement}; commit"
    if blocked := IN_THE_WAY.search(str(error)):
        statement = f"{blocked[1]}; {statement}"
    if unknown:
        return (f"{statement};  -- which feature that target has is not known: write its name there",)
    return (f"{statement};", SWITCH) if feature == DEFAULT_FEATURE else (f"{statement};",)


def _quoted(text: str) -> str:
    # On one line and without control characters: it is shown, copied and pasted.
    return "'" + "".join(c if c.isprintable() else " " for c in text).replace("'", "''") + "'"
