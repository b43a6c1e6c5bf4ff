"""Named targets, from `targets.toml` in the user's configuration folder. Secrets are named there, not written there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

import msgspec

from rollout_console.errors import NotConfigured

Colour = Literal["red", "green", "yellow", "blue", "magenta", "cyan"]
ENVIRONMENT, KEYRING = "env:", "keyring:"  # before the name under which a secret is kept


class NamedTarget(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One table of `targets.toml`: where it leads, and what may be done there.

    Attributes:
        supabase_url: of a Supabase project; with it goes `supabase_key`.
        supabase_key: where its key is kept: `env:NAME` or `keyring:SERVICE/NAME`.
        database_url: a PostgreSQL connection string without a password, or where one with a password is kept.
        home: the folder of the embedded database, which it is if there is no URL.
        feature: the feature that is rolled out.
        colour: of its name in the prompt.
        read_only: whether everything but an emergency stop is refused.
        require_reason: whether every change but an emergency stop has to have a reason.
    """

    supabase_url: str | None = None
    supabase_key: str | None = None
    database_url: str | None = None
    home: str | None = None
    feature: str | None = None
    colour: Colour | None = None
    read_only: bool = False
    require_reason: bool = False


FIELDS = NamedTarget.__struct_fields__


class NoSuchTarget(NotConfigured):
    """There is no target of this name."""


def targets_file() -> Path:
    """Return the path of `targets.toml`, whether it exists or not."""
    import platformdirs

    try:
        folder = platformdirs.user_config_dir("rollout-console", appauthor=False)
    except RuntimeError:  # no HOME, and no entry in passwd
        folder = "/etc/rollout-console"
    return Path(folder) / "targets.toml"


def named_targets() -> dict[str, NamedTarget]:
    """Return the targets that can be used, by name, as the file has them; none if there is no file.

    Raises:
        NotConfigured: the file can't be read.
    """
    found = {}
    for name, section in _sections().items():
        with suppress(NotConfigured):  # a slip in one section is said of that one alone, when it is asked for
            found[name] = _target(name, section)
    return found


def named_target(name: str) -> NamedTarget:
    """Return one target, whatever the sections of the others say.

    Raises:
        NoSuchTarget: there is none of this name.
        NotConfigured: the file, or its section, can't be used.
    """
    sections = _sections()
    if name in sections:
        return _target(name, sections[name])
    file = targets_file()
    if not sections:
        raise NoSuchTarget(f"there is no target {name[:60]!r}: write it into {file}")
    near = difflib.get_close_matches(name, sections, n=1, cutoff=0.8) or list(sections)
    raise NoSuchTarget(f"there is no target {name[:60]!r} in {file}; type one of: {', '.join(near)}")


def feature_of(name: str, usual: str) -> str | None:
    """Return the feature of a target, also of one that can't be used; None where the file does not tell.

    Args:
        name: of the target.
        usual: the feature of one that names none.
    """
    try:
        section = _sections()[name]
        given = section.get("feature") if isinstance(section, dict) else None
        return given if isinstance(given, str) else _converted(name, section).feature or usual
    except (NotConfigured, KeyError):
        return None


def secret(setting: str, value: str | None, environment: Mapping[str, str | None]) -> str | None:
    """Return the value of a setting, fetched from where it is kept.

    Args:
        setting: its name, for the message.
        value: `env:NAME`, `keyring:SERVICE/NAME`, or the value itself.
        environment: the variables.

    Raises:
        NotConfigured: there is nothing where it is said to be kept.
    """
    if value is None or not _is_elsewhere(value):
        return value
    place = value.removeprefix(ENVIRONMENT).removeprefix(KEYRING)
    service, _, user = place.rpartition("/")
    kept = environment.get(place) if value.startswith(ENVIRONMENT) else _from_keyring(service, user)
    found = (kept or "").strip()
    if not found:
        todo = f"set {place}" if value.startswith(ENVIRONMENT) else f"type in a shell: keyring set {service} {user}"
        raise NotConfigured(f"{setting} is kept in {value}, where there is nothing; {todo}, then start again")
    return found


def _from_keyring(service: str, user: str) -> str | None:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError as error:
        raise NotConfigured(
            "the keyring package is not installed; type in a shell: pip install 'rollout-console[keyring]'"
        ) from error
    try:
        return keyring.get_password(service, user)
    except KeyringError as error:
        raise NotConfigured(f"the keyring can't be read ({error}); unlock it, then start again") from error


def _sections() -> dict[str, Any]:
    """Return the file's sections as they stand there."""
    import tomllib

    file = targets_file()
    try:
        sections = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise NotConfigured(f"{file}: {error}; correct it, then start again") from error
    except (OSError, UnicodeError) as error:
        raise NotConfigured(f"{file} can't be read ({error}); correct it, then start again") from error
    for name in FIELDS:
        if name in sections and not isinstance(sections[name], dict):  # it may be what protects one of them
            raise NotConfigured(f"{file}: {name} stands in no section; move it below its [name], then start again")
    return sections


def _target(name: str, section: object) -> NamedTarget:
    target = _converted(name, section)
    _refuse_secrets(targets_file(), name, target)
    return target


def _converted(name: str, section: object) -> NamedTarget:
    try:
        return msgspec.convert(section, NamedTarget)
    except msgspec.ValidationError as error:
        wrong = re.search(r"at `\$\.(\w+)`", str(error))
        allowed = f"{wrong[1]} is {_allowed(wrong[1])}" if wrong else f"what can stand there: {', '.join(FIELDS)}"
        raise NotConfigured(
            f"{targets_file()}: [{name[:60]}]: {error}; {allowed}; correct it, then start again"
        ) from error


def _allowed(setting: str) -> str:
    if setting == "colour":
        return f"one of: {', '.join(get_args(Colour))}"
    return "true or false" if setting in ("read_only", "require_reason") else "text in quotes"


def _refuse_secrets(file: Path, name: str, target: NamedTarget) -> None:
    """Refuse a key or a password that stands in the file itself, without repeating it."""
    key, url = target.supabase_key or ENVIRONMENT, target.database_url or ENVIRONMENT
    variable = "".join(c if c.isalnum() else "_" for c in name).upper()
    advice = "name where it is kept and not what it is, as in"
    if not _is_elsewhere(key):
        example = f'supabase_key = "{ENVIRONMENT}{variable}_SUPABASE_KEY"'
        raise NotConfigured(f"{file} holds the key of {name}; {advice} {example}")
    if not _is_elsewhere(url) and _has_password(url):
        example = f'database_url = "{ENVIRONMENT}{variable}_DATABASE_URL"'
        raise NotConfigured(f"{file} holds the password of {name}; {advice} {example}")


def _is_elsewhere(value: str) -> bool:
    return value.startswith((ENVIRONMENT, KEYRING))


def _has_password(url: str) -> bool:
    try:
        return urlsplit(url).password is not None or "password=" in url
    except ValueError:
        return True
