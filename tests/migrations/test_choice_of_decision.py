"""R1 and R11: whose decision the application gets is an operator's choice, and what is shown is what it is told."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from rollout_console.access import adoption_notes, choose_decision, compare_decisions
from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.migrate import apply
from tests.migrations.answers import ROLES, TABLES, decisions, rights, sql, stop, told, visible


def test_r1_is_applied_when_an_operator_chooses_it_and_can_be_taken_back(deployed):
    url = deployed("open policies")
    apply(url)
    before = decisions(url)
    client = RolloutClient(PostgresAdapter(url))
    made = choose_decision(url, "readers", {"operator": "tess", "host": "testhost"})
    assert (made.changed, made.was) == (True, "host")
    entry = client.history(1).entries[0]
    assert (entry.command, entry.operator, entry.before, entry.after) == (
        "migrate", "tess", {"decided_by": "host"}, {"decided_by": "readers"})  # fmt: skip
    rows = sql(url, "select count(*) from rollout_history")
    assert not choose_decision(url, "readers", {}).changed
    assert sql(url, "select count(*) from rollout_history") == rows
    ours = decisions(url)
    assert not any(ours["anon", "at_zero"])
    assert ours["anon", "hybrid_progressive_capture"] == [
        client.explain(str(i)).eligible for (i,) in sql(url, "select id from repositories order by id")
    ]
    apply(url)
    assert decisions(url) == ours, "a migration keeps the choice"
    choose_decision(url, "host", {})
    assert decisions(url) == before


def test_r11_everyone_is_told_yes_or_no_and_nothing_else(deployed):
    url = deployed("service-only policies")
    apply(url)
    choose_decision(url, "readers", {})
    assert not any(decisions(url)["anon", "hybrid_progressive_capture"])
    before = rights(url)
    choose_decision(url, "everyone", {})
    asked = decisions(url)
    assert asked["anon", "hybrid_progressive_capture"] == asked["service_role", "hybrid_progressive_capture"]
    assert any(asked["anon", "hybrid_progressive_capture"])
    assert rights(url) == before
    assert {visible(url)["anon", table] for table in TABLES[2:]} == {(0,)}
    stop(url, "hybrid_progressive_capture")
    assert not any(decisions(url)["anon", "hybrid_progressive_capture"])


@pytest.mark.parametrize("shape", ["open policies", "the state of July 2026"])
def test_r11_what_is_shown_is_what_the_application_is_told(deployed, shape):
    """Whoever decides, and at each percentage; with the tables closed to anon, only `everyone` tells anon the same."""
    url = deployed(shape)
    apply(url)
    ids = [str(i) for (i,) in sql(url, "select id from repositories order by id")]
    as_the_api = PostgresAdapter(make_conninfo(url, options="-c role=service_role"))
    for feature in ("hybrid_progressive_capture", "by_size"):
        compared = compare_decisions(url, feature)
        assert (compared.decided_by, compared.asked) == ("host", 80)
        foretold = {
            row.role: {"host": row.now, "readers": row.readers, "everyone": row.everyone} for row in compared.roles
        }
        client = RolloutClient(as_the_api, feature)
        start = client.status().rollout_percentage
        for choice in ("host", "readers", "everyone"):
            choose_decision(url, choice, {})
            answers = {role: told(url, role, feature) for role in ROLES}
            assert {role: sum(answers[role]) for role in ROLES} == {r: f[choice] for r, f in foretold.items()}
            for percentage in (100, start):
                preview, before = client.preview(percentage), sum(answers["service_role"])
                status = client.set_rollout(percentage, "tried", confirm=True).status
                answers = {role: told(url, role, feature) for role in ROLES}
                now = answers["service_role"]
                sizes = client.categories().categories
                case = (feature, choice, percentage)
                assert {status.eligible_repositories, client.stats().eligible_repositories} == {sum(now)}, case
                assert sum(size.eligible for size in sizes) == sum(now), case
                assert client.eligible_repositories(ids) == [i for i, is_in in zip(ids, now, strict=True) if is_in]
                assert [client.explain(i).eligible for i in ids[::9]] == now[::9], case
                if choice == "host":
                    assert (preview.entering, preview.eligible_now) == (None, before)
                else:
                    assert before + (preview.entering or 0) - (preview.leaving or 0) == sum(now), case
                assert answers["anon"] == (now if shape == "open policies" or choice == "everyone" else [False] * 80)
        choose_decision(url, "host", {})
    as_the_api.close()


def test_a_database_without_a_decision_of_the_host_refuses_to_go_back_to_it(fresh_database):
    url = fresh_database()
    with pytest.raises(psycopg.Error, match="had no decision of its own"):
        choose_decision(url, "host", {})
    assert adoption_notes(url) == []
