"""R9, R10, R19: lists of any length decide, are counted, shown, recorded and undone as short ones."""

from __future__ import annotations

import pytest
from psycopg.types.json import Jsonb

from rollout_console.errors import Refused
from tests.support.rollouts import OPERATOR, Unseeing

pytestmark = pytest.mark.asked

FIRST = "select id::text from repositories order by github_id limit 150"


@pytest.fixture
def listed(rollout):
    """A rollout with 150 entries on the whitelist and a hundred repositories beside them."""
    rollout.add_repositories(250)
    rollout.client.categorize_all()
    rollout.client.set_rollout(50)
    rollout.sql(f"update rollout_configuration set target_repositories = array({FIRST})")
    return rollout


def entries(rollout) -> set[str]:
    return set(
        rollout.value(
            "select target_repositories from rollout_configuration where feature_name = %s", rollout.client.feature
        )
    )


def test_r9_a_long_whitelist_decides_and_is_counted(listed):
    listed.client.set_rollout(0)
    assert [listed.is_eligible(f"acme/repo-{n}") for n in (1, 150, 151)] == [True, True, False]
    assert listed.client.status().eligible_repositories == 150
    listed.sql("update rollout_configuration set excluded_repositories = target_repositories[1:10]")
    assert listed.client.status().eligible_repositories == 140
    assert not listed.is_eligible("acme/repo-1")
    assert listed.differences() == {}


def test_r9_an_entry_of_a_long_whitelist_ends_by_itself(listed):
    listed.client.set_rollout(0)
    listed.sql(
        "update rollout_configuration set whitelist_until = jsonb_build_object("
        "target_repositories[1], now() - interval '1 s', target_repositories[2], now() + interval '1 h')"
    )
    status = listed.client.status()
    assert (status.whitelist_size, status.eligible_repositories) == (149, 149)
    assert [listed.is_eligible(f"acme/repo-{n}") for n in (1, 2, 3)] == [False, True, True]
    assert listed.differences() == {}


def test_r1_a_listed_repository_is_counted_in_the_category_that_it_has_now(listed):
    listed.client.set_rollout(0)
    listed.sql("update repositories set stargazers_count = 100000 where full_name = 'acme/repo-1'")
    listed.client.categorize_all()
    eligible = {c.category: c.eligible for c in listed.client.categories().categories}
    assert (eligible["enterprise"], sum(eligible.values())) == (1, 150)
    assert listed.differences() == {}
    listed.sql("truncate repository_categories")
    assert listed.differences() == {}


def test_r9_status_and_show_whitelist_show_fifty_and_how_many_there_are(listed):
    status = listed.client.status()
    assert (len(status.target_repositories), status.whitelist_size) == (50, 150)
    shown = listed.client.show_whitelist()
    assert (len(shown.whitelist), shown.whitelist_entries, shown.blacklist_entries) == (50, 150, 0)
    assert len(listed.client.show_whitelist(limit=200).whitelist) == 150
    for search in (
        "REPO-149",
        "acme/repo-149",
        listed.repository_id("acme/repo-149"),
        listed.repository_id("acme/repo-149")[1:],
    ):
        assert [e.full_name for e in listed.client.show_whitelist(search).whitelist] == ["acme/repo-149"]
    assert listed.client.show_whitelist("acme/repo-151").whitelist == []
    with pytest.raises(Refused, match="limit is a whole number"):
        listed.client.show_whitelist(limit=0)


@pytest.mark.parametrize(("white", "black", "shown"), [(100, 0, 100), (101, 0, 50), (60, 40, 60), (60, 41, 50)])
def test_r9_lists_are_long_from_more_than_a_hundred_entries_together(listed, white, black, shown):
    listed.sql(
        "update rollout_configuration set target_repositories = target_repositories[1:%s], excluded_repositories ="
        " array(select gen_random_uuid()::text from generate_series(1, %s))",
        white, black,
    )  # fmt: skip
    status = listed.client.status()
    assert (len(status.target_repositories), status.whitelist_size, status.blacklist_size) == (shown, white, black)


def test_r9_of_a_long_whitelist_the_ends_of_those_that_are_shown_are_shown(listed):
    listed.sql(
        "update rollout_configuration set whitelist_until = jsonb_build_object("
        "target_repositories[50], '2099-01-31T12:00Z', target_repositories[51], '2099-01-31T12:00Z')"
    )
    status = listed.client.status()
    assert list(status.whitelist_until) == [status.target_repositories[49]]


