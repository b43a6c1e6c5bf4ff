"""The migrations: on nothing, on the existing deployment, twice, and mixed with the Supabase CLI."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from rollout_console.adapters.postgres import PostgresAdapter, translate
from rollout_console.client import RolloutClient
from rollout_console.errors import SchemaMismatch
from rollout_console.migrate import Rules, Step, apply, pending, rules, steps
from tests.migrations.deployments import EXISTING
from tests.support import ROOT
from tests.support.waiting import wait_until


@pytest.fixture
def existing(fresh_database):
    url = fresh_database(migrated=False)
    with psycopg.connect(url) as connection:
        connection.execute(EXISTING)
    return url


def rows(url: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


def client(url: str, feature: str = "hybrid_progressive_capture") -> RolloutClient:
    return RolloutClient(PostgresAdapter(url), feature)


def test_an_empty_database_gets_everything_and_a_second_run_does_nothing(fresh_database):
    url = fresh_database(migrated=False)
    assert list(map(str, apply(url).parts)) == [*map(str, steps()), str(rules())]
    assert apply(url).parts == []
    assert client(url).create(5).status.rollout_percentage == 5


def test_applying_the_files_again_by_hand_does_no_harm(existing):
    apply(existing)
    client(existing).set_rollout(33)
    snapshot = (
        "select to_jsonb(c) from rollout_configuration c order by id",
        "select count(*) from rollout_history",
    )
    before = [rows(existing, s) for s in snapshot]
    parts: list[Step | Rules] = [*steps(), rules()]
    with psycopg.connect(existing, autocommit=True) as connection:
        for part in parts:
            connection.execute(part.whole)
    assert [rows(existing, s) for s in snapshot] == before
    assert client(existing).stats().total_jobs == 10


def test_adopting_keeps_every_row_and_column(existing):
    def columns():
        return set(
            rows(
                existing,
                "select table_name, column_name, data_type from information_schema.columns where table_schema = 'public'",
            )
        )

    tables = ("repositories", "repository_categories", "rollout_metrics", "rollout_configuration")
    counts = [rows(existing, f"select count(*) from {t}") for t in tables]
    before = columns()
    apply(existing)
    assert [rows(existing, f"select count(*) from {t}") for t in tables] == counts
    assert before <= columns()


def test_adopting_keeps_the_newest_of_two_active_configurations_and_records_it(existing):
    apply(existing)
    active = rows(
        existing, "select rollout_percentage from rollout_configuration where is_active order by feature_name"
    )
    assert active == [(10,), (0,)]
    recorded = rows(
        existing,
        "select reason from rollout_history where triggered_by = 'migration' and metadata->'after' ? 'is_active'",
    )
    told = "another active configuration of the same feature is newer, or as new and lets fewer in"
    assert recorded == [(told,)]
    with pytest.raises(psycopg.errors.UniqueViolation):
        rows(existing, "update rollout_configuration set is_active = true returning 1")


def test_an_adopted_rollout_works(existing):
    apply(existing)
    c = client(existing)
    status = c.status()
    assert (status.rollout_percentage, status.rollout_strategy) == (10, "percentage")
    assert c.stats().total_jobs == 10
    health = c.status().health
    assert (health.jobs, health.control.jobs, health.control.error_rate) == (0, 10, 10), "an older row has no arm"
    assert c.show_metrics().processors[0].average_seconds == 12.5
    assert c.explain("acme/r1").pinned_as_test, "marked by hand, since 9000 stars are no test repository"
    assert c.categorize_all().processed == 60
    assert c.explain("acme/r1").category == "test"
    assert c.stats().total_repositories == 60
    assert c.check_health().action == "none"
    assert c.set_rollout(20).changed


def test_adopted_nulls_become_the_defaults(existing):
    apply(existing)
    status = client(existing, "other_feature").status()
    assert (status.rollout_percentage, status.emergency_stop, status.rollout_strategy) == (
        0,
        False,
        "repository_size",
    )
    assert (status.max_error_rate, status.monitoring_window_hours, status.target_repositories) == (5, 24, [])


def test_the_applications_functions_keep_name_arguments_and_result(existing):
    signature = (
        "select pg_get_function_identity_arguments(oid), pg_get_function_arguments(oid), prorettype::regtype::text"
        " from pg_proc where pronamespace = 'public'::regnamespace and proname in ('categorize_repository', 'is_repository_eligible_for_rollout') order by proname"
    )
    before = rows(existing, signature)
    apply(existing)
    assert rows(existing, signature) == before


def test_everything_public_carries_a_comment(fresh_database):
    url = fresh_database()
    bare = rows(
        url,
        "select proname from pg_proc where pronamespace in ('public'::regnamespace, 'rollout'::regnamespace)"
        " and obj_description(oid, 'pg_proc') is null"
        " union all select relname from pg_class where relkind in ('r', 'v') and obj_description(oid, 'pg_class') is null"
        " and (relnamespace = 'rollout'::regnamespace"
        "      or relnamespace = 'public'::regnamespace and relname like 'rollout%')",
    )
    assert bare == []


def test_the_ledger_of_the_supabase_cli_is_left_alone(existing):
    ledger = "select * from supabase_migrations.schema_migrations"
    rows(
        existing,
        "create schema supabase_migrations; create table supabase_migrations.schema_migrations ("
        " version text primary key, statements text[], name text);"
        "insert into supabase_migrations.schema_migrations values ('20200101000000', array['select 1'], 'of_the_host')",
    )
    before = rows(existing, ledger)
    apply(existing)
    assert rows(existing, ledger) == before
    assert rows(existing, "select version, name, applied_by = current_user from rollout.migrations order by 1") == [
        (step.version, step.name, True) for step in steps()
    ]


def test_a_step_of_other_content_stops_before_anything_is_changed(existing):
    apply(existing)
    rows(existing, "update rollout.migrations set checksum = 'other' where version = %s", steps()[3].version)
    with pytest.raises(SchemaMismatch, match=f"another migration {steps()[3].version}"):
        pending(existing)
    with pytest.raises(SchemaMismatch):
        apply(existing)


def test_many_at_once_apply_each_part_once(fresh_database):
    url = fresh_database(migrated=False)
    applied: list[str] = []
    threads = [threading.Thread(target=lambda: applied.extend(map(str, apply(url).parts))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == [*map(str, steps()), str(rules())]


def test_r13_beside_a_deployment_of_the_host_that_replaces_the_same_function_it_says_what_to_type(existing):
    apply(existing)
    rows(existing, "delete from rollout.rules")
    with psycopg.connect(existing) as host, ThreadPoolExecutor(1) as console:
        host.execute(
            "create or replace function rollout.is_held_for_good(config rollout_configuration) returns boolean"
            " language sql immutable as 'select false'"
        )
        migrating = console.submit(apply, existing)
        wait_until(lambda: rows(existing, "select 1 from pg_stat_activity where wait_event_type = 'Lock'") != [])
        host.commit()
        with pytest.raises(psycopg.Error) as refusal:
            migrating.result()
    assert str(translate(refusal.value)) == (
        "another change was made meanwhile (tuple concurrently updated); nothing was changed: type the command again"
    )
    assert list(map(str, apply(existing).parts)) == [str(rules())]


APPLICATION_WRITES = "update rollout_metrics set updated_at = now()"  # a row that it adds to
APPLICATION_READS = "select rollout_percentage from rollout_configuration where is_active"
WE_READ = "select (rollout.active('hybrid_progressive_capture')).rollout_percentage"
WE_WRITE = "select record_rollout_job(null, 'inngest', true)"


@pytest.mark.parametrize(
    ("version", "first", "then"),
    [
        ("adopted", APPLICATION_WRITES, APPLICATION_READS),
        ("adopted", APPLICATION_READS, APPLICATION_WRITES),
        ("upgraded", APPLICATION_WRITES, APPLICATION_READS),
        ("upgraded", WE_READ, WE_WRITE),
    ],
)
def test_r13_whoever_holds_a_table_and_needs_the_next_one_is_not_refused_by_a_migration(existing, version, first, then):
    if version == "upgraded":
        apply(existing)
        rows(existing, "delete from rollout.migrations where version = (select max(version) from rollout.migrations)")
    with psycopg.connect(existing) as host, ThreadPoolExecutor(1) as console:
        host.execute(first)
        migrating = console.submit(apply, existing)
        wait_until(lambda: rows(existing, "select 1 from pg_locks where not granted") != [])
        host.execute(then)
        host.commit()
        assert migrating.result().parts


def test_r13_a_migration_gives_way_to_whoever_stays_in_a_transaction(existing):
    with psycopg.connect(existing) as host:
        host.execute(APPLICATION_WRITES)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            apply(existing)
    assert rows(existing, "select to_regnamespace('rollout')") == [(None,)]


def test_indexes_that_were_built_before_as_the_page_says_are_those_that_a_migration_builds(existing, fresh_database):
    page = (ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8")
    statements = re.findall(r"create index concurrently if not exists (\w+).*?;", page, re.DOTALL)
    built = "select indexname::text, indexdef from pg_indexes where schemaname = 'public' and indexname = any (%s)"
    with psycopg.connect(existing, autocommit=True) as connection:
        for statement in re.finditer(r"create index concurrently.*?;", page, re.DOTALL):
            connection.execute(statement[0])
    before = sorted(rows(existing, built, statements))
    apply(existing)
    assert sorted(rows(existing, built, statements)) == before == sorted(rows(fresh_database(), built, statements))
    assert len(before) == 3


def test_rules_are_applied_when_they_differ_and_older_ones_are_replaced(existing):
    apply(existing)
    rows(existing, "update rollout.rules set checksum = 'of older rules'")
    rows(
        existing,
        "create or replace function rollout.is_eligible(reason text) returns boolean language sql as 'select true'",
    )
    assert [str(part) for part in pending(existing).parts] == [str(rules())]
    assert [str(part) for part in apply(existing).parts] == [str(rules())]
    assert not rows(existing, "select rollout.is_eligible('blacklist')")[0][0]
    assert pending(existing) == ([], [])


def test_a_failing_part_leaves_what_was_there_before(existing, monkeypatch):
    wrong = Rules(rules().sql + "select 1 / 0;")
    monkeypatch.setattr("rollout_console.migrate.rules", lambda: wrong)
    everything = "select to_regnamespace('rollout'), array(select p.polname::text from pg_policy p), array(" \
        "select oid::regprocedure::text from pg_proc where pronamespace = 'public'::regnamespace order by 1), (" \
        "select count(*) from information_schema.columns where table_schema = 'public')"  # fmt: skip
    before = rows(existing, everything)
    with pytest.raises(psycopg.errors.DivisionByZero):
        apply(existing)
    assert rows(existing, everything) == before


def test_r11_what_is_added_later_is_closed_by_the_next_migrate(fresh_database):
    existing = fresh_database()
    rows(existing, "create table rollout.added (id integer generated always as identity)")
    rows(existing, "grant all on rollout.added to anon")
    rows(
        existing,
        "create function rollout.add() returns void language sql as 'insert into rollout.added default values'",
    )
    rows(existing, "create function rollout.see() returns bigint stable language sql as 'select 1::bigint'")
    allowed = (
        "select has_table_privilege('anon', 'rollout.added', 'insert'),"
        " has_function_privilege('anon', 'rollout.add()', 'execute'),"
        " has_function_privilege('public', 'rollout.see()', 'execute'),"
        " relrowsecurity from pg_class where relname = 'added'"
    )
    assert rows(existing, allowed) == [(True, True, True, False)], "the test stands on what is open"
    assert "table rollout.added was added" in pending(existing).differences
    assert [str(part) for part in apply(existing).parts] == [str(rules())]
    assert rows(existing, allowed) == [(False, False, False, True)]
    assert rows(existing, "select has_function_privilege('anon', 'rollout.see()', 'execute')") == [(True,)]


def test_an_older_console_does_not_put_older_rules_in_place(existing):
    apply(existing)
    rows(existing, "update rollout.rules set checksum = 'of newer rules'")
    rows(
        existing,
        "create or replace function rollout_schema_version() returns integer immutable language sql as 'select 99'",
    )
    with pytest.raises(SchemaMismatch, match=r"schema version 99.*upgrade rollout-console"):
        apply(existing)


def test_another_host_adapts_by_redefining_the_view_alone(fresh_database):
    url = fresh_database()
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into repositories (github_id, full_name, owner, name) values (1, 'a/b', 'a', 'b');"
            "create or replace view rollout_host_repositories with (security_invoker = true) as"
            " select id, full_name, 7000 as star_count, 1 as contributor_count, 1 as pr_count from repositories"
        )
    c = client(url)
    c.create()
    c.categorize_all()
    assert c.explain("a/b").category == "enterprise"


def test_a_database_without_the_functions_is_told_what_to_type(fresh_database):
    with pytest.raises(SchemaMismatch, match="rollout-console migrate"):
        client(fresh_database(migrated=False)).status()


def test_a_schema_of_another_version_is_refused(fresh_database):
    url = fresh_database()
    client(url).create()
    rows(url, "select 1")
    with psycopg.connect(url) as connection:
        connection.execute(
            "create or replace function rollout_schema_version() returns integer language sql as 'select 99'"
        )
    with pytest.raises(SchemaMismatch, match="schema version 99, this console knows 2; upgrade rollout-console"):
        client(url).status()
