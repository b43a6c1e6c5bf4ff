"""Database URLs as they are pasted: what is left out, what is refused, and that no password is shown."""

from __future__ import annotations

import os
import traceback

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from rollout_console.adapters.postgres import PostgresAdapter, translate
from rollout_console.connection.database_url import connection_string, place_of
from rollout_console.errors import BadCredentials, NotConfigured, RolloutError, Unreachable
from tests.unit.test_errors import failed_to_connect

GUARDED = {"sslmode": "require", "require_auth": "!password"}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)


def said(url: str) -> dict[str, str]:
    return {name: str(value) for name, value in conninfo_to_dict(connection_string(url)).items()}


@pytest.mark.parametrize(
    "pasted",
    [
        "postgresql://u:p@127.0.0.1:5432/d",
        "postgres://u:p@127.0.0.1:5432/d",
        "postgresql+psycopg2://u:p@127.0.0.1:5432/d",
        "  'postgresql://u:p@127.0.0.1:5432/d'\n",
        "\u201cpostgresql://u:p@127.0.0.1:5432/d\u201d",
        "postgresql://u:p@127.0.0.1:5432/d?pgbouncer=true&connection_limit=1&schema=public&pool_timeout=0",
        "host=127.0.0.1 port=5432 user=u password=p dbname=d",
    ],
)
def test_a_url_of_another_program_leads_to_the_same_database(pasted):
    assert said(pasted) == {"user": "u", "password": "p", "host": "127.0.0.1", "port": "5432", "dbname": "d"}


def test_what_libpq_knows_stays():
    assert said("postgresql://u:p@localhost/d?application_name=x&schema=public&options=-c%20a%3Db") == {
        "user": "u", "password": "p", "host": "localhost", "dbname": "d", "application_name": "x", "options": "-c a=b",
    }  # fmt: skip


def test_an_unknown_parameter_is_named_without_its_value():
    with pytest.raises(NotConfigured, match=r"does not know: colour; leave it out, then start again$") as caught:
        connection_string("postgresql://u:p@db.example/d?colour=hidden")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("character", "@/%?#[ ")
@pytest.mark.parametrize("user", ["postgres.abc:", "postgres:12", "u:"])
def test_no_character_of_a_password_shows_it(character, user):
    url = f"postgresql://{user}hid{character}den@db.example.invalid:5432/postgres"
    shown = [place_of(url), repr(PostgresAdapter(url).target)]
    try:
        password = said(url)["password"]
    except NotConfigured as error:
        shown += [str(error), "".join(traceback.format_exception(error))]
    else:
        assert password.endswith(f"hid{character}den")  # then it reaches the server as it was typed
    assert not any("hid" in text or "den" in text.replace("denied", "") for text in shown), shown


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:a@b@db.example/d", "postgresql://u:a/b@db.example/d", "postgresql://u:a%b@db.example/d"],
)
def test_a_character_that_must_be_percent_encoded_is_named(url):
    with pytest.raises(NotConfigured, match=r"must be percent-encoded: @ is %40"):
        connection_string(url)


def test_supabases_placeholder_is_not_sent_as_a_password():
    with pytest.raises(NotConfigured, match=r"\[YOUR-PASSWORD\] in it; put the password there"):
        connection_string("postgresql://postgres.abc:[YOUR-PASSWORD]@aws-0-eu-west-1.pooler.supabase.com:6543/postgres")


@pytest.mark.parametrize("url", ["https://abc.supabase.co", "postgresql://u:secret", "nonsense"])
def test_what_is_no_database_url_is_refused_without_repeating_it(url):
    with pytest.raises(NotConfigured, match=r"it looks like postgresql://") as caught:
        connection_string(url)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("url", "environment", "asked"),
    [
        ("postgresql://u@db.example/d", {}, GUARDED),
        ("postgresql://u@db.example/d?sslmode=verify-full", {}, {"sslmode": "verify-full", "require_auth": "!password"}),
        ("postgresql://u@db.example/d?sslmode=disable&require_auth=password", {}, {"sslmode": "disable", "require_auth": "password"}),
        ("postgresql://u@db.example/d", {"PGSSLMODE": "prefer"}, {"require_auth": "!password"}),
        ("postgresql://u@db.example/d?sslrootcert=system", {}, {"require_auth": "!password"}),
        ("postgresql:///d", {"PGHOST": "db.example"}, GUARDED),
        ("postgresql://localhost,db.example/d", {}, GUARDED),
        ("postgresql://127.0.0.1/d", {}, {}),
        ("postgresql://[::1]/d", {}, {}),
        ("host=/tmp dbname=d", {}, {}),
        ("service=prod", {}, {}),
    ],
)  # fmt: skip
def test_a_password_crosses_a_network_only_encrypted_and_never_as_it_is(url, environment, asked, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = said(url)
    assert {name: found[name] for name in ("sslmode", "require_auth") if name in found} == asked


def test_the_place_is_what_libpq_will_use(monkeypatch, tmp_path):
    assert place_of("postgresql://u:hidden@db.example:5432/app") == "db.example/app"
    assert place_of("postgresql://u@/") == "localhost/u"
    assert place_of("service=prod") == "service prod"
    monkeypatch.setenv("PGHOST", "elsewhere.example")
    monkeypatch.setenv("PGDATABASE", "shop")
    assert place_of("postgresql://") == "elsewhere.example/shop"
    (tmp_path / "services").write_text("[prod]\nhost=from.service\ndbname=orders\n")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    monkeypatch.setenv("PGSERVICE", "prod")
    monkeypatch.delenv("PGHOST")
    monkeypatch.delenv("PGDATABASE")
    assert place_of("postgresql://") == "from.service/orders"


@pytest.mark.parametrize(
    ("message", "used_password", "kind"),
    [
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", True, Unreachable),
        ("FATAL:  sorry, too many clients already", True, Unreachable),
        ("FATAL:  (ECHECKOUTTIMEOUT) unable to check out connection from the pool", True, Unreachable),
        ("FATAL:  (EMAXCONNSESSION) max clients reached in session mode", True, Unreachable),
        ("FATAL:  (ECIRCUITBREAKER) too many authentication failures", False, Unreachable),
        ("FATAL:  (ENOTFOUND) tenant/user postgres.abc not found", False, Unreachable),
        ('FATAL:  password authentication failed for user "slots"', True, BadCredentials),
        ("FATAL:  Anmeldung verweigert", True, BadCredentials),
        ("connection refused", False, Unreachable),
        ("server does not support SSL, but SSL was required", False, NotConfigured),
        ('FATAL:  database "projct" does not exist', False, NotConfigured),
        ('FATAL:  role "postgers" does not exist', True, NotConfigured),
    ],
)
def test_the_text_of_a_failed_connect_tells_a_full_server_from_a_wrong_password(message, used_password, kind):
    error: RolloutError = translate(failed_to_connect(message, used_password=used_password))
    assert type(error) is kind
    assert "\n" not in str(error)
    if kind is BadCredentials:
        assert "password" in str(error)
        assert "paused" in str(error)


def test_a_right_that_lacks_is_told_to_a_role_and_not_to_a_key():
    told = str(translate(psycopg.errors.InsufficientPrivilege("permission denied for function rollout_status")))
    assert "member of service_role" in told
    assert told.endswith("then start again")
    assert "SUPABASE_SECRET_KEY" not in told
