"""R5: emergencyStop keeps the percentage, and resume restores it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from rollout_console.errors import Refused, RolloutError
from tests.support.rollouts import Unseeing


@pytest.fixture(autouse=True)
def repositories(rollout):
    rollout.add_repositories(100)
    rollout.client.categorize_all()


def test_r5_a_stop_keeps_the_percentage_and_resume_restores_it(rollout):
    rollout.client.set_rollout(20)
    stopped = rollout.client.emergency_stop("errors in the logs").status
    assert (stopped.emergency_stop, stopped.rollout_percentage, stopped.percentage_in_effect) == (True, 20, 0)
    assert stopped.emergency_stop_reason == "errors in the logs"
    assert stopped.emergency_stopped_at is not None
    resumed = rollout.client.resume().status
    assert (resumed.emergency_stop, resumed.percentage_in_effect) == (False, 20)
    assert resumed.emergency_stop_reason is None


def test_r5_a_stop_halts_the_whitelist_too(rollout):
    rollout.client.add_to_whitelist("acme/repo-1")
    rollout.client.emergency_stop()
    assert not rollout.is_eligible("acme/repo-1")


def test_r5_resume_at_another_percentage_is_one_change(rollout):
    rollout.client.set_rollout(20)
    rollout.client.emergency_stop("errors")
    rows = rollout.history_rows()
    status = rollout.client.resume(5).status
    assert (status.emergency_stop, status.rollout_percentage) == (False, 5)
    assert rollout.history_rows() == rows + 1


def test_r17_resume_above_what_was_kept_is_done_and_said_as_by_setrollout(rollout):
    rollout.client.set_rollout(10)
    rollout.client.emergency_stop("errors")
    shut = [g.name for g in rollout.client.phases().gates if not g.open]
    resumed = rollout.client.resume(50)
    assert (resumed.status.percentage_in_effect, resumed.skipped_phase) == (50, 25)
    assert ["stop", *(g.name for g in resumed.shut)] == shut, "all but the stop, which has ended"
    rollout.client.emergency_stop("again")
    for kept in (None, 5):
        lower = rollout.client.resume(kept)
        assert (lower.shut, lower.skipped_phase) == ([], None)
        rollout.client.emergency_stop("again")


def test_r5_stopping_twice_keeps_both_reasons_in_history(rollout):
    rollout.client.emergency_stop("first")
    rollout.client.emergency_stop("second")
    assert [e.reason for e in rollout.client.history(2).entries] == ["second", "first"]
    again = rollout.client.emergency_stop()
    assert not again.changed
    assert again.status.emergency_stop_reason == "second", "a stop without a reason wiped out the reason"


def test_r5_of_two_stops_since_when_by_whom_and_why_are_those_of_the_second(rollout):
    ann: Any = Unseeing(rollout.client.adapter, who={"operator": "ann", "host": "h"})
    stopped_at = rollout.client.emergency_stop("the API is red").status.emergency_stopped_at
    second = ann.emergency_stop("the database, too")
    rollout.client.emergency_stop()
    for looked in (rollout.client.status(), second.status):
        state = looked.state
        assert (state.by, state.reason, state.since) == ("ann", "the database, too", second.change.at)
        assert looked.emergency_stopped_at == stopped_at


def test_r5_a_row_that_is_inserted_stopped_is_dated(rollout):
    rollout.sql(
        "insert into rollout_configuration (feature_name, is_active, emergency_stop) values ('another_feature', true, true)"
    )
    status: Any = Unseeing(rollout.client.adapter, "another_feature").status()
    assert status.emergency_stopped_at is not None
    assert (status.state.name, status.state.since is not None, status.state.by) == ("stopped", True, "outside_console")


def test_r5_resume_without_a_stop_changes_nothing(rollout):
    rollout.client.set_rollout(20)
    assert not rollout.client.resume().changed
    with pytest.raises(Refused, match=r"rollout\.setRollout\(5\)"):
        rollout.client.resume(5)
    assert rollout.client.status().rollout_percentage == 20


@pytest.mark.parametrize("reason", [5, [], b"x", object()], ids=lambda value: f"{value!r:.8}")
def test_a_reason_is_text_but_of_a_stop(rollout, reason):
    with pytest.raises(RolloutError, match="in quotes"):
        rollout.client.set_rollout(10, reason)


@pytest.mark.parametrize("operation", ["no id", 5, {}, None])
def test_r18_a_stop_whose_operation_has_no_id_is_made_at_once(rollout, operation):
    context = json.dumps({"operation_id": operation})
    begun = time.monotonic()
    answer = rollout.value("select rollout_emergency_stop(reason => 'errors', context => %s::jsonb)", context)
    assert time.monotonic() - begun < 5, "it waits only for who is in its way"
    assert (answer["changed"], rollout.client.status().emergency_stop) == (True, True)


@pytest.mark.asked
@pytest.mark.parametrize(
    ("feature", "before", "action", "metadata", "reason"),
    [
        (None, "0", "emergency_stop", {}, "on fire"),
        (None, "1 min", "emergency_stop", {}, "on fire"),
        (None, "1 min 1 us", "emergency_stop", {}, None),
        (None, "0", "updated", {}, None),
        (None, "0", "emergency_stop", {"before": {}, "after": {}, "details": {}}, None),
        ("another_feature", "0", "emergency_stop", {}, None),
    ],
)
def test_r5_the_reason_of_a_stop_in_the_browser_is_that_of_its_row_of_a_minute_before_or_later(
    rollout, feature, before, action, metadata, reason
):
    rollout.sql("select rollout_create(feature_name => 'another_feature')")
    rollout.sql(
        "update rollout_configuration set emergency_stop = true where feature_name = %s", rollout.client.feature
    )
    rollout.sql(
        "insert into rollout_history (rollout_config_id, action, reason, metadata, created_at)"
        " select o.id, %s, 'on fire', %s, c.emergency_stopped_at - %s::interval from rollout_configuration c,"
        " rollout_configuration o where c.feature_name = %s and o.feature_name = %s",
        action, Jsonb(metadata), before, rollout.client.feature, feature or rollout.client.feature,
    )  # fmt: skip
    assert rollout.client.status().emergency_stop_reason == reason
    rollout.client.resume()
    assert rollout.client.status().emergency_stop_reason is None


@pytest.mark.asked
def test_r5_and_r8_who_stopped_it_or_switched_it_off_is_who_did_so_last(rollout):
    ours = rollout.client
    ann, uma = (Unseeing(ours.adapter, ours.feature, who={"operator": name, "host": "h"}) for name in ("ann", "uma"))
    other = Unseeing(ours.adapter, "another_feature", who={"operator": "eve", "host": "h"})
    other.create()
    ours.set_rollout(50)
    ann.hold("look")
    state = ours.status().state
    assert (state.name, state.by, state.reason) == ("held", "ann", "look")
    ann.release()
    for client in (ours, ann):
        client.emergency_stop(f"by {client.who['operator']}")
        if client is ours:
            ours.resume()
    for client in (ann, ours):
        client.disable_auto_rollback(f"by {client.who['operator']}")
        if client is ann:
            ours.enable_auto_rollback()
    uma.note("looked")
    uma.add_to_whitelist("acme/repo-1", reason="listed")
    other.emergency_stop("by eve")
    other.disable_auto_rollback("by eve")
    state = ours.status().state
    assert (state.name, state.by, state.reason) == ("stopped", "ann", "by ann")
    off = rollout.value(
        "select rollout.switched_off(c) from rollout_configuration c where c.feature_name = %s", ours.feature
    )
    assert (off["by"], off["reason"], off["until"]) == ("tess", "by tess", None)
    left_off = "select w.what from rollout_configuration c, rollout.without_an_end(c) w where c.feature_name = %s"
    assert rollout.sql(left_off, ours.feature) == [("auto_rollback",)]
    ours.disable_auto_rollback("for a while", until="2h")
    assert rollout.sql(left_off, ours.feature) == []
    ours.enable_auto_rollback()
    assert rollout.value("select rollout.switched_off(c) from rollout_configuration c where c.feature_name = %s",
                         ours.feature) is None  # fmt: skip
