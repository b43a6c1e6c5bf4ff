"""The small changes that are made in a function's body, outside of texts and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"""--[^\n]* | /\*.*?\*/ | \b[eE]'(?:[^'\\]|''|\\.)*' | '(?:[^']|'')*' | "[^"]*"
    | (?P<number>\d+(?:\.\d+)?) (?:[eE]\d+)? | (?P<word>[A-Za-z_]\w*) | (?P<operator>[-+*/<>=~!@\#%^&|`?:]+) | \S""",
    re.VERBOSE | re.DOTALL,
)
OPERATORS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "=": "<>", "<>": "=", "+": "-", "-": "+"}
WORDS = {"and": "or", "or": "and", "true": "false", "false": "true", "not": ""}


@dataclass(frozen=True)
class Change:
    """One change: where in the body it begins and ends, and what stands there then."""

    begin: int
    end: int
    after: str


def changes(body: str) -> Iterator[Change]:
    """Yield each change of a body: an operator, a bound, `and` and `or`, a sign, a dropped `not`, true and false."""
    for token in TOKEN.finditer(body):
        text = token[0]
        if token["number"]:
            afters = [_moved(token["number"], by) + text[len(token["number"]) :] for by in (1, -1)]
        elif token["word"]:
            afters = [WORDS[text.lower()]] if text.lower() in WORDS else []
        else:
            afters = [OPERATORS[text]] if text in OPERATORS else []
        for after in afters:
            yield Change(token.start(), token.end(), after)


def _moved(number: str, by: int) -> str:
    """Return a number that is one greater or smaller in its last place; never a sign that was not there."""
    places = len(number.partition(".")[2])
    moved = int(number.replace(".", "")) + by
    if not places:
        return str(moved) if moved >= 0 else "(-1)"
    text = f"{abs(moved):0{places + 1}}"
    return ("-" if moved < 0 else "") + f"{text[:-places]}.{text[-places:]}"
