"""The API of the tests answers as PostgREST's specification says, where @supabase/lite answers otherwise."""

from __future__ import annotations

import threading

import httpx
import pytest

from rollout_console.errors import SchemaMismatch
from rollout_console.migrate import apply

FUNCTIONS = """
    create function raise_state(code text, message text default 'odd', detail text default 'why') returns integer
    language plpgsql as $$ begin raise exception using errcode = code, message = message, detail = detail, hint = 'so'; end $$;
    create function settings() returns jsonb language sql {volatility} as $$
        select jsonb_build_object('role', current_user, 'login', session_user, 'read_only', current_setting('transaction_read_only'),
            'timeout', current_setting('statement_timeout'), 'isolation', current_setting('transaction_isolation'),
            'claim', current_setting('request.jwt.claims')::jsonb ->> 'role') $$;
    create function slow() returns void language plpgsql set statement_timeout = '50ms' as $$
        begin perform pg_sleep(10); end $$;
    create function nothing() returns void language sql as $$ $$;
    create function null_json() returns jsonb language sql as $$ select null::jsonb $$;
    create function many() returns setof integer language sql as $$ select generate_series(1, 3) $$;
    create function kinds(a jsonb, b numeric, c uuid[] default null, d text default 'left out') returns jsonb language sql
        as $$ select jsonb_build_object('a', jsonb_typeof(a), 'b', b, 'c', cardinality(c), 'd', d) $$;
    create function twice(a text) returns text language sql as $$ select a $$;
    create function twice(a integer) returns text language sql as $$ select 'x' $$;
    notify pgrst;
"""
DROP = """
    drop function if exists raise_state, settings, slow, nothing, null_json, many, kinds;
    drop function if exists twice(text), twice(integer);
    notify pgrst;
"""

# SQLSTATE, message: status. ErrorSpec, PgSafeUpdateSpec, RpcSpec, AuthSpec; Error.hs for what no test shows.
STATES = {
    ("57P01", "x"): 503, ("57014", "x"): 500, ("53300", "x"): 503, ("53400", "x"): 500, ("40001", "x"): 500,
    ("21000", "x"): 500, ("21000", "UPDATE requires a WHERE clause"): 400, ("22023", "x"): 400,
    ("22023", 'role "x" does not exist'): 401, ("PT418", "x"): 418, ("PTABC", "x"): 500, ("42501", "x"): 403,
    ("P0001", "x"): 400, ("P0002", "x"): 500, ("XX000", "x"): 500, ("RC002", "x"): 400, ("23505", "x"): 409,
    ("25006", "x"): 405, ("28P01", "x"): 403, ("42P01", "x"): 404, ("08006", "x"): 503, ("54001", "x"): 500,
}  # fmt: skip


@pytest.fixture
def asked(spoken):
    """Ask the API over functions of our own: `asked("POST", "rpc/settings", json={})`."""
    spoken.sql(FUNCTIONS.format(volatility="volatile"))

    def ask(method, path, key=spoken.api.secret_key, headers=None, **more):
        return httpx.request(
            method, f"{spoken.proxy.url}/rest/v1/{path}", headers={"apikey": key} | (headers or {}), **more
        )

    yield ask
    spoken.sql(DROP)


def called(asked, function, **arguments):
    return asked("POST", f"rpc/{function}", json=arguments)


def test_an_error_of_the_database_has_the_status_of_its_state(asked):
    for (code, message), status in STATES.items():
        answer = called(asked, "raise_state", code=code, message=message)
        assert answer.status_code == status, code
        assert answer.json() == {"code": code, "message": message, "details": "why", "hint": "so"}
        assert answer.headers["proxy-status"] == f"PostgREST; error={code}"
        assert ("retry-after" in answer.headers) is (status == 503)
        assert ("www-authenticate" in answer.headers) is (status == 401)


def test_a_function_may_say_itself_what_is_answered(asked):
    body, how = '{"code": "123", "message": "tea"}', '{"status": 418, "headers": {"x-tea": "yes"}}'
    answer = called(asked, "raise_state", code="PGRST", message=body, detail=how)
    assert (answer.status_code, answer.json()["code"], answer.headers["x-tea"]) == (418, "123", "yes")
    assert called(asked, "raise_state", code="PGRST").json()["code"] == "PGRST121"


def test_each_request_has_the_role_of_its_key_and_the_limits_of_the_login(spoken, asked):
    assert called(asked, "settings").json() == {
        "role": "service_role", "login": "authenticator", "read_only": "off", "timeout": "8s",
        "isolation": "read committed", "claim": "service_role",
    }  # fmt: skip
    reading = asked("POST", "rpc/settings", spoken.api.publishable_key, json={}).json()
    assert (reading["role"], reading["timeout"]) == ("anon", "3s")
    spoken.sql("alter function settings() stable; notify pgrst")
    assert called(asked, "settings").json()["read_only"] == "on"
    slow = called(asked, "slow")
    assert (slow.status_code, slow.json()["code"]) == (500, "57014")


