"""What all results have in common: built strictly from JSON, and plain data again by `to_dict`."""

from __future__ import annotations

import copy
import logging
import re
import threading
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import msgspec

R = TypeVar("R", bound="Result")
P = TypeVar("P", bound="Record")

# msgspec reads a type's fields at its first use, and crashes the process if another thread uses the type meanwhile.
_one_at_a_time = threading.Lock()
_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())  # who listens is for the program to say

MOST_LEFT_OUT = 100  # of one answer: beyond, it is another form and not a few odd values


class Record(msgspec.Struct, kw_only=True):
    """A part of a result. Fields that a newer database adds are ignored."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data


class Result(Record, kw_only=True):
    """What one command returned; `rows` is the name of the field that holds its list, if it is but a list.

    Attributes:
        as_written: whether its text is by others, or about the prompt: what it says to type stays as it is in a shell.
        as_text, as_html: make a report of it, for whoever shows values by themselves: prompts and notebooks.
    """

    rows: ClassVar[str | None] = None
    as_written: ClassVar[bool] = False
    as_text: ClassVar[Callable[[Any], str] | None] = None
    as_html: ClassVar[Callable[[Any], str] | None] = None

    def __repr__(self) -> str:
        report = type(self).as_text
        return super().__repr__() if report is None else report(self)

    def _repr_html_(self) -> str | None:
        """Return the report for a notebook."""
        report = type(self).as_html
        return None if report is None else report(self)

    def _mime_(self) -> tuple[str, str]:
        """Return the report for marimo."""
        page = self._repr_html_()
        return ("text/plain", repr(self)) if page is None else ("text/html", page)


def parse(kind: type[P], data: object) -> P:
    """Build a result, or a part of one, from the JSON of a SQL function; threads may call it at once.

    Raises:
        msgspec.ValidationError: a field is missing, or of another type than declared.
    """
    with _one_at_a_time:
        return msgspec.convert(data, kind)


def parse_what_fits(kind: type[P], data: object) -> tuple[P, list[str]]:
    """Build a result as `parse` does, without what others wrote and does not fit: an entry, or an optional field.

    Returns:
        The result, and why each part that was left out does not fit, with its path; each is logged.

    Raises:
        msgspec.ValidationError: what does not fit can't be left out.
    """
    left_out: list[str] = []
    given = data
    while True:
        try:
            return parse(kind, data), left_out
        except msgspec.ValidationError as error:
            if data is given:
                data = copy.deepcopy(given)
            if len(left_out) == MOST_LEFT_OUT or not _leave_out(data, str(error)):
                raise
            left_out.append(str(error))
            _log.warning("%s: left out of what is shown: %s", kind.__name__, error)


def _leave_out(data: Any, reason: str) -> bool:
    """Take out of an answer what does not fit; False if it has to be there."""
    named = re.search(r" - at `\$(.*)`$", reason)
    steps = re.findall(r"\.(\w+)|\[(\d+)\]", named[1]) if named else []
    path = [int(index) if index else key for key, index in steps]
    while path:
        holder, last = data, path.pop()
        for step in path:
            holder = holder[step]
        if isinstance(holder, list):
            del holder[last]
            return True
        if holder.get(last) is not None:  # None itself may be what does not fit: then its holder has to go
            holder[last] = None
            return True
    return False


def parse_list(kind: type[P], data: object) -> list[P]:
    """Build records from a JSON array of a SQL function.

    Raises:
        msgspec.ValidationError: a field is missing, or of another type than declared.
    """
    with _one_at_a_time:
        return msgspec.convert(data, list[kind])  # type: ignore[valid-type]
