"""R11: adopting a deployment changes nobody's rights and nobody's decision, and its application goes on."""

from __future__ import annotations

from typing import Any

import pytest

from rollout_console.access import choose_decision, compare_decisions, read_access
from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.migrate import apply, pending, rules
from rollout_console.render import Screen, render
from tests.migrations.answers import FEATURES, TABLES, decisions, rights, sql, stop, visible
from tests.migrations.deployments import SHAPES, deployment
from tests.support import hosted, lite, servers
from tests.support.application import Application, BrowserConsole
from tests.support.channels import ApiChannel, SqlChannel

SHAPES_WITH_AND_WITHOUT_ROWS = [(shape, rows) for shape in SHAPES for rows in (True, False)]


@pytest.mark.parametrize(("shape", "rows"), SHAPES_WITH_AND_WITHOUT_ROWS)
def test_r11_adoption_changes_nobodys_rights_and_nobodys_decision(deployed, shape, rows):
    url = deployed(shape, rows=rows)
    before = rights(url), visible(url), decisions(url)
    apply(url)
    assert (rights(url), visible(url), decisions(url)) == before
    sql(url, "update rollout.rules set checksum = 'of older rules'")
    assert [str(part) for part in apply(url).parts] == [str(rules())]
    assert (rights(url), visible(url), decisions(url)) == before


OF_THE_HOST = """
    create table rollout_payouts (id integer, secret text);
    alter table rollout_payouts enable row level security;
    create table rollout_status (id integer);  -- one of our functions is called so
    revoke all on rollout_payouts, rollout_status from anon;
    create function rollout_secret() returns text stable security definer language sql
        as 'select secret from rollout_payouts';
    revoke execute on function rollout_secret() from public, anon;
    create table rollout_feedback (id integer, context text);
    create function rollout_answer(feature_name text, context jsonb) returns void language sql
        as 'insert into rollout_feedback values (1, feature_name)';
    create function rollout_silenced() returns trigger language plpgsql as 'begin return null; end';
    create trigger silenced before insert on rollout_feedback for each row execute function rollout_silenced();
    alter table rollout_feedback disable trigger silenced;
"""
RIGHTS = """
    select c.relname::text as name, c.relacl::text, c.relrowsecurity,
           array(select p.polname from pg_policy p where p.polrelid = c.oid)::text,
           array(select (t.tgname, t.tgenabled) from pg_trigger t where t.tgrelid = c.oid)::text
    from pg_class c where c.relname = any (%s)
    union all
    select p.proname, p.proacl::text, p.prosecdef, p.proconfig::text, null
    from pg_proc p where p.proname = any (%s) order by 1
"""


def test_r11_what_else_the_host_has_under_a_name_like_ours_is_its_own(deployed):
    url = deployed("open policies")
    sql(url, OF_THE_HOST)
    tables = ["rollout_payouts", "rollout_status", "rollout_feedback"]
    theirs = (RIGHTS, tables, ["rollout_secret", "rollout_answer", "rollout_silenced"])
    before = sql(url, *theirs)
    apply(url)
    assert sql(url, *theirs) == before
    assert set(tables).isdisjoint(right.table_name for right in read_access(url))
    sql(url, "alter table rollout_payouts disable row level security; grant select on rollout_payouts to anon")
    assert pending(url) == ([], []), "what the host does with them is no difference"


def test_r11_the_shapes_differ_in_what_the_tests_compare(deployed):
    """Otherwise the comparison above would prove nothing."""
    opened, closed = deployed("open policies"), deployed("service-only policies")
    assert visible(opened)["anon", "rollout_metrics"] == (3,)
    assert visible(closed)["anon", "rollout_metrics"] == (0,)
    assert any(decisions(opened)["anon", "hybrid_progressive_capture"])
    assert any(decisions(opened)["anon", "at_zero"]), "the host's hash is negative for half of them"
    assert not any(decisions(closed)["anon", "hybrid_progressive_capture"])
    assert any(decisions(closed)["service_role", "hybrid_progressive_capture"])


