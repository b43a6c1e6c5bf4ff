"""R3: the manual's table of categories, pins, and categorization in batches."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.support.rollouts import OPERATOR, Unseeing

pytestmark = pytest.mark.asked

# stars, contributors, pull requests: on each limit, and one beyond it
EXAMPLES = [
    ((0, 2, 10), "test"),
    ((1, 2, 10), "small"),
    ((0, 3, 10), "small"),
    ((0, 2, 11), "small"),
    ((50, 10, 100), "small"),
    ((51, 10, 100), "medium"),
    ((50, 11, 100), "medium"),
    ((50, 10, 101), "medium"),
    ((500, 50, 1000), "medium"),
    ((501, 50, 1000), "large"),
    ((500, 51, 1000), "large"),
    ((500, 50, 1001), "large"),
    ((5000, 200, 10000), "large"),
    ((5001, 1, 1), "enterprise"),
    ((1, 201, 1), "enterprise"),
    ((1, 1, 10001), "enterprise"),
    ((None, None, None), "test"),
]


@pytest.mark.parametrize(("counts", "category"), EXAMPLES)
def test_r3_limits_are_inclusive(rollout, counts, category):
    assert rollout.value("select category from rollout.category_of(%s, %s, %s)", *counts) == category


def test_r3_the_categories_are_the_manuals_in_its_order(rollout):
    shown = rollout.client.categories().categories
    assert [
        (c.category, c.rollout_order, c.priority_level, c.max_stars, c.max_contributors, c.max_pull_requests)
        for c in shown
    ] == [
        ("test", 1, 100, 0, 2, 10),
        ("small", 2, 80, 50, 10, 100),
        ("medium", 3, 60, 500, 50, 1000),
        ("large", 4, 40, 5000, 200, 10000),
        ("enterprise", 5, 20, None, None, None),
    ]


def test_r3_contributors_are_the_distinct_authors_of_pull_requests(rollout):
    name = rollout.add_repositories(1)[0]
    rollout.sql("update repositories set stargazers_count = null")
    rollout.sql(
        "insert into pull_requests (github_id, number, title, state, repository_id, author_id, head_branch)"
        " select n, n, 't', 'open', %s, md5((n %% 7)::text)::uuid, 'b' from generate_series(1, 30) n",
        rollout.repository_id(name),
    )
    repo = rollout.repository_id(name)
    assert rollout.value("select categorize_repository(%s)", repo) == "small"
    row = rollout.sql(
        "select star_count, contributor_count, pr_count, monthly_activity_score from repository_categories"
    )
    assert row == [(0, 7, 30, 10)]


def test_r3_a_repository_with_as_many_stars_as_there_can_be_holds_up_no_other(rollout):
    (most,) = rollout.add_repositories(1, stars=2_147_483_647, prefix="acme/most")
    rollout.sql(
        "insert into pull_requests (github_id, number, title, state, repository_id, author_id, head_branch)"
        " values (1, 1, 'x', 'open', %s, gen_random_uuid(), 'x')", rollout.repository_id(most),
    )  # fmt: skip
    rollout.add_repositories(1)
    rollout.client.categorize_all()
    assert rollout.sql("select category, monthly_activity_score from repository_categories order by 1") == [
        ("enterprise", 100), ("test", 0)]  # fmt: skip


def test_r3_categorize_repository_answers_null_for_an_unknown_one(rollout):
    assert rollout.value("select categorize_repository(gen_random_uuid())") is None


def test_r3_a_pin_holds_through_categorization_until_it_is_lifted(rollout):
    name = rollout.add_repositories(1, stars=9000)[0]
    rollout.client.categorize_all()
    assert rollout.client.mark_as_test(name).applied == [name]
    rollout.client.categorize_all()
    assert rollout.client.explain(name).category == "test"
    assert rollout.client.explain(name).pinned_as_test
    again = rollout.client.mark_as_test(name)
    assert (again.changed, again.already) == (False, [name])
    rollout.client.unmark_as_test(name)
    assert rollout.client.explain(name).category == "enterprise"
    assert rollout.client.unmark_as_test(name).changed is False


def test_r3_a_pin_is_a_mark_as_test_and_its_row_of_history_says_what_was(rollout):
    (name,) = rollout.add_repositories(1, stars=9000)
    flags = "select is_test_repository, pinned_as_test from repository_categories"
    marked = rollout.client.mark_as_test(name).change
    assert (marked.before, marked.after) == (
        {name: {"category": None, "pinned": False}},
        {name: {"category": "test", "pinned": True}},
    )
    assert rollout.sql(flags) == [(True, True)]
    rollout.client.unmark_as_test(name)
    assert rollout.sql(flags) == [(False, False)]


def test_r3_of_what_is_written_only_what_moves_is_said(rollout):
    rollout.add_repositories(2, stars=20)
    assert rollout.client.categorize_all().transitions == {"new → small": 2}
    rollout.sql("update repositories set stargazers_count = 21")
    again = rollout.client.categorize_all()
    assert (again.changed, again.transitions) == (2, {})
    rollout.sql("update repositories set stargazers_count = 51 where full_name = 'acme/repo-1'")
    assert rollout.client.categorize_all().transitions == {"small → medium": 1}


def test_r1_totals_begin_at_nothing_and_end_there(rollout):
    def totals(feature):
        counted = rollout.sql(
            "select category, repositories, stars, contributors, pull_requests, activity, pinned"
            " from rollout.category_counts where feature_name = %s order by 1", feature)  # fmt: skip
        return {category: numbers for category, *numbers in counted}

    nothing = {category: [0] * 6 for category in ("enterprise", "large", "medium", "small", "test")}
    assert totals("hybrid_progressive_capture") == nothing
    rollout.add_repositories(1, stars=20)
    rollout.client.categorize_all()
    Unseeing(rollout.client.adapter, "another_feature", who=OPERATOR).create()
    expected = nothing | {"small": [1, 20, 0, 0, 20, 0]}
    assert totals("hybrid_progressive_capture") == totals("another_feature") == expected
    rollout.sql("truncate repository_categories")
    assert totals("hybrid_progressive_capture") == totals("another_feature") == nothing
    assert rollout.differences() == {}


@pytest.mark.commits
def test_r10_a_test_repository_that_is_deleted_leaves_a_row_that_says_so(rollout):
    name = rollout.add_repositories(1, stars=9000)[0]
    rollout.client.mark_as_test(name)
    repository = rollout.repository_id(name)
    rollout.sql("delete from repositories where id = %s", repository)
    entry = rollout.client.history(1).entries[0]
    assert entry.outside_console
    assert entry.reason == "the repository was deleted, and with it its mark as test"
    assert entry.before == {"repository_id": repository, "pinned_as_test": True, "category": "test"}
    assert entry.after == {"repository_id": repository, "pinned_as_test": False, "category": None}


def test_r3_a_mark_made_by_the_browser_console_is_a_pin_and_leaves_a_row(rollout):
    """It writes the columns itself, past our functions."""
    name = rollout.add_repositories(1, stars=9000)[0]
    rollout.client.categorize_all()
    rows = rollout.history_rows()
    rollout.sql("update repository_categories set is_test_repository = true, category = 'test', priority_level = 100")
    assert rollout.history_rows() == rows + 1
    rollout.client.categorize_all()
    assert rollout.client.explain(name).category == "test"


def test_r3_a_second_run_rewrites_no_row(rollout):
    rollout.add_repositories(200, stars=20)
    first = rollout.client.categorize_all()
    assert (first.changed, first.transitions) == (200, {"new → small": 200})
    before = rollout.sql("select ctid, xmin, repository_id from repository_categories order by 3")
    rows = rollout.history_rows()
    assert rollout.client.categorize_all().changed == 0
    assert rollout.sql("select ctid, xmin, repository_id from repository_categories order by 3") == before
    assert rollout.history_rows() == rows, "a run that changes nothing leaves no history row"


@pytest.mark.commits
def test_r3_an_interrupted_run_goes_on_where_it_stopped(rollout, monkeypatch):
    rollout.add_repositories(250, stars=20)
    monkeypatch.setattr("rollout_console.client.repositories.FIRST_BATCH", 100)
    monkeypatch.setattr("rollout_console.client.repositories.LARGEST_BATCH", 100)
    rows = rollout.history_rows()

    class Interrupted(Exception):
        pass

    def stop(run):
        raise Interrupted

    with pytest.raises(Interrupted):
        rollout.client.categorize_all(stop)
    assert rollout.value("select count(*) from repository_categories") == 100, "finished batches stay"
    state = rollout.client.status().categorization
    assert (state.processed, state.total, state.finished_at) == (100, 250, None)
    seen = []
    run = rollout.client.categorize_all(lambda r: seen.append(r.processed))
    assert seen == [200, 250]
    assert (run.changed, rollout.history_rows()) == (250, rows + 1), "one run, one row"


@pytest.mark.commits
def test_r3_two_operators_share_one_run(rollout, monkeypatch):
    rollout.add_repositories(300)
    monkeypatch.setattr("rollout_console.client.repositories.FIRST_BATCH", 100)
    monkeypatch.setattr("rollout_console.client.repositories.LARGEST_BATCH", 100)
    rows = rollout.history_rows()
    others: list[int] = []

    def other_operator(run):
        if not others and not run.done:
            others.append(rollout.client.categorize_all().processed)

    run = rollout.client.categorize_all(other_operator)
    assert others == [300]
    assert run.done
    assert rollout.history_rows() == rows + 1


@pytest.mark.commits
@pytest.mark.parametrize("is_seen", [True, False])
def test_r3_a_run_that_ends_while_another_operator_waits_for_it_is_no_error(rollout, is_seen):
    rollout.add_repositories(5)
    with psycopg.connect(rollout.url) as connection:
        connection.execute("select rollout_categorize_batch(5)")
        if is_seen:
            connection.commit()
        connection.execute("select rollout_categorize_batch(5)")  # ends the run, not committed yet
        waiting = ThreadPoolExecutor().submit(rollout.client.categorize_all)
        blocked = (
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        )
        while not rollout.value(blocked):
            time.sleep(0.01)
        connection.commit()
    assert waiting.result(10).done


def test_r3_a_run_that_there_is_not_is_refused(rollout):
    rollout.client.categorize_all()
    with rollout.transaction() as session:
        session.execute("set local statement_timeout = '5s'")
        with pytest.raises(psycopg.Error, match="no such categorization run; to begin one, type") as refused:
            session.execute("select rollout_categorize_batch(5, -1)")
    assert refused.value.sqlstate == "RC003"
