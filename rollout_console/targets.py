"""Named targets, from `targets.toml` in the user's configuration folder. Secrets are named there, not written there."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
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


def targets_file() -> Path:
    """Return the path of `targets.toml`, whether it exists or not."""
    import platformdirs

    try:
        folder = platformdirs.user_config_dir("rollout-console", appauthor=False)
    except RuntimeError:  # no HOME, and no entry in passwd
        folder = "/etc/rollout-console"
    return Path(folder) / "targets.toml"


def named_targets() -> dict[str, NamedTarget]:
    """Return the targets by name, as the file has them; none if there is no file.

    Raises:
        NotConfigured: the file can't be read, or says something that is no setting.
    """
    file = targets_file()
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeError) as error:
        raise NotConfigured(f"{file} can't be read ({error}); correct it, then start again") from error
    try:
        found = _decode(text)
    except (msgspec.DecodeError, ValueError) as error:
        raise NotConfigured(f"{file}: {error}; correct it, then start again") from error
    for name, target in found.items():
        _refuse_secrets(file, name, target)
    return found


def named_target(name: str) -> NamedTarget:
    """Return one target.

    Raises:
        NotConfigured: there is none of this name, or the file can't be used.
    """
    known = named_targets()
    if name in known:
        return known[name]
    file = targets_file()
    if not known:
        raise NotConfigured(f"there is no target {name[:60]!r}: write it into {file}")
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.8) or list(known)
    raise NotConfigured(f"there is no target {name[:60]!r} in {file}; type one of: {', '.join(near)}")


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


def _decode(text: str) -> dict[str, NamedTarget]:
    import tomllib

    return msgspec.convert(tomllib.loads(text), dict[str, NamedTarget])


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
