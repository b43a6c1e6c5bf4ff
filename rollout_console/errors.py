"""The package's errors: one line each, ending with what to type next (R13)."""

from __future__ import annotations

NOT_STOPPED = "NOT STOPPED: as far as is known, traffic still flows"


class RolloutError(Exception):
    """Anything foreseeable that stops a command; its text is the line shown at the prompt.

    Attributes:
        by_hand: how to do it without this console, ready to copy; empty for all but a stop and a fall to 0 %.
        verdict: what is known of such a halt, in words that come first; empty for all else.
        ruled: whether it is a refusal of our own SQL functions, in the words of a rule.
        unsure: whether the database may have done what was asked all the same.
    """

    by_hand: tuple[str, ...] = ()
    verdict: str = ""
    ruled: bool = False
    unsure: bool = False

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in the place of a traceback, also of a file that it runs (R13)."""
        return [*([self.verdict] if self.verdict else []), str(self), *self.by_hand]


def first_clause(error: Exception) -> str:
    """Return what is wrong, without what to type next."""
    return str(error).split(";")[0]


def in_a_line(error: Exception) -> str:
    """Return what is wrong; of an error that nobody expected with its class, which says more than its text."""
    return str(error) if isinstance(error, RolloutError) else f"{type(error).__name__}: {error}"


class BadArgument(RolloutError):
    """An argument is of the wrong kind or out of range; nothing was sent or changed."""


class Refused(RolloutError):
    """The database refused the command; nothing was changed."""


class NotFound(Refused):
    """A repository or a configuration that the command names does not exist."""


class Blocked(Refused):
    """Another session has locked the rollout; the text names it, and the statement that ends it (R18)."""


class Unconfirmed(Refused):
    """The host's own function would let more repositories in: the text says how many; `confirm=True` does it (R11)."""


class NotPermitted(RolloutError):
    """The key or role in use may not do this, or the target is read-only."""


class BadCredentials(RolloutError):
    """The key or password was not accepted."""


class SchemaMismatch(RolloutError):
    """The database lacks the functions that this console calls, or has those of another version."""


class Unreachable(RolloutError):
    """No answer from the target; `rollout.history()` shows whether a change was made."""


class Interrupted(Unreachable):
    """The operator pressed Ctrl-C before the answer came."""


class TimedOut(Unreachable):
    """The target answered too late, or the database cancelled the statement."""


class LockTimedOut(TimedOut):
    """The database waited too long for another session's lock."""


class NotConfigured(RolloutError):
    """There is no usable target: a setting is missing, can't be read, or contradicts another."""


MIGRATE = "the database lacks the rollout functions of this console; type in a shell: rollout-console migrate"


GAVE_UP = "the database gave up ({message}); nothing was changed: type the command again"
OVERTAKEN = Refused, "another change was made meanwhile ({message}); nothing was changed: type the command again"
UNAVAILABLE = Unreachable, "the database is not available ({message}); try again: rollout.status()"
UNKNOWN = Refused, "the database refused: {message} (SQLSTATE {code}); try: rollout.status()"
AS_SAID = "{message}"

# By SQLSTATE, or by its class, the first two characters: the error to raise, and its line. RC is the class of our own
# functions, whose messages already end with what to type.
MEANINGS: dict[str, tuple[type[RolloutError], str]] = {
    "RC001": (Refused, AS_SAID),  # an argument is out of range
    "RC002": (Refused, AS_SAID),  # not possible in this state of the rollout
    "RC003": (NotFound, AS_SAID),
    "RC004": (Refused, AS_SAID),  # history is append-only
    "RC005": (Blocked, AS_SAID),
    "RC006": (Unconfirmed, AS_SAID),
    "08": UNAVAILABLE,
    "25006": (
        NotPermitted,
        "the database is read-only now (a replica, or its disk is full); nothing was changed: "
        "connect to the primary or make room, then type the command again",
    ),
    "28": (
        BadCredentials,
        "the database refused the login ({message}); check the password in the database URL, and that the project is "
        "not paused, which is answered alike, then start again",
    ),
    "3F000": (SchemaMismatch, MIGRATE),
    "40001": OVERTAKEN,
    "40P01": OVERTAKEN,
    "42501": (NotPermitted, "not permitted ({message}); changes need the service-role key: set SUPABASE_SECRET_KEY"),
    "42883": (SchemaMismatch, MIGRATE),
    "42P01": (SchemaMismatch, MIGRATE),
    "53": UNAVAILABLE,
    "53100": (Unreachable, "the database's disk is full ({message}); make room, then type the command again"),
    "55P03": (LockTimedOut, GAVE_UP),
    "57": UNAVAILABLE,
    "57014": (TimedOut, GAVE_UP),
    "58": UNAVAILABLE,
}


def from_sqlstate(code: str, message: str) -> RolloutError:
    """Return the error for what PostgreSQL answered, whichever adapter it came through.

    Args:
        code: five-character SQLSTATE.
        message: PostgreSQL's message, on one line.
    """
    # Of two who replace a function, or rights on one, the later meets an internal error, which has no code of its own.
    overtaken = code == "XX000" and "concurrently updated" in message
    kind, line = OVERTAKEN if overtaken else MEANINGS.get(code) or MEANINGS.get(code[:2]) or UNKNOWN
    error = kind(line.format(message=message, code=code))
    error.ruled = code.startswith("RC")
    return error
