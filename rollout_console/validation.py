"""Checks the kind of each argument before it is sent; the database checks its range and its meaning."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import SupportsFloat

from rollout_console.errors import BadArgument
from rollout_console.pattern import pattern

DAY = pattern(r"\s*(today|tomorrow)\s+(\d\d?):(\d\d)\s*", re.ASCII | re.IGNORECASE)
CLOCK = pattern(r"\s*(\d\d?:\d\d)\s*", re.ASCII)
LARGEST = 2**31 - 1  # of PostgreSQL's integer: for a larger number it would look for another function
PERCENTAGE = pattern(r"\s*(-?\d{1,9}(?:\.0+)?)\s*%?\s*", re.ASCII)


def whole_percentage(value: object, example: str) -> int:
    """Return the whole number that `value` is, also as text: 10.0, "10" and "10 %" are 10 (R4).

    Its range is checked by the database.

    Raises:
        BadArgument: not a whole number; the message says what to type.
    """
    number = math.nan
    if isinstance(value, str) and (written := PERCENTAGE.fullmatch(value)):
        number = float(written[1])
    elif isinstance(value, SupportsFloat) and not isinstance(value, bool | str):
        with contextlib.suppress(Exception):  # whatever an object does that can't be a number
            number = float(value)
    if not number.is_integer():
        raise BadArgument(
            f"a percentage is a whole number from 0 to 100, not {described(value)}; type for example {example}"
        )
    return int(number)


def whole(name: str, value: object, example: str) -> int:
    """Return the whole number that `value` is. What range it has is checked by the database.

    Raises:
        BadArgument: it is none, or beyond all ranges; the message says what to type.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadArgument(f"{name} is a whole number, not {described(value)}; type {example}")
    if abs(value) > LARGEST:
        raise BadArgument(f"{name} is from {-LARGEST:,} to {LARGEST:,}, not {described(value)}; type {example}")
    return value


def repository_names(value: object, command: str) -> list[str]:
    """Return the repositories that were named: one, or several in a list (R9).

    Raises:
        BadArgument: not text or a list of text, or an empty list.
    """
    from uuid import UUID

    example = f'rollout.{command}("owner/name")'
    listed = [value] if isinstance(value, str | UUID) else value
    if isinstance(listed, dict) or not isinstance(listed, Iterable):
        raise BadArgument(f"{command} takes repositories as text, not {described(value)}; type {example}")
    names = [str(item) if isinstance(item, UUID) else item for item in listed]
    wrong = [item for item in names if not isinstance(item, str) or not item.strip()]
    if wrong or not names:
        found = described(wrong[0]) if wrong else "an empty list"
        raise BadArgument(f"{command} takes repositories as text, not {found}; type {example}")
    return [clean_text(str(item)).strip() for item in names]


def clean_text(text: str) -> str:
    """Return text that PostgreSQL can store: without NUL, and with a `?` for each lone surrogate."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def can_be_stored(text: str) -> bool:
    """Return whether PostgreSQL can store a text as it is: a name can't be cleaned, it would be another one."""
    return clean_text(text) == text


def described(value: object) -> str:
    """Return a short description of an argument; it may be of any kind and size."""
    try:
        text = repr(value)
    except Exception:
        text = f"one of type {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."


def settings_given(**settings: object) -> dict[str, object]:
    """Return the settings that are given, as JSON knows them; their ranges are the database's to judge.

    Raises:
        BadArgument: one is no word, number, truth value, list of words, or mapping from words to these.
    """
    return {name: _setting(name, value) for name, value in settings.items() if value is not None}


def _setting(name: str, value: object) -> object:
    from decimal import Decimal

    if isinstance(value, Decimal) and value.is_finite():
        value = float(value)
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, Mapping) and not any(isinstance(part, Mapping) for part in value.values()):
        return {clean_text(str(key)): None if part is None else _setting(name, part) for key, part in value.items()}
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return [clean_text(part) for part in value]
    raise BadArgument(f"{name} can't be {described(value)}; to see all settings, type rollout.configure()")


def flag(name: str, value: object, example: str) -> bool:
    """Return a truth value.

    Raises:
        BadArgument: it is none; the message says what to type.
    """
    if not isinstance(value, bool):
        raise BadArgument(f"{name} is True or False, not {described(value)}; type {example}")
    return value


def moment(value: object, example: str) -> str | None:
    """Return a moment as text; the database reads it, and judges whether it is still to come.

    A time that names no zone is one of the zone in which times are shown.

    Raises:
        BadArgument: neither text, nor a time, nor None; the message says what to type.
    """
    if isinstance(value, datetime):
        return _with_a_zone(value).isoformat()
    if value is not None and not isinstance(value, str):
        raise BadArgument(
            f'until is a time, as "2h", "tomorrow 09:00" or "2030-01-31T12:00Z", not {described(value)}; type {example}'
        )
    if value is not None and (clock := CLOCK.fullmatch(value)):
        raise BadArgument(f'a time needs its day; type "today {clock[1]}" or "tomorrow {clock[1]}"')
    return None if value is None else moment_text(value)


def moment_text(text: str) -> str:
    """Return a span, a time in ISO 8601, or today or tomorrow at a time as the database reads it: with its zone."""
    try:
        found = _of_a_day(text) or datetime.fromisoformat(text.strip())
    except ValueError:
        return clean_text(text)
    return clean_text(text) if found.tzinfo else _with_a_zone(found).isoformat()


def _of_a_day(text: str) -> datetime | None:
    """Return the time of "tomorrow 09:00", or None for another text; ValueError for 25:00."""
    named = DAY.fullmatch(text)
    if named is None:
        return None
    day = datetime.now() + timedelta(days=named[1].lower() == "tomorrow")
    return day.replace(hour=int(named[2]), minute=int(named[3]), second=0, microsecond=0)


def _with_a_zone(found: datetime) -> datetime:
    return found if found.tzinfo else in_zone(found)


def in_zone(moment: datetime, zone: tzinfo | None = None) -> datetime:
    """Return a moment in a zone, by default in the one that times are typed and shown in."""
    try:
        return moment.astimezone(zone)
    except (OverflowError, OSError, ValueError):  # a year that no zone knows
        return moment
