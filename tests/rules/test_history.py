"""R10: every change leaves one row that nobody can alter."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import psycopg
import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.errors import Blocked, TimedOut
from tests.support.rollouts import Unseeing


@pytest.fixture(autouse=True)
def names(rollout):
    return rollout.add_repositories(5)


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


def test_r10_a_change_names_its_repositories_up_to_three(rollout, names):
    client = rollout.client
    changes = [client.add_to_whitelist, client.remove_from_whitelist, client.add_to_blacklist, client.remove_from_blacklist,
               client.mark_as_test, client.unmark_as_test]  # fmt: skip
    client.categorize_all()
    for changed, told in [(names[:1], names[:1]), (names[:3], names[:3]), (names[:4], [])]:
        for change in changes:
            change(changed)
            assert sorted(client.history(1).entries[0].repositories) == told, change
    client.set_rollout(20)
    assert client.history(1).entries[0].repositories == []


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
    calls: list[tuple[str, dict[str, Any]]] = [
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
        assert first.get("change") == second.get("change")
        assert rollout.history_rows() == rows + 1, function


def test_r10_sixteen_writers_lose_nothing(rollout, names):
    """History equals the changes made, and every row's before is the after of the row before it."""
    made: list[bool] = []

    def operate(number: int) -> None:
        client = Unseeing(PostgresAdapter(rollout.url), who={"operator": f"op{number}", "host": "h"})
        for step in range(5):
            while True:
                try:
                    made.append(client.set_rollout((number * 5 + step) % 100 + 1).changed)
                    break
                except (Blocked, TimedOut):  # too many for this machine: nothing was changed, and it is typed again
                    continue
        client.adapter.close()

    rows = rollout.history_rows()
    threads = [threading.Thread(target=operate, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 80
    assert rollout.history_rows() - rows == sum(made)
    entries = rollout.client.history(sum(made)).entries
    for newer, older in itertools.pairwise(entries):
        assert newer.previous_percentage == older.new_percentage
    assert rollout.client.status().rollout_percentage == entries[0].new_percentage


@pytest.mark.parametrize("kind", ["embedded", "postgres15"])
def test_r10_no_screen_reads_the_whole_history(rollout):
    rollout.sql(
        "insert into rollout_history (rollout_config_id, action, previous_percentage, new_percentage, metadata)"
        ' select c.id, \'updated\', n % 2, 1 - n % 2, \'{"command": "x", "details": {}, "before": {}, "after": {}}\''
        " from rollout_configuration c, generate_series(1, 10000) n"
    )
    rollout.sql("analyze rollout_history")
    with psycopg.connect(rollout.url) as session:
        for _ in range(7):  # the plan that is kept is the general one
            session.execute("select rollout_overview()")
        (read,) = session.execute(
            "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'rollout_history'"
        ).fetchone() or (None,)
    assert 0 < read < 10_000


@pytest.mark.parametrize(
    "command", ["rollout_status()", "rollout_overview()", "rollout_list_history()", "rollout_timeline()"]
)
def test_r9_r10_a_change_of_a_long_list_is_told_whole(rollout, command):
    rollout.sql(
        "update rollout_configuration set target_repositories = array(select 'x' || n from generate_series(1, 300) n)"
    )
    assert '"x300"' in str(rollout.value(f"select {command}::text"))
