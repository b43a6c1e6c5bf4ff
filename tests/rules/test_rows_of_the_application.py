"""Beside the web application: what each of its rows counts, and which rows of the history are told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb


@pytest.mark.asked
def test_r7_what_a_row_of_the_application_counts(rollout):
    """Jobs, errors, successes, how many of them were timed, and their seconds: its average of 0 is unknown."""
    for row, counted in (
        ({}, (0, 0, 0, 0, 0)),
        ({"total_jobs": 5, "success_count": 3, "error_count": 2}, (5, 2, 3, 0, 0)),
        ({"total_jobs": 5, "success_count": 3, "error_count": 2, "average_processing_time": 0.5}, (5, 2, 3, 5, 2.5)),
        ({"total_jobs": 5, "success_count": 5, "average_processing_time": 0}, (5, 0, 5, 0, 0)),
        ({"success_count": 1, "error_count": 1}, (2, 1, 1, 0, 0)),
        ({"total_jobs": 9, "error_count": 1}, (9, 1, 0, 0, 0)),
        ({"total_jobs": 5, "success_count": 3, "error_count": 2, "queued": True}, (2, 2, 0, 0, 0)),
        ({"total_jobs": 5, "success_count": 5, "timed_jobs": 2, "processing_seconds": 7, "average_processing_time": 9},
         (5, 0, 5, 2, 7)),
        ({"total_jobs": 5, "success_count": 5, "timed_jobs": 2, "average_processing_time": 9}, (5, 0, 5, 2, 0)),
    ):  # fmt: skip
        assert rollout.sql(
            "select t.jobs, t.errors, t.successes, t.timed, t.seconds from"
            " rollout.metrics_tally(jsonb_populate_record(null::rollout_metrics, %s)) t",
            Jsonb({"processor_type": "inngest", "treated": True, **row}),
        ) == [counted], row  # fmt: skip


@pytest.mark.asked
def test_r7_counts_that_no_job_can_have(rollout):
    for row, is_odd in (
        ({}, False),
        *(({count: number}, number < 0) for number in (-1, 0)
          for count in ("total_jobs", "success_count", "error_count", "timed_jobs")),
        ({"total_jobs": 0, "error_count": 1}, False),  # of a row whose jobs nobody counts
        ({"total_jobs": 1, "error_count": 1}, False),
        ({"total_jobs": 1, "error_count": 2}, True),
        ({"total_jobs": 1000}, False), ({"total_jobs": 1001}, True),
        ({"success_count": 900, "error_count": 100}, False), ({"success_count": 900, "error_count": 101}, True),
        ({"total_jobs": 2, "success_count": 900, "error_count": 2}, False),
    ):  # fmt: skip
        assert rollout.value(
            "select rollout.is_odd(jsonb_populate_record(c, '{\"most_jobs_of_a_row\": 1000}'),"
            " jsonb_populate_record(null::rollout_metrics, %s)) from rollout_configuration c",
            Jsonb(row),
        ) is is_odd, row  # fmt: skip


@pytest.mark.asked
@pytest.mark.parametrize("lowered", ["restarted_at", "narrowed_at"])
def test_r7_a_report_counts_for_the_present_or_for_just_before_what_its_job_began_before(rollout, lowered):
    """In microseconds after the present."""
    for moment, began, counted in (
        (None, None, 0), (None, -9, 0), (-5, None, 0), (-5, -6, -6), (-5, -5, 0), (-5, -4, 0),
        (0, -1, -1), (0, 0, 0), (1, -9, 1), (1, None, 1),
    ):  # fmt: skip
        assert rollout.value(
            f"select extract(epoch from rollout.counted_at(k, now() + %s * u, now()) - now()) * 1000000"
            f" from rollout_configuration c, (select interval '1 us' as u) u cross join lateral"
            f" (select (jsonb_populate_record(c, jsonb_build_object('restarted_at', null, 'narrowed_at', null) ||"
            f"   jsonb_build_object('{lowered}', now() + %s * u))).*) k",
            began, moment,
        ) == counted, (moment, began)  # fmt: skip


@pytest.mark.asked
def test_r9_entries_that_a_write_of_the_browser_console_dropped_unseen(rollout):
    """It adds or removes one entry of the list that it has read."""
    for was, became, dropped in (
        (["a", "b"], ["a", "b"], []), (["a", "b"], ["a"], []), (["a", "b"], ["a", "b", "c"], []),
        (["a", "b"], [], ["a", "b"]), (["a", "b"], ["a", "c"], ["b"]), (["a", "b"], ["c"], ["a", "b"]), ([], ["a"], []),
    ):  # fmt: skip
        found = rollout.value("select rollout.overwritten(%s::text[], %s::text[])", was, became)
        assert sorted(found) == dropped, (was, became)


@pytest.mark.asked
def test_r10_which_row_of_the_browser_console_stands_beside_one_of_our_trigger(rollout):
    """So long after it, of which percentage and action; the trigger's own row is of 25 %."""
    rollout.sql("select rollout_create(feature_name => 'another_feature')")

    def add(feature, moment, percentage, action, **metadata):
        return rollout.value(
            "insert into rollout_history (rollout_config_id, action, new_percentage, triggered_by, metadata, created_at)"
            " select id, %s, %s, 'manual', %s, %s from rollout_configuration where feature_name = %s returning id",
            action, percentage, Jsonb(metadata), moment, feature,
        )  # fmt: skip

    ours, other = rollout.client.feature, "another_feature"
    recorded: dict[str, Any] = {"before": {}, "after": {}, "details": {}}
    moment = rollout.value("select now() + interval '1 hour'")
    for feature, outside, later, percentage, action, is_echo in (
        (ours, True, "0", 25, "updated", True), (ours, True, "10 s", 25, "updated", True),
        (ours, True, "10 s 1 us", 25, "updated", False), (ours, True, "-1 us", 25, "updated", False),
        (ours, True, "1 s", 30, "updated", False), (ours, True, "1 s", None, "updated", True),
        (ours, True, "1 s", 30, "emergency_stop", True), (ours, False, "1 s", 25, "updated", False),
        (other, True, "1 s", 25, "updated", False),
    ):  # fmt: skip
        moment += timedelta(hours=1)
        by_trigger = add(feature, moment, 25, "updated", **recorded, outside_console=outside)
        written = add(ours, rollout.value("select %s + %s::interval", moment, later), percentage, action)
        found = rollout.sql(
            "select rollout.is_told(w), (rollout.trigger_row_of(w)).id, (rollout.application_row_of(t)).id"
            " from rollout_history w, rollout_history t where w.id = %s and t.id = %s",
            written, by_trigger,
        )[0]  # fmt: skip
        assert found == ((False, by_trigger, written) if is_echo else (True, None, None)), (later, percentage, action)


