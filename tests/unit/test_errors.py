"""R13: the error for each SQLSTATE, whatever language PostgreSQL's message is in."""

from __future__ import annotations

import re
from types import SimpleNamespace

import psycopg
import pytest

from rollout_console.adapters.postgres import translate
from rollout_console.errors import (
    MEANINGS,
    BadCredentials,
    Blocked,
    LockTimedOut,
    NotFound,
    NotPermitted,
    Refused,
    SchemaMismatch,
    TimedOut,
    Unreachable,
    from_sqlstate,
)

OURS = {"RC001": Refused, "RC002": Refused, "RC003": NotFound, "RC004": Refused, "RC005": Blocked}
POSTGRESQLS = {
    "08006": Unreachable,
    "22P02": Refused,
    "25006": NotPermitted,
    "28P01": BadCredentials,
    "28000": BadCredentials,
    "3F000": SchemaMismatch,
    "40001": Refused,
    "40P01": Refused,
    "42501": NotPermitted,
    "42883": SchemaMismatch,
    "42P01": SchemaMismatch,
    "53100": Unreachable,
    "53300": Unreachable,
    "55P03": LockTimedOut,
    "57014": TimedOut,
    "57P01": Unreachable,
    "58030": Unreachable,
    "XX000": Refused,
}
WAY_OUT = re.compile(
    r"(rollout\.\w+\(\)|type the command again|start again|rollout-console migrate|SUPABASE_SECRET_KEY)$"
)


@pytest.mark.parametrize(("code", "kind"), OURS.items())
def test_our_own_class_arrives_word_for_word(code, kind):
    error = from_sqlstate(code, "what {is} wrong; type rollout.status()")
    assert type(error) is kind
    assert str(error) == "what {is} wrong; type rollout.status()"


@pytest.mark.parametrize(("code", "kind"), POSTGRESQLS.items())
def test_postgresqls_codes_get_a_line_that_ends_with_what_to_type(code, kind):
    error = from_sqlstate(code, "Fehler: {x} rollout_history append-only password")
    assert type(error) is kind
    assert "\n" not in str(error)
    assert WAY_OUT.search(str(error)), error


def test_an_unknown_code_is_named():
    assert "(SQLSTATE P0001)" in str(from_sqlstate("P0001", "odd"))


def test_the_table_knows_codes_and_classes():
    assert {len(code) for code in MEANINGS} == {2, 5}
    assert all(re.fullmatch("[0-9A-Z]+", code) for code in MEANINGS)


def failed_to_connect(message: str, *, used_password: bool) -> psycopg.Error:
    error = psycopg.OperationalError(message)
    error._pgconn = SimpleNamespace(used_password=used_password)  # type: ignore[assignment]
    return error


def test_a_login_is_refused_if_the_server_asked_for_the_password_in_any_language():
    refused = translate(failed_to_connect("FATAL:  Passwort-Authentifizierung fehlgeschlagen", used_password=True))
    away = translate(failed_to_connect("Verbindung verweigert: password", used_password=False))
    assert (type(refused), type(away)) == (BadCredentials, Unreachable)
    assert all(WAY_OUT.search(str(error)) for error in (refused, away))


def test_a_database_error_is_translated_by_its_sqlstate():
    assert type(translate(psycopg.errors.QueryCanceled("abgebrochen"))) is TimedOut
    assert type(translate(psycopg.errors.InsufficientPrivilege("append-only"))) is NotPermitted


def test_libpqs_guesses_stay_out_of_the_line_and_what_follows_them_does_not():
    tried = (
        "connection to ::1 failed: refused\n\tIs the server running on that host?\nconnection to 127.0.0.1 failed: no"
    )
    told = str(translate(failed_to_connect(tried, used_password=False)))
    assert "refused connection to 127.0.0.1 failed: no" in told
