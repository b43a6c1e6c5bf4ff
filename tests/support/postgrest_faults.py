"""What may come back in the place of an answer: PostgREST's errors, the gateway's, Cloudflare's, and what is cut off.

What stands between PostgREST and an operator is Supabase's gateway (docs/guides/api, docs/guides/platform/
http-status-codes), Cloudflare (its list of 5xx errors), and proxies.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from rollout_console.errors import (
    BadCredentials,
    LockTimedOut,
    NotConfigured,
    NotFound,
    NotPermitted,
    Refused,
    RolloutError,
    SchemaMismatch,
    TimedOut,
    Unreachable,
)
from tests.support import fault_proxy as faults
from tests.support.postgrest_answers import Reply, database_error, own_error


@dataclass(frozen=True)
class Case:
    """What the API's side answers, and what the operator gets to see.

    Attributes:
        fault: makes the answer, and does nothing of what was asked.
        kind: of the error of a read that is answered so and not retried.
        line: what is found in its text.
        passes: whether it is retried.
    """

    fault: faults.Fault
    kind: type[RolloutError]
    line: str
    passes: bool = False


def replies(reply: Reply) -> faults.Fault:
    return lambda handler: handler.give(reply.status, reply.body, reply.kind, *reply.headers.items())


def own(code: str, message: str | None = None, delay: int = 0) -> faults.Fault:
    return replies(own_error(code, message, delay=delay))


def state(code: str, message: str, details: str | None = None) -> faults.Fault:
    return replies(database_error(code, message, details=details))


DOWN = "not available"
NO_DATABASE = "no connection to its database"
NOT_READ = "lacks the rollout functions of this console, or its API has not read them yet .PGRST20.*migrate$"
KEY = "refused the key .*SUPABASE_SECRET_KEY to the project's secret key"
ODD = "the database refused: odd .SQLSTATE"

DATABASE = {
    "08006 connection failure": Case(state("08006", "gone"), Unreachable, DOWN, passes=True),
    "21000 more than one row": Case(state("21000", "odd"), Refused, ODD),
    "21000 safeupdate": Case(state("21000", "UPDATE requires a WHERE clause"), Refused, "requires a WHERE clause"),
    "22023 no such role": Case(state("22023", 'role "x" does not exist'), Refused, "does not exist"),
    "22P02 invalid text": Case(state("22P02", "odd"), Refused, ODD),
    "23503 foreign key": Case(state("23503", "odd"), Refused, ODD),
    "23505 not unique": Case(state("23505", "odd"), Refused, ODD),
    "25006 read-only": Case(state("25006", "read-only"), NotPermitted, "read-only now"),
    "28000 login": Case(state("28000", "no"), BadCredentials, "refused the login"),
    "28P01 password": Case(state("28P01", "no"), BadCredentials, "refused the login"),
    "40001 serialization": Case(state("40001", "conflict"), Refused, "another change", passes=True),
    "40P01 deadlock": Case(state("40P01", "deadlock"), Refused, "another change", passes=True),
    "42501 privilege": Case(state("42501", "permission denied"), NotPermitted, "SUPABASE_SECRET_KEY$"),
    "42725 ambiguous": Case(state("42725", "odd"), Refused, ODD),
    "42883 no function": Case(state("42883", "x"), SchemaMismatch, "rollout-console migrate$"),
    "42P01 no table": Case(state("42P01", "x"), SchemaMismatch, "rollout-console migrate$"),
    "42P17 recursion": Case(state("42P17", "odd"), Refused, ODD),
    "53100 disk full": Case(state("53100", "no space"), Unreachable, "make room"),
    "53200 memory": Case(state("53200", "out of memory"), Unreachable, DOWN, passes=True),
    "53300 connections": Case(state("53300", "too many"), Unreachable, DOWN, passes=True),
    "53400 limit": Case(state("53400", "limit"), Unreachable, DOWN),
    "54001 stack depth": Case(state("54001", "odd"), Refused, ODD),
    "55P03 lock": Case(state("55P03", "canceling"), LockTimedOut, "gave up"),
    "57014 statement": Case(state("57014", "canceling"), TimedOut, "gave up"),
    "57P01 terminated": Case(state("57P01", "terminating"), Unreachable, DOWN, passes=True),
    "57P02 crash": Case(state("57P02", "crash"), Unreachable, DOWN, passes=True),
    "57P03 starting": Case(state("57P03", "starting up"), Unreachable, DOWN, passes=True),
    "58030 io": Case(state("58030", "io"), Unreachable, DOWN),
    "P0001 raise": Case(state("P0001", "odd"), Refused, ODD),
    "P0004 assert": Case(state("P0004", "odd"), Refused, ODD),
    "XX000 internal": Case(state("XX000", "odd"), Refused, ODD),
    "XX001 corrupted": Case(state("XX001", "odd"), Refused, ODD),
    "RC001 argument": Case(state("RC001", "no; type that"), Refused, "^no; type that$"),
    "RC002 state": Case(state("RC002", "no; type that"), Refused, "^no; type that$"),
    "RC003 not there": Case(state("RC003", "none; type that"), NotFound, "^none; type that$"),
    "RC004 append-only": Case(state("RC004", "no; type that"), Refused, "^no; type that$"),
    "PT402 of a pre-request": Case(state("PT402", "pay"), Unreachable, "refused it .pay, PT402"),
    "PT429 of a pre-request": Case(state("PT429", "slow down"), Unreachable, "too many requests", passes=True),
    "PT503 of a pre-request": Case(state("PT503", "closed"), Unreachable, "HTTP 503: closed", passes=True),
    "PTxyz, no number": Case(state("PTABC", "odd"), Refused, ODD),
    "PGRST raised": Case(
        state("PGRST", json.dumps({"code": "123", "message": "odd"}), json.dumps({"status": 418, "headers": {}})),
        Unreachable,
        "HTTP 418: odd",
    ),
    "PGRST raised, no JSON": Case(state("PGRST", "odd", "odd"), Unreachable, "PGRST121"),
}

POSTGREST = {
    "PGRST000 no connection": Case(own("PGRST000", delay=0), Unreachable, NO_DATABASE, passes=True),
    "PGRST001 connection lost": Case(own("PGRST001"), Unreachable, NO_DATABASE, passes=True),
    "PGRST002 no schema cache": Case(own("PGRST002"), Unreachable, NO_DATABASE, passes=True),
    "PGRST003 pool exhausted": Case(own("PGRST003"), Unreachable, NO_DATABASE, passes=True),
    "PGRST106 schema": Case(own("PGRST106"), SchemaMismatch, "Project Settings, Data API"),
    "PGRST202 unknown function": Case(own("PGRST202"), SchemaMismatch, NOT_READ, passes=True),
    "PGRST203 overloaded": Case(own("PGRST203"), SchemaMismatch, "twice .*drop the older one"),
    "PGRST300 no secret": Case(own("PGRST300"), Unreachable, "can't check keys .*dashboard"),
    "PGRST301 wrong key": Case(own("PGRST301"), BadCredentials, KEY),
    "PGRST301 key of sb_": Case(
        own("PGRST301", "Expected 3 parts in JWT; got 1"), BadCredentials, "takes no sb_ keys .*legacy"
    ),
    "PGRST302 no key": Case(own("PGRST302"), BadCredentials, KEY),
    "PGRST303 expired": Case(own("PGRST303"), BadCredentials, KEY),
    "PGRST303 not yet": Case(own("PGRST303", "JWT not yet valid"), Unreachable, "the clock of the API"),
    "PGRST303 future": Case(own("PGRST303", "JWT issued at future"), Unreachable, "the clock of the API"),
    "PGRST999 of a later version": Case(faults.answer(400, "odd", "PGRST999"), Unreachable, "odd, PGRST999"),
}

GATEWAY = {
    "401 invalid key": Case(faults.answer(401, "Invalid API key"), BadCredentials, KEY),
    "401 no key": Case(faults.answer(401, "No API key found in request"), BadCredentials, KEY),
    "401 empty": Case(faults.page(401, b""), BadCredentials, KEY),
    "402 restricted": Case(faults.answer(402, "exceed_egress_quota"), Unreachable, "restricted .*usage and billing"),
    "403 a browser's key": Case(faults.answer(403, "Forbidden use"), NotPermitted, "Forbidden use"),
    "403 a page": Case(faults.page(403), Unreachable, "other than JSON .HTTP 403."),
    "404 no route": Case(faults.answer(404, "no Route matched"), NotConfigured, "no Supabase API"),
    "429 too many": Case(faults.answer(429, "slow down"), Unreachable, "too many requests", passes=True),
    "500 JSON": Case(faults.answer(500, "oops"), Unreachable, "HTTP 500: oops"),
    "500 a page": Case(faults.page(500), Unreachable, "HTTP 500"),
    "502 a page": Case(faults.page(502), Unreachable, "HTTP 502", passes=True),
    "502 in Latin-1": Case(faults.page(502, b"<p>Caf\xe9"), Unreachable, "HTTP 502", passes=True),
    "503 text": Case(faults.page(503, b"no healthy upstream"), Unreachable, "HTTP 503", passes=True),
    "504 JSON": Case(faults.answer(504, "timeout"), Unreachable, "HTTP 504", passes=True),
    **{f"{n} Cloudflare": Case(faults.page(n), Unreachable, f"HTTP {n}", passes=True) for n in range(520, 525)},
    **{f"{n} Cloudflare": Case(faults.page(n), Unreachable, f"failed .HTTP {n}") for n in (525, 526, 530)},
    "540 paused": Case(faults.answer(540, "Project paused"), Unreachable, "is paused; restore it"),
    "540 a page": Case(faults.page(540), Unreachable, "is paused; restore it"),
    "544 empty": Case(faults.page(544, b""), Unreachable, "failed .HTTP 544", passes=True),
    "544 JSON": Case(faults.answer(544, "timeout"), Unreachable, "failed .HTTP 544", passes=True),
}

NETWORK = {
    "200 a page": Case(faults.page(200), Unreachable, "other than JSON .HTTP 200.: a proxy"),
    "200 a page in Latin-1": Case(faults.page(200, b"<p>Caf\xe9"), Unreachable, "other than JSON .HTTP 200."),
    "200 nested": Case(faults.page(200, b"[" * 100_000), Unreachable, "other than JSON .HTTP 200."),
    "200 empty": Case(faults.page(200, b""), Unreachable, "other than JSON"),
    "301 without a place": Case(faults.page(301), Unreachable, "other than JSON .HTTP 301."),
    "301 moved": Case(
        faults.page(301, b"", ("location", "https://log.in/here?key=1")),
        Unreachable,
        "leads on to https://log.in/here .HTTP 301.; set SUPABASE_URL",
    ),
    "reset": Case(faults.reset, Unreachable, "broke off", passes=True),
}

CASES = DATABASE | POSTGREST | GATEWAY | NETWORK


def after(fault: faults.Fault) -> faults.Fault:
    """What was asked is done, and then this comes back in the place of the answer."""

    def lose(handler: faults.Handler) -> None:
        handler.ask()
        fault(handler)

    return lose
