"""R13: the error for each answer of the API, from its status and body alone."""

from __future__ import annotations

import json

import httpx
import pytest
from postgrest.exceptions import APIError

from rollout_console.adapters.http_errors import Failure, not_json, of_answer, of_transport, one_line, too_late
from rollout_console.errors import (
    BadCredentials,
    NotConfigured,
    NotFound,
    NotPermitted,
    Refused,
    SchemaMismatch,
    TimedOut,
    Unreachable,
)

HOST = "abc.supabase.co"


def answered(status: int, code: str | None, message: str = "said", **headers: str) -> Failure:
    body = {"code": code, "message": message, "details": None, "hint": None}
    response = httpx.Response(status, json=body, headers=headers)
    return of_answer(APIError(json.loads(response.text)), response, HOST)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "RC001", Refused),
        (400, "RC003", NotFound),
        (403, "42501", NotPermitted),
        (404, "42883", SchemaMismatch),
        (404, "PGRST202", SchemaMismatch),
        (406, "PGRST106", SchemaMismatch),
        (401, "PGRST301", BadCredentials),
        (503, "PGRST001", Unreachable),
        (500, "57014", TimedOut),
        (503, "53300", Unreachable),
        (500, "SUP", Unreachable),
        (401, None, BadCredentials),
        (403, None, NotPermitted),
        (404, None, NotConfigured),
        (540, None, Unreachable),
    ],
)
def test_each_answer_has_its_error(status, code, kind):
    assert answered(status, code).kind is kind


@pytest.mark.parametrize(
    ("failure", "transient", "arrived"),
    [
        (answered(429, None), True, False),
        (answered(503, "PGRST002"), True, False),
        (answered(503, "PGRST001"), True, True),
        (answered(503, "53300"), True, False),
        (answered(400, "RC001"), False, False),
        (answered(500, "40001"), True, False),
        (answered(503, "53100"), False, False),
        (answered(503, "57P01"), True, True),
        (answered(544, None), True, True),
        (answered(525, None), False, False),
        (answered(504, None), True, True),
        (too_late(HOST, 10), True, True),
        (not_json(httpx.Response(200, text="<html>"), HOST), False, True),
        (not_json(httpx.Response(502, text="<html>"), HOST), True, True),
        (of_transport(httpx.ConnectError("refused"), HOST), True, False),
        (of_transport(httpx.ReadError("reset"), HOST), True, True),
        (of_transport(httpx.ProxyError("403"), HOST), False, False),
    ],
)
def test_a_failure_knows_whether_a_retry_may_help_and_what_may_have_arrived(failure, transient, arrived):
    assert (failure.transient, failure.arrived) == (transient, arrived)


def test_a_retry_waits_as_long_as_the_api_asks():
    assert answered(429, None, **{"retry-after": "7"}).wait == 7
    assert answered(503, "PGRST002", **{"retry-after": "2"}).wait == 2
    assert answered(503, "PGRST002", **{"retry-after": "32"}).wait == 4  # the whole of a back-off that has begun
    assert answered(429, None, **{"retry-after": "Tue, 24 Nov 2026 10:00:00 GMT"}).wait == 0


@pytest.mark.parametrize(
    ("changes", "arrived", "end"),
    [
        (False, False, ", then: rollout.status()"),
        (False, True, ", then: rollout.status()"),
        (True, False, "; nothing was changed: type the command again"),
        (
            True,
            True,
            "; the change may have been made, or may still be within 20 s; before you type it again, look: "
            "rollout.history()",
        ),
    ],
)
def test_the_line_says_what_became_of_a_change(changes, arrived, end):
    error = too_late(HOST, 10)._replace(arrived=arrived).error(changes=changes)
    assert str(error) == f"no answer from {HOST} within 10 s; check the network{end}"


def test_a_refusal_after_a_lost_answer_does_not_say_that_nothing_was_changed():
    error = answered(500, "57014", "canceling")._replace(arrived=True).error(changes=True)
    assert str(error).startswith("the database gave up (canceling); the change may have been made")


def test_what_our_functions_say_is_left_as_it_is():
    error = answered(400, "RC002", "no; type that")._replace(arrived=True).error(changes=True)
    assert str(error) == "no; type that"


def test_a_line_is_one_line_bounded_and_without_keys():
    token = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2ln"
    assert one_line(f"a\n b\tsb_secret_abc-1 {token}") == "a b [key] [key]"
    assert len(one_line("x" * 10_000)) == 500