@pytest.mark.asked
def test_r10_outside_of_the_console_is_what_our_trigger_marked_so(rollout):
    client = rollout.client
    client.set_rollout(10)
    assert not client.history(1).entries[0].outside_console
    rollout.sql("update rollout_configuration set rollout_percentage = 20")
    assert client.history(1).entries[0].outside_console
    rollout.sql(
        "insert into rollout_history (rollout_config_id, action, new_percentage, metadata, created_at)"
        " select id, 'updated', 30, '{\"outside_console\": true}', now() + interval '1 hour' from rollout_configuration"
    )
    assert not client.history(1).entries[0].outside_console, "nor is what others mark"


@pytest.mark.asked
def test_r10_rows_of_the_applications_check_are_not_told_and_those_of_others_are(rollout):
    for triggered_by, previous, percentage, is_told in (
        ("auto_rollback", 0, 0, False), ("auto_rollback", 50, 0, False), ("manual", 0, 0, True), ("manual", 50, 0, True),
    ):  # fmt: skip
        assert rollout.value(
            "with h as (insert into rollout_history (rollout_config_id, action, previous_percentage, new_percentage,"
            "  triggered_by) select id, 'rollback', %s, %s, %s from rollout_configuration returning rollout_history)"
            " select rollout.is_told(h.rollout_history) from h",
            previous, percentage, triggered_by,
        ) is is_told, (triggered_by, previous)  # fmt: skip
    for by, was, became, changes_nothing in (
        ("auto_rollback", 0, 0, True), ("auto_rollback", 50, 0, False), ("manual", 0, 0, False),
        ("auto_rollback", None, 0, False),
    ):  # fmt: skip
        row = {"triggered_by": by, "previous_percentage": was, "new_percentage": became}
        for metadata, is_theirs in ((None, True), ({"before": {}, "after": {}, "details": {}}, False)):
            assert rollout.value(
                "select rollout.changes_nothing(jsonb_populate_record(null::rollout_history, %s))",
                Jsonb({**row, "metadata": metadata}),
            ) is (changes_nothing and is_theirs), (row, metadata)  # fmt: skip
