"""Beside the web application as it is in July 2026: adopted as it stands, and its sync, console and hardening go on."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.migrate import apply
from rollout_console.render.history import change_summary
from tests.migrations.deployments import deployment
from tests.support import hosted, servers
from tests.support.application_of_2026 import (
    BrowserConsoleOf2026,
    merge,
    sync_first_phase,
    sync_second_phase,
)
from tests.support.channels import SqlChannel
from tests.support.rollouts import OPERATOR, RolloutUnderTest

PINNED = "search_path=public, pg_catalog, pg_temp"
FUNCTIONS = (
    "'is_repository_eligible_for_rollout(uuid, text)'::regprocedure, 'categorize_repository(uuid)'::regprocedure"
)


@pytest.fixture(scope="module")
def adopted(postgres15_url):
    """Its newest schema with rows, migrated, and not switched to our decision."""
    name = f"of_2026_{uuid.uuid4().hex[:12]}"
    url = servers.create_database(postgres15_url, name, migrated=False, template=hosted.TEMPLATE_BEFORE)
    with psycopg.connect(url) as connection:
        connection.execute(deployment("the state of July 2026"))
        # A mark belongs to no feature: it is told of the oldest.
        connection.execute(
            "update rollout_configuration set created_at = now() - interval '9 days' where rollout_percentage = 50"
        )
    apply(url)
    return RolloutUnderTest(RolloutClient(PostgresAdapter(url), who=OPERATOR), url, "postgres")


@pytest.fixture
def browser(adopted):
    return BrowserConsoleOf2026(SqlChannel(adopted.url, "service_role"))


def test_r11_its_hardening_stays_whoever_decides(adopted):
    for choice in ("host", "readers", "host"):
        adopted.sql("select rollout.decide_by(%s)", choice)
        assert adopted.sql(f"select distinct proconfig from pg_proc where oid in ({FUNCTIONS})")[0][0][-1] in (
            PINNED, "search_path=pg_catalog, public, pg_temp",
        )  # fmt: skip
        assert adopted.value(f"select count(*) from pg_proc where oid in ({FUNCTIONS}) and proconfig is null") == 0
    assert adopted.sql(
        "select proconfig from pg_proc where oid = 'is_repository_eligible_for_rollout(uuid, text)'::regprocedure"
    ) == [([PINNED],)]


def test_r3_pull_requests_of_both_phases_of_its_sync_are_counted(adopted):
    name = "acme/r1"
    sync_first_phase(adopted, name, pull_requests=3000, authors=150)
    adopted.client.categorize_all()
    seen = adopted.client.explain(name)
    assert (seen.category, seen.contributors, seen.pull_requests) == ("large", 150, 3000)
    sync_second_phase(adopted, name)
    adopted.client.categorize_all()
    assert (adopted.client.explain(name).contributors, adopted.client.explain(name).pull_requests) == (150, 3000)
    adopted.sql("update repositories set pull_request_count = 20000 where full_name = %s", name)
    adopted.client.categorize_all()
    assert adopted.client.explain(name).category == "enterprise", "never below the count that its sync keeps"


def test_r3_a_view_that_a_host_has_redefined_stays(adopted):
    with psycopg.connect(adopted.url) as connection:
        connection.execute(
            "create or replace view rollout_host_repositories with (security_invoker = true) as"
            " select id, full_name, 7 as star_count, 0 as contributor_count, 0 as pr_count from repositories"
        )
        connection.execute("select rollout.adapt_host_view()")
        assert connection.execute("select distinct star_count from rollout_host_repositories").fetchall() == [(7,)]
        connection.rollback()


def test_r10_a_repository_that_its_sync_merges_keeps_pin_list_and_category(adopted):
    adopted.client.categorize_all()
    adopted.client.mark_as_test("acme/r3")
    adopted.client.add_to_whitelist("acme/r3")
    before, rows = adopted.client.explain("acme/r3"), adopted.history_rows()
    merge(adopted, "acme/r3")
    after = adopted.client.explain("acme/r3")
    assert (after.pinned_as_test, after.category) == (True, before.category)
    assert adopted.value("select rollout.decide(%s, 'hybrid_progressive_capture')", after.repository_id) == "whitelist"
    assert adopted.history_rows() == rows
    assert adopted.differences() == {}
    merge(adopted, "acme/r3", come_back=False)
    (entry,) = adopted.client.history(1).entries
    assert entry.reason == "the repository was deleted, and with it its mark as test"
    assert adopted.history_rows() == rows + 1
    adopted.sql("delete from repository_categories where repository_id = %s", adopted.repository_id("acme/r4"))
    assert adopted.client.explain("acme/r4").category is None, "what is deleted by itself is not put back"
    assert adopted.differences() == {}


def test_r3_its_console_unmarks_a_repository_while_its_own_function_decides(adopted, browser):
    adopted.client.categorize_all()
    repository = adopted.repository_id("acme/r30")
    size = adopted.client.explain("acme/r30").category
    browser.mark_as_test(repository)
    assert adopted.client.explain("acme/r30").pinned_as_test
    assert change_summary(adopted.client.history(1).entries[0]) == (
        f"updated: category {size} → test, pinned as test off → on"
    )
    browser.unmark_as_test(repository)
    assert (adopted.client.explain("acme/r30").pinned_as_test, adopted.client.explain("acme/r30").category) == (
        False, size,
    )  # fmt: skip
    assert browser.logged == []
    assert adopted.client.status().decided_by == "host"


def test_r1_a_repository_without_a_category_is_answered_no_as_before(adopted, browser):
    repository = adopted.repository_id("acme/r70")
    adopted.sql("delete from repository_categories where repository_id = %s", repository)
    assert not browser.is_eligible(repository, "by_size")
    assert browser.categorize(repository) is None
    assert adopted.value("select count(*) from repository_categories where repository_id = %s", repository) == 0


def test_r10_a_list_that_its_console_changes_stands_once_in_the_history(adopted, browser):
    before = len(adopted.client.history(1000).entries)
    browser.add_to_whitelist([adopted.repository_id("acme/r5")])
    told = adopted.client.history(1000).entries
    assert (len(told), told[0].reason) == (before + 1, "Manual whitelist addition via console")
