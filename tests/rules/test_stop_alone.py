"""R18: nothing that fails beside a stop or a fall to 0 % fails it; of any other write that fails nothing is taken."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

pytestmark = pytest.mark.asked

COLUMNS = "emergency_stop, emergency_stop_reason, rollout_percentage, plan, emergency_stopped_at is not null"
FAILING = """
    create or replace function rollout.{} returns void language plpgsql as $$ begin raise exception 'broken'; end $$
"""
RECORD = "record_change(operation text, was_row rollout_configuration, became_row rollout_configuration)"
FOLLOW = "follow_change(was rollout_configuration, became rollout_configuration)"
ACTIVE = "feature_name = 'hybrid_progressive_capture'"


def write(rollout, **values: Any) -> list[tuple[Any, ...]]:
    columns = ", ".join(f"{name} = %s" for name in values)
    rollout.sql(f"update rollout_configuration set {columns} where {ACTIVE}", *values.values())
    return list(rollout.sql(f"select {COLUMNS} from rollout_configuration where {ACTIVE}"))


def put(rollout, **values: Any) -> None:
    """Write a row past all triggers, as the deployment that was before may have left it."""
    with rollout.transaction() as session:
        session.execute("set local session_replication_role = replica")
        columns = ", ".join(f"{name} = %s" for name in values)
        session.execute(f"update rollout_configuration set {columns} where {ACTIVE}", list(values.values()))


@pytest.mark.parametrize(
    ("was", "written", "became"),
    [
        ({}, {}, None),
        ({}, {"emergency_stop": True, "emergency_stop_reason": "fire"}, (True, "fire", 50, None, True)),
        ({}, {"emergency_stop": True, "rollout_percentage": 20}, (True, None, 50, None, True)),
        ({"is_active": False}, {"emergency_stop": True}, None),
        ({}, {"rollout_percentage": 0}, (False, None, 0, None, False)),
        ({"emergency_stop": None}, {"rollout_percentage": 0}, (False, None, 0, None, False)),
        ({"is_active": False}, {"rollout_percentage": 0}, None),
        ({}, {"rollout_percentage": 1}, None),
        ({"rollout_percentage": 0}, {"rollout_percentage": 0}, None),
        ({"emergency_stop": True}, {"emergency_stop": True}, None),
        ({"emergency_stop": True, "emergency_stop_reason": "fire", "emergency_stopped_at": "2026-01-02"},
         {"rollout_percentage": 0}, (True, "fire", 0, None, True)),
    ],
)  # fmt: skip
def test_r18_of_a_write_that_is_refused_the_stop_or_the_fall_to_zero_is_taken_alone(running, was, written, became):
    if was:
        put(running, **was)
    if became is None:
        with pytest.raises(psycopg.Error, match="plan"):
            write(running, plan='{"steps": 5}', **written)
    else:
        assert write(running, plan='{"steps": 5}', **written) == [became]
        assert running.client.status().percentage_in_effect == 0


def test_r18_a_new_configuration_that_is_refused_is_none_though_it_is_stopped(running):
    with pytest.raises(psycopg.Error, match="plan"):
        running.sql(
            "insert into rollout_configuration (feature_name, is_active, rollout_percentage, emergency_stop, plan)"
            " values ('second', true, 0, true, '{\"steps\": 5}')"
        )


@pytest.mark.parametrize("failing", [RECORD, FOLLOW], ids=["record", "follow"])
def test_r18_a_stop_whose_record_or_counters_fail_is_made_and_left_in_the_history(running, failing):
    running.sql(FAILING.format(failing))
    for written, action, before, after in (
        ({"emergency_stop": True, "emergency_stop_reason": "fire"}, "emergency_stop", 50, 50),
        ({"rollout_percentage": 0}, "rollback", 50, 0),
    ):
        rows = running.history_rows()
        write(running, **written)
        assert running.history_rows() == rows + 1
        entry = running.client.history(1).entries[0]
        assert (entry.previous_percentage, entry.new_percentage, entry.triggered_by) == (
            before,
            after,
            "outside_console",
        )
        if failing == RECORD:
            assert (entry.action, entry.reason) == (action, "changed directly in the table")
        put(running, emergency_stop=False, rollout_percentage=50)
    for written in ({"rollout_percentage": 1}, {"rollout_percentage": 60}, {"max_error_rate": 7}):
        with pytest.raises(psycopg.Error, match="broken"):
            write(running, **written)
    put(running, emergency_stop=True, rollout_percentage=0)
    with pytest.raises(psycopg.Error, match="broken"):
        write(running, max_error_rate=7)
    with pytest.raises(psycopg.Error, match="broken"):
        running.sql(
            "insert into rollout_configuration (feature_name, is_active, rollout_percentage, emergency_stop)"
            " values ('second', true, 0, true)"
        )
    assert running.client.status().rollout_percentage == 0


def test_r18_a_stop_by_a_command_whose_record_fails_is_told_with_who_and_why(running):
    running.sql(FAILING.format(RECORD))
    running.sql("select rollout_emergency_stop('fire', context => '{\"operator\": \"ada\"}')")
    entry = running.client.history(1).entries[0]
    assert (entry.command, entry.action, entry.operator, entry.reason, entry.triggered_by) == (
        "emergencyStop", "emergency_stop", "ada", "fire", "manual",
    )  # fmt: skip
    assert not entry.outside_console


@pytest.mark.commits
def test_r18_a_session_in_which_nothing_was_set_stops_all_the_same(running):
    """What is told to the triggers is a setting, which a new session has never heard of."""
    with psycopg.connect(running.url) as session:
        session.execute(FAILING.format(RECORD))
        session.execute("update rollout_configuration set emergency_stop = true")
        recorded = session.execute("select action, reason from rollout_history order by created_at desc limit 1")
        assert recorded.fetchone() == ("emergency_stop", "changed directly in the table")
        session.rollback()


LISTED = "0D3E1D5C-0000-4000-8000-00000000000A"
IN_ORDER = {
    "target_repositories": [LISTED.lower()], "excluded_repositories": [], "metadata": {}, "max_error_rate": 5,
    "accepted_signals": [],
}  # fmt: skip
ODD = {
    "target_repositories": [None, LISTED], "excluded_repositories": None, "metadata": "[]", "max_error_rate": None,
    "accepted_signals": ["stuck_jobs"],
}  # fmt: skip
LISTS = {"target_repositories": [None, LISTED], "excluded_repositories": [LISTED, None]}
LISTED_ONCE = {name: [LISTED.lower()] for name in LISTS}


@pytest.mark.parametrize(
    ("written", "became"),
    [
        ({"emergency_stop": True}, {**ODD, "metadata": []}),
        ({"rollout_percentage": 20}, {**ODD, "metadata": []}),
        ({"updated_at": "2026-01-02"}, {**IN_ORDER, "target_repositories": [None, LISTED]}),
        ({"minimum_sample": 20}, {**IN_ORDER, "target_repositories": [None, LISTED]}),
        ({"minimum_sample": 20, "rollout_percentage": 20}, {**IN_ORDER, "target_repositories": [None, LISTED]}),
        ({"minimum_sample": 20, "emergency_stop": True}, {**IN_ORDER, "target_repositories": [None, LISTED]}),
        (LISTS | {"emergency_stop": True}, {**IN_ORDER, **LISTED_ONCE}),
        (dict.fromkeys(LISTS), IN_ORDER | {name: [] for name in LISTS}),
    ],
)
def test_r5_a_stop_leaves_the_rest_as_it_stands_and_any_other_write_puts_it_in_order(running, written, became):
    put(running, target_repositories=["x"])
    put(running, **{name: value for name, value in ODD.items() if name not in written})
    write(running, **written)
    row = running.value(f"select to_jsonb(c) from rollout_configuration c where {ACTIVE}")
    assert {name: row[name] for name in became} == became


def test_r9_a_new_configuration_is_put_in_order_as_it_is_written(running):
    running.sql(
        "insert into rollout_configuration (feature_name, is_active, target_repositories, excluded_repositories, metadata,"
        " max_error_rate, accepted_signals) values ('second', true, %s, %s, '[]', null, '{stuck_jobs}')",
        LISTS["target_repositories"], LISTS["excluded_repositories"],
    )  # fmt: skip
    row = running.value("select to_jsonb(c) from rollout_configuration c where feature_name = 'second'")
    assert {name: row[name] for name in IN_ORDER} == {**IN_ORDER, **LISTED_ONCE}


def test_r5_nulls_are_filled_with_what_halts_nobody_and_starts_nothing(running):
    nulls = dict.fromkeys(
        ("rollout_percentage", "is_active", "rollout_strategy", "auto_rollback_enabled", "emergency_stop")
    )
    write(running, **nulls)
    row = running.value(f"select to_jsonb(c) from rollout_configuration c where {ACTIVE}")
    assert {name: row[name] for name in nulls} == {
        "rollout_percentage": 0, "is_active": False, "rollout_strategy": "repository_size",
        "auto_rollback_enabled": True, "emergency_stop": False,
    }  # fmt: skip


def test_r7_what_leaves_no_percentage_at_all_leaves_zero_and_starts_afresh(running):
    put(running, rollout_percentage=None, emergency_stop=None, restarted_at="2026-01-02")
    write(running, rollout_percentage=1)
    assert running.value("select restarted_at > now() - interval '1 hour' from rollout_configuration")


def test_r5_a_stop_of_a_row_that_did_not_say_whether_it_was_stopped_is_dated(running):
    put(running, emergency_stop=None)
    write(running, emergency_stop=True)
    assert running.client.status().state.since > running.client.status().server_time - timedelta(hours=1)


@pytest.mark.parametrize("was", [{"rollout_percentage": 0}, {"emergency_stop": None}, {"emergency_stop": True}])
def test_r7_what_neither_leaves_zero_nor_a_stop_starts_nothing_afresh(running, was):
    put(running, **was, restarted_at="2026-01-02T00:00Z")
    write(running, minimum_sample=20)
    assert running.value("select restarted_at = '2026-01-02T00:00Z' from rollout_configuration")


@pytest.mark.parametrize(
    ("was_stopped", "written", "percentage"),
    [
        (False, {"rollout_percentage": 20}, 20),
        (False, {"rollout_percentage": 20, "emergency_stop": True}, 20),
        (True, {"rollout_percentage": 20}, 50),
        (True, {"rollout_percentage": 20, "emergency_stop": False}, 20),
    ],
)
def test_r5_what_others_write_during_a_stop_does_not_change_what_resume_restores(
    running, was_stopped, written, percentage
):
    if was_stopped:
        running.client.emergency_stop("look")
    write(running, **written)
    assert running.client.status().rollout_percentage == percentage
    if "emergency_stop" not in written:
        assert running.client.rollback_to_percentage(10).status.rollout_percentage == 10


def test_r8_auto_rollback_is_as_it_is_written_into_a_new_row_and_where_its_own_switch_says_nothing(running):
    for enabled in (True, False):
        running.sql(
            "insert into rollout_configuration (feature_name, is_active, auto_rollback_enabled) values (%s, true, %s)",
            f"enabled {enabled}", enabled,
        )  # fmt: skip
        put(running, breaker_enabled=None, auto_rollback_enabled=enabled)
        write(running, minimum_sample=20 + enabled)
        switches = running.sql(
            "select breaker_enabled, auto_rollback_enabled from rollout_configuration where feature_name in (%s, %s)",
            running.client.feature, f"enabled {enabled}",
        )  # fmt: skip
        assert switches == [(enabled, enabled)] * 2


@pytest.mark.commits
def test_r18_neither_a_stop_nor_a_setting_waits_for_somebody_who_is_changing_categories(running):
    with psycopg.connect(running.url) as categorizing, psycopg.connect(running.url, autocommit=True) as operator:
        categorizing.execute("select from rollout.category_counts for update")
        operator.execute("set lock_timeout = '100ms'")
        operator.execute("update rollout_configuration set max_error_rate = 7")
        operator.execute("update rollout_configuration set emergency_stop = true")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            operator.execute("update rollout_configuration set target_repositories = '{x}'")
    assert running.client.status().emergency_stop
