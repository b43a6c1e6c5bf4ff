"""What all results have in common: built strictly from JSON, and plain data again by `to_dict`."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

import msgspec

R = TypeVar("R", bound="Result")
P = TypeVar("P", bound="Record")


class Record(msgspec.Struct, kw_only=True):
    """A part of a result. Fields that a newer database adds are ignored."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data


class Result(Record, kw_only=True):
    """What one command returned; `rows` is the name of the field that holds its list, if it is but a list."""

    rows: ClassVar[str | None] = None


def parse(kind: type[R], data: object) -> R:
    """Build a result from the JSON of a SQL function.

    Raises:
        msgspec.ValidationError: a field is missing, or of another type than declared.
    """
    return msgspec.convert(data, kind)


def parse_list(kind: type[P], data: object) -> list[P]:
    """Build records from a JSON array of a SQL function.

    Raises:
        msgspec.ValidationError: a field is missing, or of another type than declared.
    """
    return msgspec.convert(data, list[kind])  # type: ignore[valid-type]
