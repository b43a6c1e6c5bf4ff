"""Reads the settings: from the environment, and from a `.env` in the working folder."""

from __future__ import annotations

import getpass
import os
import shlex
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rollout_console.errors import NotConfigured
from rollout_console.protection import Protection
from rollout_console.validation import clean_text

if TYPE_CHECKING:
    from rollout_console.targets import Colour, NamedTarget

DEFAULT_FEATURE = "hybrid_progressive_capture"
UNKNOWN_FEATURE = "?"  # of a target whose section of `targets.toml` does not tell
# The first that is set counts; the last are those of the web application's own `.env`. The anon key can only read.
URLS = ("SUPABASE_URL", "VITE_SUPABASE_URL")
SECRET_KEYS = (
    "SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_SERVICE_KEY", "SUPABASE_KEY", "SUPABASE_TOKEN",
)  # fmt: skip
READ_ONLY_KEYS = ("SUPABASE_ANON_KEY", "VITE_SUPABASE_ANON_KEY")
DATABASE_URLS = ("ROLLOUT_DATABASE_URL", "SUPABASE_DB_URL")
NO = frozenset({"", "0", "false", "no", "off"})  # of ROLLOUT_READ_ONLY: anything else makes the session read-only
# The web application's own overrides: shown, never acted on (R15).
# The unprefixed names are read by its server alone, those with VITE_ by its browser build, too.
OVERRIDES = tuple(
    f"{prefix}{name}" for prefix in ("VITE_", "") for name in ("HYBRID_ROLLOUT_PERCENTAGE", "HYBRID_EMERGENCY_STOP")
)


@dataclass(frozen=True)
class Settings:
    """The target and the feature; credentials stay out of `repr`.

    Attributes:
        feature: the name of the feature that is rolled out.
        home: the folder of the embedded database and of the monitor's memory.
        supabase_url: the URL of a Supabase project, or None.
        supabase_key: the first key that is set, or None.
        read_only: whether that key can only read.
        database_url: a PostgreSQL connection string, or None.
        alert_urls: apprise URLs for alerts, separated by blanks or commas, or None.
        alert_on: the kinds of alerts, separated by commas, or None for the default.
        target: the name of the target in `targets.toml`, or None where the environment says it all.
        colour: of that name in the prompt, or None.
        protection: what the target or the environment refuses.
        unread: why `.env` in the working folder can't be read, or None.
    """

    feature: str
    home: Path
    supabase_url: str | None = None
    supabase_key: str | None = field(default=None, repr=False)
    read_only: bool = False
    database_url: str | None = field(default=None, repr=False)
    alert_urls: str | None = field(default=None, repr=False)
    alert_on: str | None = None
    target: str | None = None
    colour: Colour | None = None
    protection: Protection = field(default_factory=Protection)
    unread: str | None = None

    @classmethod
    def from_environment(cls, overrides: Mapping[str, str] | None = None) -> Settings:
        """Read the settings. With ROLLOUT_TARGET, that target alone says where they lead.

        Args:
            overrides: environment variables that count before those of this process, which count before `.env`.

        Raises:
            NotConfigured: there is no target of this name, or `targets.toml` can't be used.
        """
        dotenv, unread = _dotenv()
        env = {**dotenv, **os.environ, **(overrides or {})}

        def first(*names: str) -> str | None:
            return next((value for name in names if (value := (env.get(name) or "").strip())), None)

        key = first(*SECRET_KEYS)
        settings = cls(
            feature=first("ROLLOUT_FEATURE") or DEFAULT_FEATURE,
            home=_folder(first("ROLLOUT_HOME")),
            # A database that is named for this program counts before the URL in the web application's own `.env`.
            supabase_url=first(URLS[0]) if first(DATABASE_URLS[0]) else first(*URLS),
            supabase_key=key or first(*READ_ONLY_KEYS),
            read_only=key is None,
            database_url=first(*DATABASE_URLS),
            alert_urls=first("ROLLOUT_ALERT_URLS"),
            alert_on=first("ROLLOUT_ALERT_ON"),
            protection=Protection(read_only_session=(first("ROLLOUT_READ_ONLY") or "").lower() not in NO),
            unread=unread,
        )
        name = first("ROLLOUT_TARGET")
        if name is None:
            return settings
        from rollout_console.targets import named_target

        return settings._of(name, named_target(name), env)

    def _of(self, name: str, target: NamedTarget, env: Mapping[str, str | None]) -> Settings:
        """Return these settings with a named target in place of the one that the environment leads to."""
        from rollout_console.targets import secret

        return replace(
            self,
            feature=target.feature or self.feature,
            home=_folder(target.home) if target.home else self.home,
            supabase_url=secret("supabase_url", target.supabase_url, env),
            supabase_key=secret("supabase_key", target.supabase_key, env),
            read_only=False,
            database_url=secret("database_url", target.database_url, env),
            target=name,
            colour=target.colour,
            protection=self.protection.of(name, read_only=target.read_only, require_reason=target.require_reason),
        )

    def at(self, url: str | None, key: str | None) -> Settings:
        """Return these settings with another target, and with nothing that leads to this one's.

        Args:
            url: of a Supabase project or of a database.
            key: of the Supabase project.

        Raises:
            NotConfigured: a Supabase URL without a key, or a key without a Supabase URL.
        """
        from rollout_console.connection.database_url import SCHEME

        unnamed = replace(self, target=None, colour=None, protection=self.protection.of_session())
        is_database = url is not None and SCHEME.match(url.strip()) is not None
        if is_database and key is None:
            return replace(unnamed, supabase_url=None, supabase_key=None, database_url=url)
        if is_database or url is None or key is None:
            raise NotConfigured(
                "a target is a project's URL with its key, or a database URL without one; "
                'type for example connect("https://abcdefgh.supabase.co", key=...)'
            )
        return replace(unnamed, supabase_url=url, supabase_key=key, read_only=False, database_url=None)

    def practice_home(self) -> Path:
        """Return the folder of the embedded database, for settings that lead nowhere else.

        Raises:
            NotConfigured: a key is set, so it is a project that is meant, and its URL is missing; or `.env`, which may
                lead to one, can't be read.
        """
        if self.supabase_key:
            raise NotConfigured(
                "a key, but no URL: set SUPABASE_URL to https://<project>.supabase.co, or for the practice database "
                "take the key away, then start again"
            )
        if self.unread:
            raise NotConfigured(
                f".env in the working folder can't be read ({self.unread}), and nothing else says where to go: make it "
                "readable or go to another folder, then start again"
            )
        return self.home


