"""R11: adopting a deployment changes nobody's rights and nobody's decision, and its application goes on."""

from __future__ import annotations

import io
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from rollout_console.access import adoption_notes, choose_decision, compare_decisions, read_access
from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.migrate import apply, rules
from rollout_console.render import Screen, render
from rollout_console.render.access import access_table
from rollout_console.results import AccessRight
from tests.migrations.deployments import SHAPES, deployment
from tests.support import hosted, lite, servers
from tests.support.application import Application, BrowserConsole
from tests.support.channels import ApiChannel, SqlChannel
from tests.support.rows import one_row
from tests.support.terminal import console_environment, run_command

ROLES = ("anon", "authenticated", "service_role")
FEATURES = ("hybrid_progressive_capture", "at_zero", "by_size")
TABLES = ("repositories", "pull_requests", "rollout_configuration", "repository_categories", "rollout_metrics",
          "rollout_history")  # fmt: skip
CATALOGUE = """
    select c.relname, c.relrowsecurity, c.relforcerowsecurity, array(select unnest(c.relacl)::text order by 1),
           array(select row(p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid),
                            pg_get_expr(p.polwithcheck, p.polrelid))::text from pg_policy p
                 where p.polrelid = c.oid order by 1)
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relname = any (%s) order by 1
"""
DECISIONS = """
    select array_agg(is_repository_eligible_for_rollout(id, %s) order by place)
    from unnest(%s::uuid[]) with ordinality i (id, place)
"""
SHAPES_WITH_AND_WITHOUT_ROWS = [(shape, rows) for shape in SHAPES for rows in (True, False)]


@pytest.fixture
def deployed(fresh_database):
    """Build a deployment that is not migrated yet: an older project's, which gave the API's roles all by default."""

    def build(shape: str, *, rows: bool = True) -> str:
        url: str = fresh_database(migrated=False, template=hosted.TEMPLATE_BEFORE)
        sql(url, deployment(shape, rows=rows))
        return url

    return build


def sql(url: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


def rights(url: str) -> tuple[list[tuple[Any, ...]], list[AccessRight]]:
    """The catalogue's own words, and what we derive from them, for the tables that were there before us."""
    return sql(url, CATALOGUE, list(TABLES)), [right for right in read_access(url) if right.table_name in TABLES]


def visible(url: str) -> dict[tuple[str, str], object]:
    """How many rows of each table each role sees; the history of superseded configurations is added by the migration."""
    seen: dict[tuple[str, str], object] = {}
    for role in ROLES:
        for table in TABLES:
            with psycopg.connect(url) as connection:
                connection.execute(f"set local role {role}")
                try:
                    found = connection.execute(
                        f"select count(*) from {table}"
                        + (" where triggered_by is distinct from 'migration'" if table == "rollout_history" else "")
                    ).fetchone()
                except psycopg.errors.InsufficientPrivilege:
                    found = None
            seen[role, table] = found
    return seen


def told(url: str, role: str, feature: str) -> list[bool]:
    """What a role is answered for every repository; as for the application, an error is a no."""
    ids = [i for (i,) in sql(url, "select id from repositories order by id")]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"set role {role}")
        try:
            return one_row(connection.execute(DECISIONS, (feature, ids)))[0] or []
        except psycopg.Error:  # for one of them, or for all
            return [is_eligible(connection, i, feature) for i in ids]


def decisions(url: str) -> dict[tuple[str, str], list[bool]]:
    """What each role is answered for every repository and feature."""
    return {(role, feature): told(url, role, feature) for role in ROLES for feature in FEATURES}


def is_eligible(connection: psycopg.Connection[Any], repository: object, feature: str) -> bool:
    try:
        asked = connection.execute("select is_repository_eligible_for_rollout(%s, %s)", (repository, feature))
    except psycopg.Error:
        return False
    return bool(one_row(asked)[0])


def stop(url: str, feature: str) -> RolloutClient:
    client = RolloutClient(PostgresAdapter(url), feature)
    client.emergency_stop("incident")
    return client


@pytest.mark.parametrize(("shape", "rows"), SHAPES_WITH_AND_WITHOUT_ROWS)
def test_r11_adoption_changes_nobodys_rights_and_nobodys_decision(deployed, shape, rows):
    url = deployed(shape, rows=rows)
    before = rights(url), visible(url), decisions(url)
    apply(url)
    assert (rights(url), visible(url), decisions(url)) == before
    sql(url, "update rollout.rules set checksum = 'of older rules'")
    assert [str(part) for part in apply(url).parts] == [str(rules())]
    assert (rights(url), visible(url), decisions(url)) == before


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


def test_the_notes_name_what_an_operator_must_know(deployed):
    url = deployed("service-only policies")
    sql(url, "revoke insert on rollout_history from service_role")
    sql(url, "create policy rollout_public_read on rollout_metrics for select using (true)")  # by commit 14f76b8
    apply(url)
    answered, reopened, lacking = adoption_notes(url)
    assert "rollout-console migrate --dry-run" in answered
    assert "drop policy rollout_public_read on rollout_metrics;" in reopened
    assert "service_only_all" in reopened
    assert "grant insert on rollout_history to service_role;" in lacking
    assert visible(url)["anon", "rollout_metrics"] == (3,), "left as it was found"


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


def test_migrate_and_verify_show_rights_before_and_after_and_whose_decision_it_is(deployed, tmp_path):
    url = deployed("service-only policies")
    env = console_environment(tmp_path, ROLLOUT_DATABASE_URL=url)
    planned = run_command(env, "migrate", "--dry-run").stdout
    assert "no role's rights or decisions change" in planned
    assert sql(url, "select to_regclass('rollout.rules'), to_regproc('rollout.access')") == [(None, None)]
    applied = run_command(env, "migrate").stdout
    (metrics,) = [line.split("  ") for line in applied.splitlines() if line.startswith(" rollout_metrics ")]
    assert [cell.strip() for cell in metrics if cell.strip()] == [
        "rollout_metrics", "read by policy, write by policy", "read by policy, write by policy", "read, write"]  # fmt: skip
    assert "→" not in applied, "nobody's rights have changed"
    assert "rollout.job_counts (new)" in applied
    assert "still answered by the host's own function" in applied
    compared = run_command(env, "migrate", "--dry-run").stdout
    (anon,) = [line.split() for line in compared.splitlines() if line.startswith("-- anon ")]
    assert anon[-3:-1] == ["0", "0"]
    assert int(anon[-1]) > 0
    switched = run_command(env, "migrate", "--decision", "everyone").stdout
    assert "ours, for every role that may ask (everyone) from now on; before: host" in switched
    verified = run_command(env, "verify")
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "rollout_metrics" in verified.stdout
    assert "ours, for every role that may ask (everyone)" in verified.stdout
    refused = run_command(env, "migrate", "--decision", "nobody")
    assert refused.returncode == 2


def test_rights_that_do_change_are_shown(screen_of_a_pipe):
    before = AccessRight(table_name="t", role="anon", read="yes", insert="no", update="no", delete="no")
    after = AccessRight(table_name="t", role="anon", read="no", insert="by policy", update="no", delete="no")
    assert "read → insert by policy" in access_table([before], [after], screen_of_a_pipe)


@pytest.fixture
def screen_of_a_pipe():
    return Screen.of(io.StringIO())
