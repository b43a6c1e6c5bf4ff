"""R13: the error for each answer of the API, from its status and body alone."""

from __future__ import annotations

import json
import socket
import ssl

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


# What gateways and Cloudflare mean by each: what may pass by itself, and what the database may have heard of.
STATUSES = {
    402: (False, False), 418: (False, True), 429: (True, False), 500: (False, True), 501: (False, True),
    502: (True, True), 503: (True, True), 504: (True, True), 505: (False, True), 519: (False, True), 520: (True, True),
    521: (True, False), 522: (True, True), 523: (True, False), 524: (True, True), 525: (False, False),
    526: (False, False), 527: (False, True), 530: (False, False), 540: (False, False), 543: (False, True),
    544: (True, True), 545: (False, True),
}  # fmt: skip


@pytest.mark.parametrize(("status", "expected"), STATUSES.items())
def test_each_status_of_a_gateway_says_whether_a_retry_may_help_and_what_may_have_arrived(status, expected):
    failure = answered(status, None)
    assert (failure.transient, failure.arrived) == expected
    page = not_json(httpx.Response(status, text="<html>"), HOST)
    if status != 418:
        assert (page.transient, page.arrived) == expected


@pytest.mark.parametrize(
    ("status", "text", "kind", "arrived"),
    [
        (200, "<html>", Unreachable, True),
        (299, "<html>", Unreachable, True),
        (302, "<html>", Unreachable, False),
        (300, "<html>", Unreachable, False),
        (400, "", Unreachable, False),
        (499, "<html>", Unreachable, False),
        (401, "<html>", Unreachable, False),
        (401, "", BadCredentials, False),
        (403, "", Unreachable, False),
    ],
)
def test_a_page_instead_of_an_answer(status, text, kind, arrived):
    failure = not_json(httpx.Response(status, text=text), HOST)
    assert (failure.kind, failure.transient, failure.arrived) == (kind, False, arrived)
    assert not_json(None, HOST).what.startswith(f"{HOST} answered with something other than JSON (HTTP 0)")


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (400, f"the API at {HOST} failed (HTTP 400: said)"),
        (401, "the API refused the key (said)"),
        (402, f"the project at {HOST} is restricted (HTTP 402: said)"),
        (403, "the API refused (HTTP 403: said); set SUPABASE_SECRET_KEY"),
        (404, f"no Supabase API at {HOST} (HTTP 404: said)"),
        (405, f"the API at {HOST} failed (HTTP 405: said)"),
        (428, f"the API at {HOST} failed (HTTP 428: said)"),
        (429, f"too many requests, says {HOST} (HTTP 429: said)"),
        (539, f"the API at {HOST} failed (HTTP 539: said)"),
        (540, f"the project at {HOST} is paused"),
    ],
)
def test_what_a_gateway_means_is_said(status, what):
    assert answered(status, None).what.startswith(what)


def test_an_error_without_an_answer_is_no_answer_of_an_api():
    failure = of_answer(APIError({"code": None, "message": "odd"}), None, HOST)
    assert failure == not_json(None, HOST)


def test_a_redirect_is_not_followed_and_its_place_is_named():
    moved = httpx.Response(301, headers={"location": "https://log.in/here?key=1"})
    error = not_json(moved, HOST).error(changes=True)
    assert str(error) == (
        f"{HOST} leads on to https://log.in/here (HTTP 301); set SUPABASE_URL to the API itself; "
        "nothing was changed: type the command again"
    )


