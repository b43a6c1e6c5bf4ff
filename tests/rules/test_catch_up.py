"""R3: repositories that are new or have changed are brought up to date in bounded batches."""

from __future__ import annotations

import pytest


@pytest.fixture
def grown(rollout):
    """Ten repositories with a category; then five new ones, and two that have grown."""
    rollout.add_repositories(10)
    rollout.client.categorize_all()
    rollout.add_repositories(5, stars=900, prefix="acme/new")
    rollout.sql("update repositories set stargazers_count = 40 where full_name in ('acme/repo-1', 'acme/repo-2')")
    return rollout


def waiting(rollout):
    return rollout.client.status().uncategorized.repositories


def test_r3_the_status_says_how_many_have_no_category_and_when_they_were_counted(grown):
    assert waiting(grown) == 0, "as the last run has left it: a status does not scan"
    grown.client.catch_up(1)
    status = grown.client.status()
    assert status.uncategorized.repositories == 4
    assert status.uncategorized.counted_at <= status.server_time
    grown.client.categorize_all()
    assert waiting(grown) == 0


def test_r3_new_ones_come_first_and_a_batch_is_bounded(grown):
    first = grown.client.catch_up(4)
    assert (first.processed, first.transitions, first.uncategorized) == (4, {"new → large": 4}, 1)
    second = grown.client.catch_up(4)
    assert (second.transitions, second.uncategorized) == ({"new → large": 1, "test → small": 2}, 0)
    assert grown.differences() == {}


def test_r3_pull_requests_are_looked_at_in_turn_until_all_were(grown):
    grown.client.catch_up(100)
    for name in ("acme/repo-3", "acme/repo-9"):
        grown.sql(
            "insert into pull_requests (github_id, number, title, state, repository_id, author_id, head_branch)"
            " select github_id * 1000 + n, n, 't', 'open', id, gen_random_uuid(), 'b'"
            " from repositories, generate_series(1, 20) n where full_name = %s",
            name,
        )
    rows = grown.history_rows()
    moved: dict[str, int] = {}
    for _ in range(8):
        for move, count in grown.client.catch_up(3).transitions.items():
            moved[move] = moved.get(move, 0) + count
    assert moved == {"test → medium": 2}
    assert rows < grown.history_rows() <= rows + 2, "one row for each batch that moved something"


def test_r3_a_pin_stays(grown):
    grown.client.mark_as_test("acme/new-1")
    grown.sql("update repositories set stargazers_count = 9000 where full_name = 'acme/new-1'")
    grown.client.catch_up()
    assert grown.client.explain("acme/new-1").category == "test"
