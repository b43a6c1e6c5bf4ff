"""R11 through the API: what the publishable key may do, tried on every table and function."""

from __future__ import annotations

import pytest

from rollout_console.adapters.supabase import SupabaseAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import NotPermitted
from tests.support.catalogue import a_column, busy_rollout, contents, functions, tables


@pytest.fixture
def through_api(api):
    """A console with the publishable key, and the API's client for what the console would never send."""
    running, _ = api
    adapter = SupabaseAdapter(running.url, running.publishable_key)
    yield adapter
    adapter.close()


@pytest.fixture
def kind():
    return "supabase"


@pytest.fixture
def busy(rollout):
    return busy_rollout(rollout)


def test_r11_the_publishable_key_executes_nothing_that_could_write(busy, through_api):
    before = contents(busy)
    for function in functions(busy):
        if function.volatile == "v" and not function.is_trigger and not function.name.startswith("rollout."):
            with pytest.raises(NotPermitted, match="permission denied for function"):
                through_api.call(function.name, **dict.fromkeys(function.argument_names or []))
    assert contents(busy) == before


def test_r11_the_publishable_key_writes_no_table(busy, through_api):
    from postgrest.exceptions import APIError

    before = contents(busy)
    client = through_api._open()
    for table in tables(busy):
        if table.startswith("rollout."):
            with pytest.raises(APIError, match="schema"):
                client.schema("rollout").table(table.removeprefix("rollout.")).select("*").limit(1).execute()
            continue
        column = a_column(busy, table)
        rows = client.table(table).select(column).limit(1).execute().data
        assert rows or not busy.value(f"select count(*) from {table}"), table
        first = (column, rows[0][column] if rows else "0")
        requests = {
            "insert": client.table(table).insert(dict([first])),
            "update": client.table(table).update(dict([first])).eq(*first),
            "upsert": client.table(table).upsert(dict([first])),
            "delete": client.table(table).delete().eq(*first),
        }
        for request in requests.values():
            try:
                answer = request.execute()
            except APIError:
                continue  # refused outright
            assert answer.data == [], f"{table}: row-level security must hide every row from a write"
    assert contents(busy) == before


def test_r11_the_publishable_key_reads_every_report(busy, through_api):
    client = RolloutClient(through_api)
    assert client.status().rollout_percentage == 50
    for report in (client.stats, client.categories, client.show_metrics, client.error_trend, client.phases,
                   client.show_whitelist, client.history, client.overview):  # fmt: skip
        report()
    assert client.preview(25).to_percentage == 25
    assert client.explain("acme/repo-1").full_name == "acme/repo-1"
    assert "acme/repo-1" in client.find_repositories("acme/repo-1")


def test_r11_without_a_key_the_api_answers_nothing(busy, through_api, api):
    import httpx

    answer = httpx.post(f"{api[0].url}/rest/v1/rpc/rollout_status", json={}, trust_env=False)
    assert answer.status_code == 401
    assert "rollout_percentage" not in answer.text