def test_r10_a_change_of_a_long_list_records_what_differs(listed):
    added = listed.client.add_to_whitelist(["acme/repo-200", "acme/repo-201"]).change
    ids = [listed.repository_id(f"acme/repo-{n}") for n in (200, 201)]
    assert (added.before, {k: set(v) for k, v in added.after.items()}) == (
        {"target_repositories": []},
        {"target_repositories": set(ids)},
    )
    removed = listed.client.remove_from_whitelist("acme/repo-7").change
    assert removed.before == {"target_repositories": [listed.repository_id("acme/repo-7")]}
    assert removed.after == {"target_repositories": []}


NOON, LATER = "2030-01-01T12:00:00+00:00", "2030-01-01T13:00:00+00:00"


@pytest.mark.parametrize(
    ("was", "became", "before", "after"),
    [
        ({"a": NOON}, {"a": NOON}, None, None),
        ({"a": NOON}, {"a": LATER}, {"a": NOON}, {"a": LATER}),
        ({"a": NOON, "b": NOON}, {"a": NOON}, {"b": NOON}, {}),
        ({"a": NOON}, {"a": NOON, "b": NOON}, {}, {"b": NOON}),
        ({"a": NOON, "b": NOON, "c": NOON}, {"b": LATER, "c": NOON, "d": NOON}, {"a": NOON, "b": NOON},
         {"b": LATER, "d": NOON}),
    ],
)  # fmt: skip
def test_r10_of_the_ends_of_entries_those_that_differ_are_recorded(rollout, was, became, before, after):
    found = rollout.sql(
        "select d.before, d.after from rollout_configuration c cross join lateral rollout.list_differences("
        " jsonb_populate_record(c, %s), jsonb_populate_record(c, %s)) d where d.field = 'whitelist_until'",
        Jsonb({"whitelist_until": was}), Jsonb({"whitelist_until": became}),
    )  # fmt: skip
    assert found == ([] if before is None else [(before, after)])


def test_r10_a_change_of_a_short_list_records_it_whole(running):
    first, second = (running.repository_id(f"acme/repo-{n}") for n in (1, 2))
    running.client.add_to_whitelist("acme/repo-1")
    change = running.client.add_to_whitelist("acme/repo-2").change
    assert change.before == {"target_repositories": [first]}
    assert change.after == {"target_repositories": [first, second]}


def test_r19_a_change_of_a_long_list_is_undone(listed):
    was = entries(listed)
    listed.client.add_to_whitelist(["acme/repo-200", "acme/repo-201"], until="2h")
    listed.client.undo()
    assert (entries(listed), listed.client.status().whitelist_until) == (was, {})
    change = listed.client.remove_from_whitelist(["acme/repo-7", "acme/repo-8"]).change
    assert len(entries(listed)) == 148
    listed.client.set_rollout(60)  # another field
    listed.client.undo(change.short_id)
    assert entries(listed) == was
    assert listed.differences() == {}


def test_r19_a_long_list_that_has_changed_since_is_not_undone(listed):
    change = listed.client.add_to_whitelist("acme/repo-200").change
    listed.client.add_to_whitelist("acme/repo-201")
    was = entries(listed)
    with pytest.raises(Refused, match="target repositories changed since"):
        listed.client.undo(change.short_id)
    assert entries(listed) == was


def test_r19_a_long_list_that_another_feature_has_changed_since_is_undone(listed):
    was = entries(listed)
    listed.client.add_to_whitelist("acme/repo-200")
    other = Unseeing(listed.client.adapter, "another_feature", who=OPERATOR)
    other.create()
    other.add_to_whitelist("acme/repo-201")
    listed.client.undo()
    assert entries(listed) == was
    for client in (listed.client, other):
        assert [check.name for check in client.verify().checks if check.differences] == []


def test_r10_a_list_that_becomes_short_or_long_is_recorded_and_undone(listed):
    was = entries(listed)
    names = [f"acme/repo-{n}" for n in range(1, 101)]
    shortened = listed.client.remove_from_whitelist(names).change
    assert len(entries(listed)) == 50
    assert (len(shortened.before["target_repositories"]), shortened.after) == (100, {"target_repositories": []})
    listed.client.undo()
    assert entries(listed) == was