@pytest.mark.parametrize(
    ("code", "message", "kind", "transient", "arrived", "what"),
    [
        ("PGRST000", "said", Unreachable, True, False, f"the API at {HOST} has no connection to its database (said)"),
        ("PGRST001", "said", Unreachable, True, True, f"the API at {HOST} has no connection to its database (said)"),
        ("PGRST002", "said", Unreachable, True, False, f"the API at {HOST} has no connection to its database (said)"),
        ("PGRST003", "said", Unreachable, True, False, f"the API at {HOST} has no connection to its database (said)"),
        ("PGRST100", "said", Unreachable, False, True, f"the API at {HOST} refused (said, PGRST100)"),
        (
            "PGRST203",
            "two",
            SchemaMismatch,
            False,
            False,
            "the database has a function twice (two); drop the older one",
        ),
        ("PGRST300", "said", Unreachable, False, False, f"the API at {HOST} can't check keys (said)"),
        ("PGRST301", "said", BadCredentials, False, False, "the API refused the key (said)"),
        ("PGRST303", "JWT not yet valid", Unreachable, False, False, f"by the clock of the API at {HOST}"),
        ("PGRST303", "issued at future", Unreachable, False, False, f"by the clock of the API at {HOST}"),
        ("PGRST301", "Expected 3 parts", BadCredentials, False, False, f"the API at {HOST} takes no sb_ keys"),
        ("PT503", "said", Unreachable, True, False, f"the API at {HOST} failed (HTTP 503: said)"),
        ("PT429", "said", Unreachable, True, False, f"too many requests, says {HOST} (HTTP 429: said)"),
        ("PT418", "said", Unreachable, False, False, f"a function before each request of {HOST} refused it"),
        ("57P01", "said", Unreachable, True, True, "the database"),
    ],
)
def test_each_code_of_the_api_says_what_it_is(code, message, kind, transient, arrived, what):
    failure = answered(500, code, message)
    assert (failure.kind, failure.transient, failure.arrived) == (kind, transient, arrived)
    assert failure.what.startswith(what)
    assert not failure.ruled


@pytest.mark.parametrize("code", ["PGRST202", "PGRST204", "PGRST205"])
def test_what_the_api_does_not_know_yet_is_asked_for_while_it_may_be_reading_the_schema(code):
    failure = answered(404, code)
    assert (failure.kind, failure.transient, failure.retry_for) == (SchemaMismatch, True, 3.0)
    assert code in failure.what


def caused(by: BaseException, *, implicitly: bool) -> httpx.ConnectError:
    error = httpx.ConnectError("refused")
    between = OSError("between")
    error.__cause__ = between
    if implicitly:
        between.__context__ = by
    else:
        between.__cause__ = by
    return error


@pytest.mark.parametrize(
    ("error", "kind", "transient", "arrived", "what"),
    [
        (caused(ssl.SSLError("bad"), implicitly=False), Unreachable, False, False, f"no secure connection to {HOST}"),
        (caused(ssl.SSLError("bad"), implicitly=True), Unreachable, False, False, f"no secure connection to {HOST}"),
        (caused(socket.gaierror("?"), implicitly=True), Unreachable, True, False, f"unknown host {HOST}"),
        (httpx.UnsupportedProtocol("x"), Unreachable, False, False, f"a proxy blocks {HOST} (x)"),
        (httpx.ConnectTimeout("x"), TimedOut, True, False, f"no connection to {HOST} in time"),
        (httpx.PoolTimeout("x"), TimedOut, True, False, f"no connection to {HOST} in time"),
        (httpx.ConnectError("x"), Unreachable, True, False, f"can't connect to {HOST} (x)"),
        (httpx.ReadTimeout("x"), TimedOut, True, True, f"no answer from {HOST} in time"),
        (httpx.RemoteProtocolError("x"), Unreachable, True, True, f"the connection to {HOST} broke off (x)"),
    ],
)
def test_each_way_in_which_a_request_gets_no_answer(error, kind, transient, arrived, what):
    failure = of_transport(error, HOST)
    assert (failure.kind, failure.transient, failure.arrived) == (kind, transient, arrived)
    assert failure.what.startswith(what)


def test_what_became_of_a_change_does_not_raise_what_a_refused_one_would():
    lost = answered(403, "42501")._replace(arrived=True)
    assert type(lost.error(changes=True)) is Unreachable
    assert type(lost.error(changes=False)) is NotPermitted
    assert type(too_late(HOST, 10).error(changes=True)) is TimedOut
    made = answered(400, "RC002", "no; type that")._replace(made=True)
    assert (
        str(made.error(changes=True))
        == "no; the change was made all the same: do not type it again; see: rollout.status()"
    )


def test_a_full_disk_is_no_outage_that_passes():
    assert answered(503, "53100", "full").advice == ""
    for code in ("08006", "53300", "57P03"):
        assert answered(503, code, "many").advice == "look at the project's dashboard"


def test_a_retry_waits_as_long_as_the_api_asks():
    assert answered(429, None, **{"retry-after": "1234"}).wait == 1234
    assert answered(429, None, **{"retry-after": "12345"}).wait == 0
    assert answered(544, None, **{"retry-after": "3"}).wait == 3
    assert answered(503, "53300", **{"retry-after": "3"}).wait == 3
    assert answered(400, "40001", **{"retry-after": "7"}).wait == 4
    assert answered(503, "53300").wait == answered(400, None).wait == 0
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
