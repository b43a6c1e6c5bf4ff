"""R4, R9: what each argument may be, and the line for what it may not be."""

from __future__ import annotations

import math
import uuid
from decimal import Decimal

import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import BadArgument
from rollout_console.validation import (
    clean_text,
    described,
    flag,
    moment,
    repository_names,
    settings_given,
    whole,
    whole_percentage,
)

SOMEBODY = uuid.UUID(int=7)


class Unreadable:
    def __repr__(self) -> str:
        raise RuntimeError

    def __float__(self) -> float:
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0),
        (10, 10),
        (10.0, 10),
        (Decimal(10), 10),
        ("10", 10),
        (" 10.0 % ", 10),
        ("10%", 10),
        ("-1", -1),
        (101, 101),
    ],
)
def test_r4_a_percentage_is_a_whole_number_in_any_spelling(value, number):
    assert whole_percentage(value, "rollout.setRollout(10)") == number


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        None,
        10.5,
        math.nan,
        math.inf,
        -math.inf,
        10**400,
        10j,
        "10.5",
        "ten",
        "1 0",
        "10 %%",
        "",
        b"1",
        [],
        {},
        Unreadable(),
    ],
)
def test_r4_what_is_no_whole_number_is_refused_with_what_to_type(value):
    with pytest.raises(BadArgument) as refusal:
        whole_percentage(value, "rollout.setRollout(10)")
    assert str(refusal.value) == (
        f"a percentage is a whole number from 0 to 100, not {described(value)}; type for example rollout.setRollout(10)"
    )


@pytest.mark.parametrize(
    ("value", "names"),
    [("a/b", ["a/b"]), (["a/b", SOMEBODY], ["a/b", str(SOMEBODY)]), (SOMEBODY, [str(SOMEBODY)]), ((" a/b ",), ["a/b"])],
)
def test_r9_repositories_are_one_or_several(value, names):
    assert repository_names(value, "markAsTest") == names


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, "None"),
        (7, "7"),
        ({"a/b": 1}, "{'a/b': 1}"),
        ([], "an empty list"),
        ("", "''"),
        ([" "], "' '"),
        (["a/b", 7, None], "7"),
    ],
)
def test_r9_what_names_no_repository_is_refused_with_what_to_type(value, found):
    with pytest.raises(BadArgument) as refusal:
        repository_names(value, "markAsTest")
    assert str(refusal.value) == (
        f'markAsTest takes repositories as text, not {found}; type rollout.markAsTest("owner/name")'
    )


@pytest.mark.parametrize(("value", "taken"), [(0, True), (7, True), (True, False), (7.0, False), ("7", False)])
def test_a_number_is_a_number(value, taken):
    if taken:
        assert whole("limit", value, "rollout.history(20)") == value
    else:
        with pytest.raises(BadArgument, match=r"^limit is a whole number, not .*; type rollout\.history\(20\)$"):
            whole("limit", value, "rollout.history(20)")


@pytest.mark.parametrize("value", [2**31, -(2**40), 2**70])
def test_a_number_that_no_argument_can_be_is_refused_as_such(value):
    assert whole("limit", 2**31 - 1, "x") == 2**31 - 1
    with pytest.raises(
        BadArgument, match=r"^limit is from -2,147,483,647 to 2,147,483,647, not .*; type rollout\.history\(20\)$"
    ):
        whole("limit", value, "rollout.history(20)")


@pytest.mark.parametrize("value", [None, 1, 0, "True"])
def test_a_truth_value_is_one(value):
    assert flag("confirm", False, "x") is False
    assert flag("confirm", True, "x") is True
    with pytest.raises(BadArgument, match=r"^confirm is True or False, not .*; type x$"):
        flag("confirm", value, "x")


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("nul\x00 and half \ud800", "nul and half ?"),
        (5, 5),
        (2.5, 2.5),
        (Decimal("2.5"), 2.5),
        (False, False),
        (("a", "b\x00"), ["a", "b"]),
        ({"hours": None, "rate": 3}, {"hours": None, "rate": 3}),
    ],
)
def test_a_setting_is_what_json_knows(value, sent):
    assert settings_given(one=value, left_out=None) == {"one": sent}


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, Decimal("nan"), object(), ["a", 1], {"a": {"b": 1}}, {"a": object()}, b"x"]
)
def test_a_setting_of_another_kind_is_refused(value):
    with pytest.raises(BadArgument, match=r"^one can't be .*; to see all settings, type rollout\.configure\(\)$"):
        settings_given(one=value)


def test_a_moment_is_a_text_or_a_time():
    assert moment(None, "x") is None
    with pytest.raises(BadArgument, match=r"^until is a time, as .*, not 7; type x$"):
        moment(7, "x")


@pytest.mark.parametrize("rate", [math.nan, math.inf, True, "5"])
def test_a_rate_of_practice_jobs_is_a_number_and_named_if_it_is_none(rate):
    client = RolloutClient(PostgresAdapter("postgresql://127.0.0.1:1/x"))
    for name in ("error_rate", "control_error_rate"):
        with pytest.raises(BadArgument, match=f"^{name} is a percentage from 0 to 100, not {rate!r}; type "):
            client.simulate(10, **{name: rate})


def test_what_is_wrong_is_described_whatever_it_is():
    assert described(Unreadable()) == "one of type Unreadable"
    assert described(10**5000) == "one of type int"
    assert described("x" * 58) == repr("x" * 58)
    assert described("x" * 59) == f"'{'x' * 56}..."
    assert clean_text("ö\x00") == "ö"
