"""R3: marks that the browser console writes into the table itself."""

from __future__ import annotations

import pytest

from tests.support.application import BrowserConsole
from tests.support.application_of_2026 import BrowserConsoleOf2026
from tests.support.channels import ApiChannel, SqlChannel

NAME, GROWN = "acme/repo-1", "acme/big-1"


@pytest.fixture
def marked(rollout):
    """A repository that is test by size, and one that is not."""
    rollout.add_repositories(3)
    rollout.add_repositories(3, stars=900, prefix="acme/big")
    rollout.client.categorize_all()
    rollout.client.set_rollout(50)
    return rollout


@pytest.fixture(params=[BrowserConsole, BrowserConsoleOf2026])
def browser(marked, kind, request):
    """The browser console of 2025 and of 2026 with the service key, through the adapter under test."""
    if kind == "supabase":
        return request.param(ApiChannel(request.getfixturevalue("api")[0], "service_role"))
    return request.param(SqlChannel(marked.url, "service_role"))


def row(rollout, name):
    return rollout.sql(
        "select category, priority_level, is_test_repository, pinned_as_test, star_count from repository_categories"
        " where repository_id = %s", rollout.repository_id(name),
    )[0]  # fmt: skip


def test_r3_a_mark_on_a_repository_that_is_test_by_size_pins_it(marked, browser):
    assert row(marked, NAME) == ("test", 100, True, False, 0)
    browser.mark_as_test(marked.repository_id(NAME))
    assert marked.client.explain(NAME).pinned_as_test
    entry = marked.client.history(1).entries[0]
    assert (entry.reason, entry.outside_console) == ("marked as test", True)
    marked.sql("update repositories set stargazers_count = 700 where full_name = %s", NAME)
    marked.client.categorize_all()
    assert row(marked, NAME)[0] == "test", "it has grown, and keeps its pin"
    assert marked.differences() == {}


def test_r3_an_unmark_categorizes_by_size_at_once(marked, browser):
    repository = marked.repository_id(GROWN)
    browser.mark_as_test(repository)
    assert row(marked, GROWN)[:4] == ("test", 100, True, True)
    rows = marked.history_rows()
    browser.unmark_as_test(repository)
    assert row(marked, GROWN) == ("large", 40, False, False, 900)
    assert marked.history_rows() == rows + 1
    entry = marked.client.history(1).entries[0]
    assert entry.reason == "no longer marked as test"
    assert (entry.before["category"], entry.after["category"]) == ("test", "large")
    assert marked.differences() == {}


def test_r3_a_mark_that_is_repeated_leaves_no_row(marked, browser):
    browser.mark_as_test(marked.repository_id(GROWN))
    rows = marked.history_rows()
    browser.mark_as_test(marked.repository_id(GROWN))
    assert marked.history_rows() == rows


def test_r3_a_categorization_by_others_is_no_mark(marked, browser):
    """The host's own function writes the flag, too, and dates the row."""
    rows = marked.history_rows()
    marked.sql(
        "update repository_categories set is_test_repository = true, category = 'test', last_categorized_at = now()"
        " where repository_id = %s", marked.repository_id(NAME),
    )  # fmt: skip
    assert not marked.client.explain(NAME).pinned_as_test
    assert marked.history_rows() == rows


@pytest.mark.asked
def test_r3_a_mark_that_is_emptied_is_none(marked):
    for mark, pinned in ((True, True), (None, False)):
        marked.sql(
            "update repository_categories set is_test_repository = %s where repository_id = %s",
            mark, marked.repository_id(GROWN),
        )  # fmt: skip
        assert (marked.client.explain(GROWN).pinned_as_test, row(marked, GROWN)[3]) == (pinned, pinned)
