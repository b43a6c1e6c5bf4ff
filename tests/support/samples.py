"""Results as a database might answer them, built from their types, for tests that need no server."""

from __future__ import annotations

import functools
import types
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from rollout_console.results import Record

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
R = TypeVar("R", bound=Record)


def sample(kind: type[R], text: str = "text", number: int = 7, **changes: Any) -> R:
    """Return a result whose fields are all set.

    Args:
        kind: its type.
        text: stands in every field that may hold any text.
        number: stands in every field that may hold any whole number.
        changes: fields that are to be otherwise, those of parts included; None where a field may be None.
    """
    hints = _fields(kind)
    fields = {name: _value(hint, text, number, changes) for name, hint in hints.items()}
    fitting = {k: v for k, v in changes.items() if k in hints and (v is not None or type(None) in get_args(hints[k]))}
    return msgspec.structs.replace(kind(**fields), **fitting)


@functools.cache
def _fields(kind: type[Record]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in msgspec.structs.fields(kind)}


def _value(hint: Any, text: str, number: int, changes: dict[str, Any]) -> Any:
    if isinstance(hint, type) and issubclass(hint, Record):
        return sample(hint, text, number, **changes)
    if get_origin(hint) in (Union, types.UnionType):
        return _value(next(a for a in get_args(hint) if a is not type(None)), text, number, changes)
    if get_origin(hint) is Literal:
        return get_args(hint)[0]
    if get_origin(hint) is list:
        return [_value(get_args(hint)[0], text, number, changes)]
    if get_origin(hint) is dict:
        return {text: _value(get_args(hint)[1], text, number, changes)}
    plain: dict[Any, Any] = {str: text, int: number, float: number + 0.5, bool: False, datetime: NOW, Any: text}
    return plain[hint]
