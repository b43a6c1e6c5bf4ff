"""R9: the whitelist takes names and ids, all of them or none."""

from __future__ import annotations

import psycopg
import pytest

from rollout_console.errors import BadArgument, NotFound

pytestmark = pytest.mark.asked


@pytest.fixture(autouse=True)
def names(rollout):
    return rollout.add_repositories(5)


def listed(rollout) -> list[str | None]:
    return [entry.full_name for entry in rollout.client.show_whitelist().whitelist]


def test_r9_takes_names_and_ids_one_or_several(rollout, names):
    rollout.client.add_to_whitelist(names[0])
    rollout.client.add_to_whitelist([rollout.repository_id(names[1]), names[2]])
    assert listed(rollout) == names[:3]
    rollout.client.remove_from_whitelist((names[0], rollout.repository_id(names[2])))
    assert listed(rollout) == [names[1]]


def test_r9_one_unknown_name_and_nothing_is_changed(rollout, names):
    rows = rollout.history_rows()
    with pytest.raises(NotFound, match=r"unknown repository: acme/nowhere; nothing was changed"):
        rollout.client.add_to_whitelist([names[0], "acme/nowhere"])
    with pytest.raises(NotFound, match=r"did you mean acme/repo-1\?"):
        rollout.client.add_to_whitelist("ACME/Repo-1")
    assert (listed(rollout), rollout.history_rows()) == ([], rows)


def test_r9_adding_twice_and_removing_what_is_not_there_says_so(rollout, names):
    rollout.client.add_to_whitelist(names[:2])
    again = rollout.client.add_to_whitelist(names[1:3])
    assert (again.applied, again.already) == ([names[2]], [names[1]])
    none = rollout.client.add_to_whitelist(names[0])
    assert (none.changed, none.already) == (False, [names[0]])
    gone = rollout.client.remove_from_whitelist(names[4])
    assert (gone.changed, gone.already) == (False, [names[4]])


def test_r9_the_same_repository_named_twice_counts_once(rollout, names):
    rollout.client.add_to_whitelist([names[0], rollout.repository_id(names[0]), names[0]])
    assert rollout.client.status().whitelist_size == 1


def test_r9_an_entry_whose_repository_is_gone_can_be_removed(rollout, names):
    repo = rollout.repository_id(names[0])
    rollout.client.add_to_whitelist(names[0])
    rollout.sql("delete from repositories where id = %s", repo)
    assert listed(rollout) == [None]
    assert rollout.client.remove_from_whitelist(repo).changed
    assert listed(rollout) == []


def test_r9_a_whitelisted_repository_on_the_blacklist_is_pointed_out(rollout, names):
    repo = rollout.repository_id(names[0])
    rollout.sql("update rollout_configuration set excluded_repositories = array[%s]", repo)
    assert rollout.client.add_to_whitelist(names[0]).blacklisted == [names[0]]


@pytest.mark.parametrize("value", [None, 5, [], [""], [None], {"a": 1}, [["x"]], b"acme/repo-1"], ids=repr)
def test_r9_what_is_not_text_is_refused(rollout, value):
    with pytest.raises(BadArgument, match=r"type rollout\.addToWhitelist"):
        rollout.client.add_to_whitelist(value)


@pytest.mark.parametrize("given", ["'{}'", "null"])
def test_r9_no_name_at_all_is_refused(rollout, given):
    with pytest.raises(psycopg.Error, match=r"^no repository named; type for example rollout\.addToWhitelist\("):
        rollout.sql(f"select rollout_add_to_whitelist({given})")


def test_r9_an_entry_that_is_a_name_decides_nothing_and_is_shown_as_it_is(rollout, names):
    rollout.client.categorize_all()
    repo = rollout.repository_id(names[1])
    rollout.sql("update rollout_configuration set target_repositories = array[%s, %s]", names[0], repo)
    shown = [(e.repository_id, e.full_name, e.category) for e in rollout.client.show_whitelist().whitelist]
    assert sorted(shown, key=str) == sorted([(names[0], None, None), (repo, names[1], "test")], key=str)
    assert [rollout.is_eligible(name) for name in names[:2]] == [False, True]


def test_r9_lists_that_changed_while_a_rollout_was_inactive_decide_once_it_is_active_again(rollout, names):
    rollout.client.categorize_all()
    rollout.client.add_to_whitelist(names[0])
    rollout.sql("update rollout_configuration set is_active = false")
    rollout.sql("update rollout_configuration set target_repositories = array[%s]", rollout.repository_id(names[1]))
    rollout.sql("update rollout_configuration set is_active = true")
    assert rollout.sql("select repository_id::text from rollout.list_entries") == [(rollout.repository_id(names[1]),)]
    assert (rollout.client.status().eligible_repositories, rollout.differences()) == (1, {})


def test_r9_entries_that_a_command_takes_off_are_dropped_by_nobody_unseen(rollout, names):
    rollout.client.add_to_whitelist(names)
    rollout.client.remove_from_whitelist(names[:3])
    assert [warning.name for warning in rollout.client.status().warnings] == []
    rollout.sql("update rollout_configuration set target_repositories = '{}'")
    assert [warning.name for warning in rollout.client.status().warnings] == ["whitelist_overwritten"]
