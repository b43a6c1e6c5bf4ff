"""An answer of which a part does not fit is shown without that part, and which part that is."""

from __future__ import annotations

import logging
from datetime import datetime

import msgspec
import pytest

from rollout_console.results import Overview, Record, parse_what_fits
from tests.support.samples import sample


class Part(Record, kw_only=True):
    at: datetime
    name: str


class Whole(Record, kw_only=True):
    name: str
    names: list[str]
    part: Part | None
    parts: list[Part]
    by_name: dict[str, Part] | None = None


GOOD = {"at": "2026-01-01T00:00:00Z", "name": "good"}
WHOLE = {"name": "whole", "names": ["a"], "part": GOOD, "parts": [GOOD], "by_name": None}


@pytest.mark.parametrize(("odd", "left", "path"), [
    ({"names": ["a", None, "b"]}, {"names": ["a", "b"]}, "$.names[1]"),
    ({"parts": [GOOD, {"at": "infinity", "name": "x"}, 5]}, {"parts": [GOOD]}, "$.parts[1].at"),
    ({"part": {"at": "infinity", "name": "x"}}, {"part": None}, "$.part.at"),
    ({"part": "x"}, {"part": None}, "$.part"),
    ({"by_name": {"x": 5}}, {"by_name": None}, "$.by_name"),
])  # fmt: skip
def test_what_does_not_fit_is_left_out_and_logged_with_its_path(odd, left, path, caplog):
    answer = WHOLE | odd
    before = msgspec.json.encode(answer)
    with caplog.at_level(logging.WARNING):
        whole, left_out = parse_what_fits(Whole, answer)
    assert whole.to_dict() == msgspec.convert(WHOLE, Whole).to_dict() | {
        name: [part | {"at": whole.parts[0].to_dict()["at"]} for part in value] if name == "parts" else value
        for name, value in left.items()
    }
    assert path in left_out[0]
    assert path in caplog.text
    assert msgspec.json.encode(answer) == before, "the answer itself stays as it came"


@pytest.mark.parametrize("answer", [WHOLE | {"name": 5}, {"name": "x"}, [], None, WHOLE | {"names": None}], ids=str)
def test_what_has_to_be_there_is_an_error(answer):
    with pytest.raises(msgspec.ValidationError):
        parse_what_fits(Whole, answer)


def test_an_answer_that_fits_is_complete():
    assert parse_what_fits(Whole, WHOLE)[1] == []


@pytest.mark.parametrize("part", ["categories", "plan", "metrics", "trend", "history"])
def test_a_part_of_the_overview_that_does_not_fit_leaves_the_others(part):
    answer = msgspec.to_builtins(sample(Overview))
    answer[part] = dict.fromkeys(answer[part], object) | {"server_time": "infinity"}
    overview, left_out = parse_what_fits(Overview, answer)
    assert getattr(overview, part) is None
    assert [name for name in ("categories", "plan", "metrics", "trend", "history") if getattr(overview, name)] == [
        name for name in ("categories", "plan", "metrics", "trend", "history") if name != part
    ]
    assert f"$.{part}" in left_out[0]
    assert overview.missing(part).message == f"{part}: can't be shown"
