"""One call with plain values, read without running anything: for the palette, and for advice in a shell's words."""

from __future__ import annotations

import ast
from typing import Any, NamedTuple


class Call(NamedTuple):
    """A command with its arguments."""

    name: str
    arguments: list[Any]
    named: dict[str, Any]


def plain_call(text: str) -> Call:
    """Return the one call that a text is.

    Args:
        text: for example `setRollout(25, "phase 7")`.

    Raises:
        ValueError: it is something else, or an argument is no plain value.
    """
    try:
        call = ast.parse(text, mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise ValueError("not a call")
        named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg}
        if len(named) != len(call.keywords):
            raise ValueError("** is no name")
        return Call(call.func.id, [ast.literal_eval(argument) for argument in call.args], named)
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError("not one call with plain values") from error