def test_values_go_there_and_back_as_they_are(asked):
    assert called(asked, "kinds", a="a string", b=1, c=[]).json() == {"a": "string", "b": 1, "c": 0, "d": "left out"}
    given = called(asked, "kinds", a={}, b=1, d=None).json()
    assert given == {"a": "object", "b": 1, "c": None, "d": None}
    assert (
        "12345678901234567890.10" in asked("POST", "rpc/kinds", content='{"a": 1, "b": 12345678901234567890.10}').text
    )
    assert called(asked, "kinds", a=1, b="x").json()["code"] == "22P02"
    assert called(asked, "null_json").text == "null"
    assert called(asked, "many").json() == [1, 2, 3]
    nothing = called(asked, "nothing")
    assert (nothing.status_code, nothing.content, "content-type" in nothing.headers) == (204, b"", False)


def test_a_call_is_resolved_by_the_names_of_its_arguments(asked):
    for function, arguments in (("kinds", {"a": 1}), ("kinds", {"a": 1, "b": 1, "z": 1}), ("none", {})):
        missing = called(asked, function, **arguments)
        assert (missing.status_code, missing.json()["code"]) == (404, "PGRST202")
    both = called(asked, "twice", a="1")
    assert (both.status_code, both.json()["code"]) == (300, "PGRST203")


def test_what_the_gateway_and_the_schema_refuse(spoken, asked):
    assert asked("POST", "rpc/settings", "sb_secret_x", json={}).json()["message"] == "Invalid API key"
    assert httpx.post(f"{spoken.proxy.url}/rest/v1/rpc/settings").json()["message"] == "No API key found in request"
    other = asked("POST", "rpc/settings", headers={"authorization": "Bearer sb_other"}, json={})
    assert (other.status_code, other.json()["code"]) == (401, "PGRST301")
    assert asked("POST", "rpc/settings", headers={"content-profile": "private"}, json={}).json()["code"] == "PGRST106"
    assert asked("POST", "rpc/settings", content="{").json()["code"] == "PGRST102"
    assert asked("GET", "no_table").json()["code"] == "PGRST205"
    assert asked("PATCH", "rollout_configuration", json={"no_column": 1}).json()["code"] == "PGRST204"


def test_rows_are_read_and_changed_through_filters(spoken, asked):
    one = "rollout_configuration?feature_name=eq.hybrid_progressive_capture&is_active=is.true"
    shown = asked(
        "PATCH",
        f"{one}&select=emergency_stop",
        headers={"prefer": "return=representation"},
        json={"emergency_stop": True},
    )
    assert (shown.status_code, shown.json()) == (200, [{"emergency_stop": True}])
    silent = asked("PATCH", f"{one}&emergency_stop=not.is.true", json={"emergency_stop": False})
    assert (silent.status_code, silent.content) == (204, b"")
    assert spoken.client.status().emergency_stop
    newest = asked("GET", "rollout_history?select=action,new_percentage&order=created_at.desc&limit=1")
    assert newest.json() == [{"action": "emergency_stop", "new_percentage": 0}]
    refused = asked("PATCH", one, spoken.api.publishable_key, json={"emergency_stop": True})
    assert refused.status_code in (204, 401)  # by row-level security, or for want of the privilege


def test_a_request_waits_for_a_connection_of_the_pool(spoken, asked, monkeypatch):
    monkeypatch.setattr(spoken.proxy, "acquisition_timeout", 0.05)
    monkeypatch.setattr(spoken.proxy, "free", threading.BoundedSemaphore(1))
    with spoken.proxy.connection():
        full = called(asked, "settings")
    assert (full.status_code, full.json()["code"], "retry-after" in full.headers) == (504, "PGRST003", False)


def test_a_stale_schema_cache_is_waited_for_and_migrate_has_it_read_again(spoken):
    apply(spoken.url)  # from here on there is nothing to do
    nothing = spoken.proxy.catalogue._replace(functions={})
    spoken.proxy.stale, spoken.proxy.catalogue, spoken.client.adapter.patience = True, nothing, 0.3
    with pytest.raises(SchemaMismatch, match=r"or its API has not read them yet .*: rollout-console migrate$"):
        spoken.client.status()
    spoken.proxy.stale, spoken.client.adapter.patience = False, 10
    assert spoken.proxy.known().functions  # what was notified before has been heard
    spoken.proxy.catalogue = nothing
    notifying = threading.Timer(0.3, apply, [spoken.url])
    notifying.start()
    assert spoken.client.status().rollout_percentage == 0
    notifying.join()
