"""R1: the counters behind the decision are those of one feature, whoever changes another beside it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest

from tests.support.rollouts import OPERATOR, Unseeing
from tests.support.sessions import in_background, waits

pytestmark = pytest.mark.asked

LISTED = (
    "update rollout_configuration set target_repositories = array(select id::text from repositories where full_name = any (%s))"
    " where feature_name = %s"
)


@pytest.fixture
def features(running):
    """Two features on repositories of two sizes and without one, at other percentages, with other lists."""
    running.add_repositories(20, stars=90, prefix="acme/medium")
    running.client.categorize_all()
    running.add_repositories(5, prefix="acme/new")
    other = Unseeing(running.client.adapter, "another_feature", who=OPERATOR)
    other.create()
    running.client.set_rollout(30)
    other.set_rollout(70)
    running.client.add_to_whitelist(["acme/medium-1", "acme/medium-2", "acme/new-1"])
    running.client.add_to_blacklist(["acme/repo-1"])
    other.add_to_whitelist(["acme/new-2", "acme/new-3"], until="2h")
    other.add_to_blacklist(["acme/repo-2", "acme/repo-3", "acme/new-1"])
    return running.client, other


def differing(client) -> set[str]:
    return {check.name for check in client.verify().checks if check.differences}


def test_r1_each_feature_is_counted_and_decided_by_its_own_percentage_strategy_and_lists(running, features):
    ids = [str(i) for (i,) in running.sql("select id from repositories order by id")]

    def decided(client):
        return [
            str(i) for (i,) in running.sql(
                "select id from repositories where is_repository_eligible_for_rollout(id, %s) order by id", client.feature
            )
        ]  # fmt: skip

    ours, other = features
    for change in (
        lambda: None,
        lambda: (ours.set_rollout(60), other.set_rollout(20), running.client.mark_as_test("acme/medium-7")),
        lambda: (ours.configure(strategy="whitelist"), other.configure(strategy="percentage")),
    ):
        change()
        assert len(decided(ours)) != len(decided(other))
        for client in features:
            let_in = decided(client)
            assert client.eligible_repositories(ids) == let_in
            assert client.status().eligible_repositories == len(let_in)
            assert differing(client) == set()


def test_r1_what_is_counted_anew_for_one_feature_leaves_the_counters_of_another(running, features):
    ours, other = features
    running.sql(
        "update rollout.category_counts set stars = stars + 1, cutoff = 77 where category = 'medium';"
        " update rollout.list_entries set category = null where category is not null;"
        " update rollout.buckets set repositories = repositories + 1 where category is not null"
    )
    wrong = {
        "repositories and totals per category", "repositories per hash bucket", "cutoffs at the percentage",
        "entries of the lists",
    }  # fmt: skip
    assert differing(ours) == differing(other) == wrong
    running.sql("select rollout.recount_repositories(%s)", ours.feature)
    assert (differing(ours), differing(other)) == (set(), wrong)


COUNTERS = "select from rollout.category_counts order by feature_name, category for update"
NOTHING_COUNTED = {
    "catch-up": "select rollout_catch_up()",
    "upsert": "insert into repository_categories (repository_id, category) select repository_id, category"
    " from repository_categories on conflict (repository_id) do update set updated_at = now()",
    "delete": "delete from repository_categories where category = 'huge'",
}


@pytest.mark.commits
@pytest.mark.parametrize("statement", NOTHING_COUNTED.values(), ids=NOTHING_COUNTED)
def test_r3_what_changes_nothing_that_is_counted_waits_for_no_counter(running, statement):
    with psycopg.connect(running.url) as counting, psycopg.connect(running.url, autocommit=True) as session:
        counting.execute(COUNTERS)
        session.execute("set lock_timeout = '5s'")  # fails, where it waits
        session.execute(statement)


@pytest.mark.commits
def test_r3_pins_and_an_update_of_the_application_end_in_no_deadlock(running):
    running.add_repositories(1, prefix="acme/new")  # whose row is written by a statement of its own
    update = "update repository_categories set star_count = 99 where repository_id = %s"
    with (
        psycopg.connect(running.url) as counting,
        psycopg.connect(running.url, autocommit=True) as operator,
        psycopg.connect(running.url, autocommit=True) as application,
        ExitStack() as both,
    ):
        counting.execute(COUNTERS)
        mark = "select rollout_mark_as_test(array['acme/new-1', 'acme/repo-3'])"
        assert waits(counting, operator, both.enter_context(in_background(operator, mark)))
        updating = both.enter_context(in_background(application, update, running.repository_id("acme/repo-3")))
        assert waits(counting, application, updating)
        counting.commit()
    pinned = "select star_count, pinned_as_test from repository_categories where repository_id = %s"
    assert running.sql(pinned, running.repository_id("acme/repo-3")) == [(99, True)]
    assert running.sql(pinned, running.repository_id("acme/new-1")) == [(0, True)]


def test_r1_who_is_listed_and_no_repository_of_the_host_is_not_counted(running):
    running.client.set_rollout(0)
    running.sql("update rollout_configuration set target_repositories = array[gen_random_uuid()::text]")
    assert running.client.status().eligible_repositories == 0
    for category in ("test", "huge"):
        running.sql(LISTED, ["acme/repo-1"], running.client.feature)
        status = running.client.status()
        assert (status.eligible_repositories, status.only_whitelisted) == (1, 1), category
        running.sql("update repository_categories set category = 'huge'")


def test_r1_figures_are_summed_and_rows_without_them_add_nothing_and_take_nothing_away(running):
    figures = (
        "update repository_categories set (star_count, contributor_count, pr_count, monthly_activity_score) = ({})"
    )
    for change, sums in (
        (figures.format("5, 3, 7, 2"), (100, 60, 140, 40)),
        (figures.format("null, null, null, null"), (0, 0, 0, 0)),
        (
            "delete from repository_categories where repository_id in (select id from repositories limit 3)",
            (0, 0, 0, 0),
        ),
        ("select rollout.recount_repositories('hybrid_progressive_capture')", (0, 0, 0, 0)),
    ):
        running.sql(change)
        assert differing(running.client) == set()
        assert running.sql(
            "select stars, contributors, pull_requests, activity from rollout.category_counts where category = 'test'"
        ) == [sums]


@pytest.mark.commits
def test_r1_a_percentage_is_filled_with_what_another_session_categorizes_meanwhile(rollout):
    rollout.add_repositories(20)
    with psycopg.connect(rollout.url) as connection:
        connection.execute("select categorize_repository(id) from repositories")
        waiting = ThreadPoolExecutor().submit(rollout.client.set_rollout, 50)
        blocked = (
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        )
        deadline = time.monotonic() + 5
        while not rollout.value(blocked) and time.monotonic() < deadline:
            time.sleep(0.01)
        connection.commit()
    assert waiting.result(10).changed
    assert rollout.client.status().eligible_repositories == 10
    assert rollout.differences() == {}
