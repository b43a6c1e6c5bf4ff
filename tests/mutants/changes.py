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
GIVEN = {"errcode", "hint", "detail"}  # of raise, which "=" gives a value, and compares nothing
WORDS = {"and": "or", "or": "and", "true": "false", "false": "true", "not": ""}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}
# By which a bound is moved: of whole numbers, the other way is what the changed operator says.
MOVES = {">": (1,), "<=": (1,), "<": (-1,), ">=": (-1,), "=": (1, -1), "<>": (1, -1)}
BOTH = (1, -1)


@dataclass(frozen=True)
class Change:
    """One change: where in the body it begins and ends, and what stands there then."""

    begin: int
    end: int
    after: str


def changes(body: str, figures: bool = False) -> Iterator[Change]:
    """Yield each change of a body: an operator, a bound, `and` and `or`, a sign, a `not` that goes, true, false, a default.

    Args:
        body: of a function.
        figures: whether each number is a bound, not only those that something is compared with.
    """
    tokens = [token for token in TOKEN.finditer(body) if not token[0].startswith(("--", "/*"))]
    words = ["", "", "", *(token[0].lower() for token in tokens), ""]
    calls: list[str] = []  # the words before the parentheses that are open
    for place, token in enumerate(tokens, 3):
        text = token[0]
        afters = []
        if text == "(":
            calls.append(words[place - 1])
        elif text == ")" and calls:
            calls.pop()
        elif token["number"]:
            is_default = calls[-1:] == ["coalesce"] and words[place - 1] == ","
            moves = BOTH if figures else _moves(words[place - 3 : place], words[place + 1]) or (1,) * is_default
            afters = [_moved(token["number"], by) + text[len(token["number"]) :] for by in moves]
        elif token["word"] and text.lower() in WORDS:
            afters = [WORDS[text.lower()]]
        elif text in OPERATORS and words[place - 1] not in GIVEN:
            afters = [OPERATORS[text]]
        for after in afters:
            yield Change(token.start(), token.end(), after)


def _moves(before: list[str], after: str) -> tuple[int, ...]:
    if before[-1] == "between" or (before[-1] == "and" and before[-3] == "between") or after == "between":
        return BOTH
    return MOVES.get(before[-1]) or MOVES.get(MIRRORED.get(after, ""), ())


def _moved(number: str, by: int) -> str:
    """Return a number that is one greater or smaller in its last place."""
    places = len(number.partition(".")[2])
    moved = int(number.replace(".", "")) + by
    if not places:
        return str(moved) if moved >= 0 else "(-1)"
    text = f"{abs(moved):0{places + 1}}"
    return ("-" if moved < 0 else "") + f"{text[:-places]}.{text[-places:]}"
