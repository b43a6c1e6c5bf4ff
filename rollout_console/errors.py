"""The package's errors: one line each, ending with what to type next (R13)."""

from __future__ import annotations


class RolloutError(Exception):
    """Anything foreseeable that stops a command; its text is the line shown at the prompt.

    Attributes:
        by_hand: what the operator can do without this console, ready to copy, if it is urgent.
    """

    by_hand: tuple[str, ...] = ()


class BadArgument(RolloutError):
    """The command can't mean what was typed; nothing was sent or changed."""


class Refused(RolloutError):
    """The database understood the command and declined it; nothing was changed."""


class NotFound(Refused):
    """A repository or a configuration that the command names does not exist."""


class NotPermitted(RolloutError):
    """The key or role in use may not do this."""


class BadCredentials(RolloutError):
    """The key or password was not accepted."""


class SchemaMismatch(RolloutError):
    """The database lacks the functions that this console calls, or has other ones."""


class Unreachable(RolloutError):
    """No answer from the target; whether a change was made is known only after `rollout.status()`."""


class Interrupted(Unreachable):
    """The operator pressed Ctrl-C before the answer came."""


class TimedOut(Unreachable):
    """The target answered too late, or the database cancelled the statement."""


class NotConfigured(RolloutError):
    """No usable target: a setting is missing or contradicts another."""


MIGRATE = "the database lacks the rollout functions of this console; type in a shell: rollout-console migrate"


def from_sqlstate(code: str, message: str) -> RolloutError:
    """Return the error for what PostgreSQL answered, whichever door it came through.

    Args:
        code: five-character SQLSTATE.
        message: PostgreSQL's message; those of our own functions already end with a way out.
    """
    if code in {"22023", "55000"}:
        return Refused(message)
    if code == "P0002":
        return NotFound(message)
    if code == "42501":
        if "append-only" in message:
            return Refused(message)
        return NotPermitted(f"not permitted ({message}); changes need the service-role key: set SUPABASE_SECRET_KEY")
    if code in {"42883", "42P01", "3F000"}:
        return SchemaMismatch(MIGRATE)
    if code in {"57014", "55P03"}:
        return TimedOut(f"the database gave up ({message}); nothing was changed: type the command again")
    if code in {"40001", "40P01"}:
        return Refused(f"another change came in between ({message}); nothing was changed: type the command again")
    if code == "23505" and "rollout_history" in message:
        return Refused("the change was made, and undone since by someone else; see: rollout.history()")
    if code == "25006":
        return NotPermitted(
            "the database is read-only now (a replica, or its disk is full); nothing was changed: "
            "connect to the primary or make room, then type the command again"
        )
    if code[:2] == "28":
        return BadCredentials(f"the database refused the login ({message}); check the password in the database URL")
    if code == "53100":
        return Unreachable(f"the database's disk is full ({message}); make room, then type the command again")
    if code[:2] in {"08", "53", "57", "58"}:
        return Unreachable(f"the database is not available ({message}); try again: rollout.status()")
    return Refused(f"the database refused: {message} (SQLSTATE {code}); try: rollout.status()")
