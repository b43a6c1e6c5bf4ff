"""Every figure that a rule compares or reckons with stands in migrations/rules/00_figures/, and not in a body above."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pglast.parser import scan

from tests.support.sql_floors import FLOORS

# What stands where it is compared or reckoned with, and why.
KNOWN = {
    "0": "nothing", "1": "one", "-1": "one down", "2": "half, or twice", "100": "percent", "100.0": "percent",
    "1.0": "to divide in decimals", "10000": "buckets, a hundredth of a percent each",
    "60": "seconds of a minute", "3600": "seconds of an hour", "24.0": "hours of a day", "1000": "milliseconds",
    "interval '1 second'": "a unit", "interval '24 hours'": "a day, in 'today'",
    "interval '15 minutes'": "of which the offset of every time zone is made",
}  # fmt: skip
KNOWN_IN = {
    "categories.sql": {"10": "of how many pull requests one point of activity is made, in the application"},
    "evidence.sql": {"690": "what exp() can take", "18": "rows to a slot: two processors and nine folders"},
    "health.sql": {"1.959964": "two-sided 95 % of the normal distribution", "4": "of Wilson's formula"},
    "backtest.sql": {"300": "what exp() can take", "600": "what exp() can take"},
    "criteria.sql": {"6": "a place in a list", "50": "a place in a list"},
    "errors.sql": {"3": "kinds shown"},
    "metrics.sql": {"50": "rows of history read for their marks"},
    "calendar.sql": {"interval '15 days'": "two weeks, of which one hour may be skipped"},
    "judge.sql": {
        "32": "bits",
        "2.0": "the stretches that begin now and with the restart",
        "interval '1ms'": "no wait",
    },
    "reports.sql": {"1e8": "an argument", "200": "an argument", "10000": "an argument", "10": "faults shown"},
    "timeline.sql": {"48": "points of a chart"},
    "undo.sql": {"1000": "as many as history() shows", "3": "ids shown"},
}
OPERATOR = re.compile(r"[-+*/%<>=^|]+|:=|between|and|limit", re.IGNORECASE)
SPAN = re.compile(r"'-?\d+ ?(?:ms|s|min|minutes?|hours?|days?|seconds?)'")


def test_no_body_above_the_figures_has_one_of_its_own():
    above = [path for folder in FLOORS if "03" <= folder.name[:2] < "10" for path in sorted(folder.glob("*.sql"))]
    assert len(above) > 40
    found = {f"{path.parent.name}/{path.name}: {figure}" for path in above for figure in figures(path)}
    assert found == set()


def figures(path: Path) -> Iterator[str]:
    known = KNOWN | KNOWN_IN.get(path.name, {})
    for body in re.findall(r"\$\$(.*?)\$\$", path.read_text(encoding="utf-8"), re.DOTALL):
        for figure in reckoned_with(body.encode("ascii", "replace").decode()):
            if figure not in known:
                yield figure


def reckoned_with(body: str) -> Iterator[str]:
    """Each number that an operator stands before or behind, and each span of time."""
    tokens = [(token.name, body[token.start : token.end + 1]) for token in scan(body)]
    for (_, before), (name, text), (_, behind) in zip(tokens, tokens[1:], [*tokens[2:], ("", "")], strict=False):
        if SPAN.fullmatch(text):
            yield f"interval {text}"
        elif name in ("ICONST", "FCONST") and (OPERATOR.fullmatch(before) or OPERATOR.fullmatch(behind)):
            yield text


def test_a_figure_in_a_body_is_found():
    body = "select a > 7, round(b, 4), interval '2 hours', 5 * c from d where e between 8 and 9 limit 6"
    assert list(reckoned_with(body)) == ["7", "interval '2 hours'", "5", "8", "9", "6"]
