"""What a name that is no command was meant to be. Nothing is guessed that would do something else than was typed."""

from __future__ import annotations

from collections.abc import Mapping

from rollout_console.client.command import Command

STOP = "emergencyStop"
# What people type first, beside the names of the shell.
SYNONYMS = {
    **dict.fromkeys(("halt", "kill", "abort", "off"), STOP),
    "rollback": "rollbackToZero",
    **dict.fromkeys(("whitelist", "blacklist", "showblacklist"), "showWhitelist"),
}
PAUSE = (
    'nothing was done: to halt all traffic, type rollout.emergencyStop("reason"); '
    'to keep the percentage, rollout.hold("reason")'
)
ALIKE = 0.8  # below it, `pause` would be `use`, and `ableAutoRollback` either of two


def flat(name: str) -> str:
    """Return a name without what tells its spellings apart: `emergency_stop` and `emergency-stop` are one."""
    return name.replace("_", "").replace("-", "").lower()


def command_of(name: str, commands: Mapping[str, Command]) -> str | None:
    """Return the command that a name is, spelled in another way, as in the shell, or by a synonym; None if it is none.

    Args:
        name: what was typed.
        commands: those of the console, by name.
    """
    spellings = {flat(c.verb): c.name for c in commands.values() if c.verb}
    return (SYNONYMS | spellings | {flat(c): c for c in commands}).get(flat(name))


def meant(name: str, commands: Mapping[str, Command]) -> str | None:
    """Return the command that a name is or nearly is; None if it could as well be another."""
    if found := command_of(name, commands):
        return found
    import difflib

    alike = difflib.get_close_matches(flat(name), {flat(c): c for c in commands}, n=1, cutoff=ALIKE)
    return next((c for c in commands if alike and flat(c) == alike[0]), None)