def test_r11_reports_through_the_hosts_insert_policy_arrive_and_trip_the_breaker(deployed):
    url = deployed("an insert policy for anon")
    apply(url)
    repository = sql(url, "select id from repositories limit 1")[0][0]
    application = Application(SqlChannel(url, "anon"))
    client = RolloutClient(PostgresAdapter(url))
    before = client.stats().total_jobs
    for _ in range(3):
        application.record_metrics(repository, success=True)
    assert application.logged == []
    assert client.stats().total_jobs == before + 3
    for _ in range(40):
        application.record_metrics(repository, success=False, error="boom")
    assert application.logged == []
    tripped = client.status()
    assert tripped.rollout_percentage == 0
    assert tripped.last_change is not None
    assert (tripped.last_change.action, tripped.last_change.database_role) == ("rollback", "anon")


def test_r11_reports_stay_refused_where_the_host_refuses_them(deployed):
    url = deployed("open policies")
    apply(url)
    application = Application(SqlChannel(url, "anon"))
    application.record_metrics(sql(url, "select id from repositories limit 1")[0][0], success=True)
    assert "row-level security" in application.logged[0]


def test_a_stop_wins_whoever_decides(deployed):
    url = deployed("open policies")
    apply(url)
    stopping = "an emergency stop is on"
    assert stopping not in render(compare_decisions(url, FEATURES[0]), Screen())
    for choice in ("host", "readers", "everyone"):
        choose_decision(url, choice, {"operator": "tess"})
        stopped = [stop(url, feature) for feature in FEATURES]
        assert not any(map(any, decisions(url).values())), choice
        assert stopping in render(compare_decisions(url, FEATURES[0]), Screen()), (
            "or no difference looks like agreement"
        )
        for client in stopped:
            client.resume(confirm=True)


def test_r8_a_rollback_to_zero_takes_effect_although_the_host_lets_half_in_at_zero(deployed):
    url = deployed("open policies")
    apply(url)
    before = decisions(url)
    listed = sql(url, "select md5('7')::uuid")[0][0]
    RolloutClient(PostgresAdapter(url)).rollback_to_zero()
    after = decisions(url)
    assert sum(after["anon", "hybrid_progressive_capture"]) <= 1, "the whitelist alone"
    assert Application(SqlChannel(url, "anon")).is_eligible(listed)
    assert after["anon", "at_zero"] == before["anon", "at_zero"], "nobody has changed this one"


def test_r11_what_an_operator_closes_stays_closed(fresh_database):
    """On tables that we created, too: our documentation once advised this very statement."""
    url = fresh_database()
    RolloutClient(PostgresAdapter(url)).create()
    sql(url, "drop policy rollout_public_read on rollout_configuration; revoke select on rollout_metrics from anon")
    before = rights(url)
    apply(url)
    sql(url, "update rollout.rules set checksum = 'of older rules'")
    apply(url)
    assert rights(url) == before


@pytest.mark.parametrize(
    "shape", [pytest.param(shape, marks=pytest.mark.long if number > 1 else ()) for number, shape in enumerate(SHAPES)]
)
def test_r11_through_the_api_the_application_is_answered_as_before(postgres15_url, shape):
    name = f"adopted_{abs(hash(shape)) % 10**9}"
    url = servers.create_database(postgres15_url, name, migrated=False, template=hosted.TEMPLATE_BEFORE)
    sql(url, deployment(shape))
    ids = [str(i) for (i,) in sql(url, "select id from repositories order by id limit 25")]

    def answers(api: lite.Api) -> list[Any]:
        found: list[Any] = []
        for role in ("anon", "service_role"):
            application = BrowserConsole(ApiChannel(api, role))
            found.append([application.is_eligible(i, feature) for i in ids[:10] for feature in FEATURES])
            found.append([len(application.channel.select(table, {})) for table in TABLES[2:5]])
            application.logged.clear()
            application.record_metrics(ids[3], success=True)
            found.append(bool(application.logged))
        return found

    with lite.lite_server(url) as api:
        before = answers(api)
    sql(url, "delete from rollout_metrics where created_at > now() - interval '10 hours'")
    apply(url)
    with lite.lite_server(url) as api:
        assert answers(api) == before
