"""R9 the whitelist, R10 the history."""

from __future__ import annotations

import itertools
import threading

import psycopg
import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import BadArgument, NotFound


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


def test_r10_every_change_leaves_exactly_one_row_with_who_why_before_and_after(rollout, names):
    client = rollout.client
    changes = [
        ("setRollout", lambda: client.set_rollout(20, "phase 6")),
        ("emergencyStop", lambda: client.emergency_stop("errors")),
        ("resume", lambda: client.resume(10, "fixed")),
        ("rollbackToPercentage", lambda: client.rollback_to_percentage(5, "careful")),
        ("disableAutoRollback", lambda: client.disable_auto_rollback("noise")),
        ("enableAutoRollback", lambda: client.enable_auto_rollback("quiet")),
        ("addToWhitelist", lambda: client.add_to_whitelist(names[0], "ours")),
        ("removeFromWhitelist", lambda: client.remove_from_whitelist(names[0], "done")),
        ("markAsTest", lambda: client.mark_as_test(names[1], "ours")),
        ("unmarkAsTest", lambda: client.unmark_as_test(names[1], "done")),
        ("categorizeAll", client.categorize_all),
    ]
    for command, act in changes:
        rows = rollout.history_rows()
        act()
        assert rollout.history_rows() == rows + 1, command
        entry = client.history(1).entries[0]
        assert (entry.command, entry.operator, entry.host) == (command, "tess", "testhost")
        assert entry.reason
        assert entry.before != entry.after
        assert entry.database_role
        if command not in {"categorizeAll", "resume", "emergencyStop"}:
            act()
            assert rollout.history_rows() == rows + 1, f"{command} twice: the second changed nothing"


def test_r10_a_change_past_our_functions_leaves_a_row_marked_so(rollout):
    rows = rollout.history_rows()
    rollout.sql("update rollout_configuration set rollout_percentage = 42, max_error_rate = 7")
    assert rollout.history_rows() == rows + 1
    entry = rollout.client.history(1).entries[0]
    assert entry.outside_console
    assert entry.operator is None
    assert entry.after == {"rollout_percentage": 42, "max_error_rate": 7.0}
    rollout.sql("update rollout_configuration set updated_at = now()")
    assert rollout.history_rows() == rows + 1


@pytest.mark.parametrize(
    "statement",
    [
        "update rollout_history set reason = 'forged'",
        "delete from rollout_history",
        "truncate rollout_history",
        "delete from rollout_configuration",
    ],
)
@pytest.mark.parametrize("role", ["service_role", "postgres"])
def test_r10_rows_cannot_be_altered_even_by_the_service_role(rollout, statement, role):
    rows = rollout.history_rows()
    with psycopg.connect(rollout.url, autocommit=True) as connection:
        connection.execute(f"set role {role}")
        with pytest.raises(psycopg.Error, match="append-only") as refused:
            connection.execute(statement)
        assert refused.value.sqlstate == "RC004"
    assert rollout.history_rows() == rows


def test_r10_a_change_sent_twice_is_made_once(rollout):
    """The answer of the first sending was lost; the second has the same operation id."""
    client = rollout.client
    client.set_rollout(20)
    client.emergency_stop("x")
    calls = [
        ("rollout_resume", {"percentage": 5}),
        ("rollout_rollback", {"percentage": 3}),
        ("rollout_set_percentage", {"percentage": 8}),
        ("rollout_emergency_stop", {"reason": "again"}),
        ("rollout_set_auto_rollback", {"enabled": False}),
        ("rollout_add_to_whitelist", {"repositories": ["acme/repo-1"]}),
        ("rollout_remove_from_whitelist", {"repositories": ["acme/repo-1"]}),
        ("rollout_mark_as_test", {"repositories": ["acme/repo-1"]}),
        ("rollout_unmark_as_test", {"repositories": ["acme/repo-1"]}),
    ]
    for function, arguments in calls:
        context = client._context()
        rows = rollout.history_rows()
        first, second = (client.adapter.call(function, **arguments, context=context) for _ in range(2))
        assert first["changed"], function
        assert second["changed"], function
        assert first["change"] == second["change"]
        assert rollout.history_rows() == rows + 1, function


def test_r10_sixteen_writers_lose_nothing(rollout, names):
    """History equals the changes made, and every row's before is the after of the row before it."""
    made: list[bool] = []

    def operate(number: int) -> None:
        client = RolloutClient(PostgresAdapter(rollout.url), who={"operator": f"op{number}", "host": "h"})
        for step in range(10):
            made.append(client.set_rollout((number * 10 + step) % 100 + 1).changed)
        client.adapter.close()

    rows = rollout.history_rows()
    threads = [threading.Thread(target=operate, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 160
    assert rollout.history_rows() - rows == sum(made)
    entries = rollout.client.history(sum(made)).entries
    for newer, older in itertools.pairwise(entries):
        assert newer.previous_percentage == older.new_percentage
    assert rollout.client.status().rollout_percentage == entries[0].new_percentage
