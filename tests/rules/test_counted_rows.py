"""R7: what the rows hold that reports are added to, and what is counted of rows that others write."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from tests.support.rollouts import OPERATOR, Unseeing

pytestmark = pytest.mark.asked

ROWS = """
    select c.feature_name, r.full_name, m.processor_type, m.treated, m.success_count, m.error_count, m.total_jobs,
           m.average_processing_time::float, m.timed_jobs, m.processing_seconds::float, m.last_error_message,
           m.last_error_at = now(), m.recorded_window = (select max(recorded_window) from rollout_metrics)
    from rollout_metrics m join rollout_configuration c on c.id = m.rollout_config_id
    join repositories r on r.id = m.repository_id
"""
OF_A_ROW = ROWS + " where r.full_name = 'acme/repo-1' and m.processor_type = 'inngest' and m.treated and"


def alone(rollout, jobs: list[dict[str, Any]], feature: str) -> None:
    for job in jobs:
        rollout.sql(
            "select record_rollout_job(r.repo_id, r.processor, r.success, r.processing_seconds, r.error_message,"
            " treated => r.treated, feature_name => %s) from jsonb_populate_record(null::rollout.report, %s) r",
            feature, json.dumps(job),
        )  # fmt: skip


def together(rollout, jobs: list[dict[str, Any]], feature: str) -> None:
    rollout.sql("select record_rollout_jobs(%s, %s)", json.dumps(jobs), feature)


@pytest.mark.parametrize("report", [alone, together])
def test_r7_reports_are_added_up_in_the_row_of_their_repository_processor_arm_and_window(running, report):
    running.client.disable_auto_rollback()
    Unseeing(running.client.adapter, "another_feature", who=OPERATOR).create()
    ours = running.client.feature
    row = {
        "repo_id": running.repository_id("acme/repo-1"), "processor": "inngest", "treated": True, "success": True,
    }  # fmt: skip
    failed = {**row, "success": False, "error_message": "boom", "processing_seconds": 10}
    report(running, [row], ours)
    running.sql("update rollout_metrics set recorded_window = recorded_window - interval '1 day'")
    report(running, [{**row, "repo_id": running.repository_id("acme/repo-2")}], ours)
    report(running, [{**row, "processor": "github_actions"}], ours)
    report(running, [{**row, "treated": False}], ours)
    report(running, [row], "another_feature")
    beside = set(running.sql(ROWS))
    assert len(beside) == 5
    assert {row[4:12] for row in beside} == {(1, 0, 1, None, 0, 0, None, None)}
    for jobs, expected in (
        ([failed], (0, 1, 1, 10, 1, 10, "boom", True)),
        ([{**row, "processing_seconds": seconds} for seconds in (20, 30, None)], (3, 1, 4, 20, 3, 60, "boom", False)),
        ([row], (4, 1, 5, 20, 3, 60, "boom", False)),
        ([{**failed, "error_message": "bang"}], (4, 2, 6, 17.5, 4, 70, "bang", True)),
    ):
        report(running, jobs, ours)
        (added,) = set(running.sql(ROWS)) - beside
        assert added == (ours, "acme/repo-1", "inngest", True, *expected, True)
        running.sql("update rollout_metrics set last_error_at = last_error_at - interval '1 day'")
    assert beside < set(running.sql(ROWS))
    report(running, [row, {**row, "repo_id": running.repository_id("acme/repo-3")}], ours)
    totals = {name: 0 for _, name, *_ in running.sql(ROWS)}
    for _, name, _, _, _, _, total, *_ in running.sql(ROWS):
        totals[name] += total
    assert totals == {"acme/repo-1": 6 + 1 + 4, "acme/repo-2": 1, "acme/repo-3": 1}
    ends = "select metrics_window_end - recorded_window = interval '1 day' from rollout_metrics"
    assert running.value(f"{ends} order by recorded_window desc limit 1")


@pytest.mark.parametrize(
    ("seconds", "job_id", "fault"),
    [
        (-0.01, None, "processing_seconds"), (0, None, None), (0.5, "x", None), (None, "x" * 200, None),
        (100_000_000, None, None), (100_000_000.01, None, "processing_seconds"), ("NaN", None, "processing_seconds"),
        (1, "", "job_id"), (1, "x" * 201, "job_id"),
    ],
)  # fmt: skip
def test_r13_the_seconds_and_the_id_of_a_report_at_their_bounds(running, seconds, job_id, fault):
    report = "select record_rollout_job(null, 'inngest', true, %s::numeric, job_id => %s)"
    if fault:
        with pytest.raises(psycopg.Error, match=fault):
            running.sql(report, seconds, job_id)
    else:
        running.sql(report, seconds, job_id)
        assert running.value("select total_jobs from rollout_metrics") == 1


def test_r7_where_the_hosts_own_function_answers_neither_yes_nor_no_a_report_is_of_the_control(running):
    running.sql(
        "create or replace function is_repository_eligible_for_rollout("
        " repo_id uuid, feature_name text default 'hybrid_progressive_capture') returns boolean language sql stable"
        " as 'select null::boolean'"
    )
    for report in (alone, together):
        report(running, [{"processor": "inngest", "success": True}], running.client.feature)
    assert running.sql("select treated, sum(jobs)::integer from rollout.counts group by 1") == [(False, 2)]


ROW = (
    "insert into rollout_metrics (rollout_config_id, processor_type, success_count, error_count, total_jobs)"
    " select id, 'github_actions', %s, %s, %s from rollout_configuration"
)


def test_r7_neither_a_success_nor_counts_that_no_job_can_have_are_an_error_of_any_kind(running):
    for counts in ((1, 0, 1), (0, 9, 3), (-5, 2, 1)):
        running.sql(ROW, *counts)
    assert running.client.errors().kinds == []
    running.sql(ROW, 0, 1, 1)
    assert [kind.errors for kind in running.client.errors().kinds] == [1]
    running.sql("update rollout_metrics set success_count = 1 where error_count = 1")
    assert [kind.errors for kind in running.client.errors().kinds] == [1]
    running.sql("delete from rollout_metrics")
    assert [kind.errors for kind in running.client.errors().kinds] == [1]


def test_r7_what_others_write_into_a_row_of_ours_counts_as_long_as_it_takes_no_job_away(running):
    running.client.disable_auto_rollback()
    running.sql("update rollout_configuration set restarted_at = now() - interval '1 hour'")
    running.report(good=5)
    for written, counted in (
        ("success_count = 4, error_count = 1", (5, 1)),
        ("success_count = 4, error_count = 2, total_jobs = 6", (6, 2)),
    ):
        running.sql(f"update rollout_metrics set {written}")
        health = running.client.status().health
        assert ((health.jobs, health.errors), running.differences()) == (counted, {})
        assert running.value("select sum(recorded)::integer from rollout.counts") == counted[0]
    running.sql("update rollout_metrics set success_count = 0, error_count = 0, total_jobs = 5")
    health = running.client.status().health
    assert (health.jobs, health.errors, running.differences()) == (6, 2, {"jobs per processor and arm": 1})


def test_r7_a_row_whose_counts_no_job_can_have_may_be_deleted(running):
    running.sql(ROW, 0, 9, 3)
    running.sql("delete from rollout_metrics")
    assert (running.client.status().health.jobs, running.differences()) == (0, {})


def test_r7_of_a_row_whose_last_error_is_ignored_new_errors_alone_count_for_no_window(running):
    running.client.configure(ignored_errors=["boom"])
    running.sql("update rollout_configuration set restarted_at = now() - interval '1 hour'")
    running.sql(
        "insert into rollout_metrics (rollout_config_id, processor_type, success_count, error_count, total_jobs,"
        " last_error_message) select id, 'github_actions', 1 - errors, errors, 1, 'boom'"
        " from rollout_configuration, (values (0), (1)) e (errors)"
    )
    assert (running.client.status().health.jobs, running.client.status().health.errors) == (1, 0)
    running.sql("update rollout_metrics set success_count = 1, total_jobs = 2 where error_count = 1")
    assert (running.client.status().health.jobs, running.client.status().health.errors) == (2, 0)
    running.sql("update rollout_metrics set error_count = 2, total_jobs = 3 where error_count = 1")
    assert (running.client.status().health.jobs, running.differences()) == (2, {})


def test_r7_the_clock_of_the_application_is_compared_as_it_begins_a_row_and_not_as_it_adds_to_one(running):
    def warned() -> bool:
        return "clock" in [warning.name for warning in running.client.status().warnings]

    row = (
        "insert into rollout_metrics (rollout_config_id, processor_type, success_count, total_jobs, metrics_window_end)"
        " select id, 'github_actions', 1, 1, now() - %s * interval '1 min' from rollout_configuration"
    )
    running.sql("update rollout_configuration set restarted_at = now() - interval '1 hour'")
    running.sql(row, 0)
    running.sql(
        "update rollout_metrics set success_count = 2, total_jobs = 2, metrics_window_end = now() - interval '9 min'"
    )
    assert not warned()
    running.sql("delete from rollout.job_deltas")
    running.sql(row, 9)
    assert warned()


def test_r7_an_error_of_the_very_restart_counts_since_it_as_reported_and_as_folded(running):
    running.sql(
        "insert into rollout.error_deltas (rollout_config_id, kind, processor_type, treated, errors, failed_at, percentage,"
        " sample, repositories) select id, kind, 'inngest', true, n, restarted_at - (n - 1) * interval '1 us', 50, kind, '{}'"
        " from rollout_configuration, (values ('boom', 1), ('boom', 2), ('old', 2)) k (kind, n)"
    )
    for _ in ("as reported", "folded"):
        kinds = {kind.kind: (kind.errors, kind.since_restart) for kind in running.client.errors().kinds}
        assert kinds == {"boom": (3, 1), "old": (2, 0)}
        running.sql("select rollout.fold_deltas()")


@pytest.mark.parametrize(("ended", "now"), [("1 h", True), ("1 h 1 us", False)])
def test_r7_a_row_whose_window_ended_more_than_an_hour_ago_counts_for_its_end(running, ended, now):
    running.sql("update rollout_configuration set restarted_at = now() - interval '1 day'")
    running.sql(
        "insert into rollout_metrics (rollout_config_id, processor_type, success_count, total_jobs, metrics_window_end)"
        " select id, 'github_actions', 1, 1, now() - %s::interval from rollout_configuration", ended,
    )  # fmt: skip
    assert running.value("select slot_start > now() - interval '30 min' from rollout.counts") is now


def test_r7_of_a_row_that_the_application_adds_to_the_seconds_beyond_what_they_were_are_counted(running):
    seconds = "select sum(timed_jobs)::integer, sum(processing_seconds)::integer from rollout.counts"
    for written, counted in (
        (ROW % (1, 0, 1), (0, 0)),
        ("update rollout_metrics set average_processing_time = 5", (1, 5)),
        ("update rollout_metrics set success_count = 3, total_jobs = 3, average_processing_time = 6", (3, 18)),
        ("delete from rollout_metrics", (0, 0)),
    ):
        running.sql(written)
        assert (running.sql(seconds), running.differences()) == ([counted], {})
