"""R9 and R1: the blacklist, by commands; it wins over the whitelist at any percentage."""

from __future__ import annotations

import pytest

from rollout_console.errors import BadArgument, NotFound

pytestmark = pytest.mark.asked


@pytest.fixture(autouse=True)
def names(rollout):
    return rollout.add_repositories(5)


def listed(rollout) -> list[str | None]:
    return [entry.full_name for entry in rollout.client.show_whitelist().blacklist]


def test_r1_what_is_on_the_blacklist_is_out_even_at_100_percent_and_on_the_whitelist(rollout, names):
    rollout.client.set_rollout(100)
    rollout.client.add_to_whitelist(names[0])
    change = rollout.client.add_to_blacklist(names[:2])
    assert (sorted(change.applied), change.whitelisted) == (names[:2], [names[0]])
    assert [rollout.is_eligible(name) for name in names] == [False, False, True, True, True]
    assert rollout.client.explain(names[0]).reason == "blacklist"
    rollout.client.remove_from_blacklist(names[0])
    assert [rollout.is_eligible(name) for name in names] == [True, False, True, True, True]


def test_r9_takes_names_and_ids_all_or_none_and_says_what_was_so_already(rollout, names):
    rollout.client.add_to_blacklist([rollout.repository_id(names[0]), names[1], names[1]])
    assert listed(rollout) == names[:2]
    again = rollout.client.add_to_blacklist(names[1:3])
    assert (again.applied, again.already) == ([names[2]], [names[1]])
    rows = rollout.history_rows()
    assert not rollout.client.add_to_blacklist(names[:3]).changed
    gone = rollout.client.remove_from_blacklist(names[4])
    assert (gone.changed, gone.already) == (False, [names[4]])
    with pytest.raises(NotFound, match=r"unknown repository: acme/nowhere; nothing was changed; .*addToBlacklist"):
        rollout.client.add_to_blacklist([names[4], "acme/nowhere"])
    with pytest.raises(NotFound, match=r"unknown repository: acme/nowhere; nothing was changed; .*removeFromBlacklist"):
        rollout.client.remove_from_blacklist([names[0], "acme/nowhere"])
    assert (listed(rollout), rollout.history_rows()) == (names[:3], rows)


def test_r9_an_entry_whose_repository_is_gone_can_be_removed(rollout, names):
    repo = rollout.repository_id(names[0])
    rollout.client.add_to_blacklist(names[0])
    rollout.sql("delete from repositories where id = %s", repo)
    assert listed(rollout) == [None]
    assert rollout.client.remove_from_blacklist(repo).changed
    assert listed(rollout) == []


@pytest.mark.parametrize("value", [None, 5, [], [""]], ids=repr)
def test_r9_what_is_not_text_is_refused(rollout, value):
    with pytest.raises(BadArgument, match=r"type rollout\.addToBlacklist"):
        rollout.client.add_to_blacklist(value)


def test_r9_a_name_where_an_id_belongs_is_shown_as_what_it_is_and_decides_nothing(rollout, names):
    rollout.sql("update rollout_configuration set excluded_repositories = array[%s]", names[0])
    (entry,) = rollout.client.show_whitelist().blacklist
    assert (entry.repository_id, entry.full_name, entry.category) == (names[0], None, None)
    assert rollout.client.explain(names[0]).reason != "blacklist"