def default_home() -> Path:
    """Return the folder of the embedded database if ROLLOUT_HOME is not set.

    PostgreSQL refuses to run as root, so root's server runs as a user of its own, who must be able to reach
    the folder; below root's home it would have to be opened to everybody.
    """
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/rollout-console")
    import platformdirs

    return Path(platformdirs.user_data_dir("rollout-console", appauthor=False))


def _folder(path: str | Path | None = None) -> Path:
    """Return a path made absolute, by default `default_home`, or one that begins with `~` if that user has no home."""
    try:
        return Path(path or default_home()).expanduser().absolute()
    except (RuntimeError, OSError):  # or a relative one, if the working folder is gone
        return Path(path or "~")


def environment() -> dict[str, str | None]:
    """Return the variables of this process, and for those that it lacks the ones in `.env`, where that can be read."""
    return {**_dotenv()[0], **os.environ}


def unread_dotenv() -> str | None:
    """Return why `.env` in the working folder can't be read; None where it can, or where there is none."""
    return _dotenv()[1]


def _dotenv() -> tuple[dict[str, str | None], str | None]:
    """Return what `.env` says, and why it can't be read: no stop depends on a file that says what is known."""
    try:
        file = Path.cwd() / ".env"  # fails in a folder that a deployment has replaced
        if not file.exists():
            return {}, None
        from dotenv import dotenv_values

        return dotenv_values(file), None
    except OSError as error:
        return {}, error.strerror or type(error).__name__
    except UnicodeError:
        return {}, "it is not in UTF-8"


def program() -> str:
    """Return what is typed in a shell before a command, so that it leads to the target of this process."""
    target = os.environ.get("ROLLOUT_TARGET")
    return f"rollout-console --target {shlex.quote(target)}" if target else "rollout-console"


def application_overrides() -> dict[str, str]:
    """Return the web application's overrides that are set in this environment or in `.env`, by name (R15)."""
    env = environment()
    return {name: value for name in OVERRIDES if (value := env.get(name))}


def operator() -> dict[str, str]:
    """Return who runs this process, for the history (R10): `operator` and `host`, as they call themselves.

    What no database can hold of their names is left out: it must keep no change away.
    """
    try:
        user = os.environ.get("ROLLOUT_OPERATOR") or getpass.getuser()
    except (KeyError, OSError):  # a user without an entry in passwd, as in some containers
        user = f"uid {os.getuid()}"
    return {"operator": clean_text(user), "host": clean_text(socket.gethostname())}
