"""R8: which reports are judged, and what a trip does of which something fails or somebody is in the way."""

from __future__ import annotations

import json
import time

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.support import servers
from tests.support.rollouts import OPERATOR, Unseeing, percentage, rollout_on
from tests.support.sessions import in_background, waits

pytestmark = pytest.mark.asked

OURS, OTHER = "hybrid_progressive_capture", "another_feature"
LINE = f"select pg_advisory_xact_lock(rollout.line(c)) from rollout_configuration c where feature_name = '{OURS}'"
SLOT = """
    insert into rollout.job_counts (rollout_config_id, slot_start, processor_type, shard, jobs, errors, successes,
        timed_jobs, processing_seconds, treated)
    select c.id, o.restarted_at + %s::interval, 'inngest', 1, %s, 0, %s, 0, 0, %s
    from rollout_configuration c, rollout_configuration o where c.feature_name = %s and o.feature_name = %s
"""


def reason(rollout, *, failing: bool = False) -> str | None:
    found: str | None = rollout.value(
        "select rollout.reason_to_judge(c, %s) from rollout_configuration c where feature_name = %s", failing, OURS
    )
    return found


@pytest.fixture
def early(running):
    """Restarted an hour ago: in one transaction, what begins now does so before what its clock dates."""
    running.sql("update rollout_configuration set restarted_at = now() - interval '1 hour'")
    return running


@pytest.fixture
def beside(running):
    """Another feature, which is at 50 % as well."""
    other = Unseeing(running.client.adapter, OTHER, who=OPERATOR)
    other.create()
    other.set_rollout(50)
    running.sql("update rollout_configuration set restarted_at = now() - interval '1 hour'")
    return running


@pytest.mark.parametrize(
    ("feature", "after", "jobs", "treated", "because"),
    [
        (OURS, "0", 11, True, None),
        (OURS, "0", 10, True, "sample"),
        (OURS, "-1 us", 11, True, "sample"),
        (OURS, "0", 11, False, "sample"),
        (OTHER, "0", 11, True, "sample"),
    ],
)
def test_r8_a_success_is_judged_until_a_slot_of_the_window_holds_more_than_the_minimum_sample(
    beside, feature, after, jobs, treated, because
):
    assert (reason(beside), reason(beside, failing=True)) == ("sample", "failure")
    beside.sql(SLOT, "1 min", 5, 5, True, OURS, OURS)
    beside.sql(SLOT, after, jobs, jobs, treated, feature, OURS)
    assert (reason(beside), reason(beside, failing=True)) == (because, "failure")
    beside.client.disable_auto_rollback()
    assert (reason(beside), reason(beside, failing=True)) == (None, None)


def test_r8_then_it_is_judged_where_one_of_its_feature_is_left_to_be_judged_again(beside):
    beside.sql(SLOT, "0", 11, 11, True, OURS, OURS)
    for feature, because in ((OTHER, None), (OURS, "left")):
        beside.sql(
            "insert into rollout.unjudged (rollout_config_id) select id from rollout_configuration"
            " where feature_name = %s",
            feature,
        )
        assert reason(beside) == because


@pytest.fixture
def in_breach(early):
    """In breach since auto-rollback was off, and on again: the next report that is judged trips it."""
    early.client.add_to_whitelist("acme/repo-1")
    early.client.disable_auto_rollback()
    early.report(bad=12)
    early.sql("select rollout.fold_deltas()")
    early.client.enable_auto_rollback()
    return early


def record(rollout, **job: object) -> None:
    rollout.sql(
        "select record_rollout_jobs(%s)", json.dumps([{"processor": "github_actions", "success": False, **job}])
    )


def test_r8_neither_the_control_nor_a_success_beyond_the_sample_trips_it_and_a_failure_does(in_breach):
    in_breach.report(bad=1, treated=False)
    record(in_breach, treated=False)
    in_breach.report(good=1)
    record(in_breach, success=True)
    assert percentage(in_breach) == 50
    in_breach.report(bad=1)
    assert percentage(in_breach) == 0


def test_r8_a_batch_of_one_failure_is_judged_whose_arm_follows_from_its_repository(in_breach):
    record(in_breach, processor="inngest", repo_id=in_breach.repository_id("acme/repo-1"))
    assert percentage(in_breach) == 0


def test_r8_a_batch_of_the_control_takes_over_nothing_that_is_to_be_judged_again(in_breach):
    in_breach.sql("insert into rollout.unjudged (rollout_config_id) select id from rollout_configuration")
    record(in_breach, success=True, treated=False)
    assert percentage(in_breach) == 50
    record(in_breach, success=True)
    assert percentage(in_breach) == 0


def test_r8_a_success_of_the_application_that_completes_the_sample_trips_it(early):
    early.report(bad=9)
    early.sql(
        "insert into rollout_metrics (rollout_config_id, processor_type, success_count, total_jobs)"
        " select id, 'github_actions', 1, 1 from rollout_configuration"
    )
    assert percentage(early) == 0


def test_r8_a_batch_is_judged_by_the_slot_that_begins_with_it(early):
    """All of them together are far from a breach."""
    job = {"processor": "github_actions", "success": True}
    early.sql("select record_rollout_jobs(%s)", json.dumps([job] * 300))
    early.sql("update rollout.job_deltas set slot_start = slot_start - interval '30 min'")
    early.sql("select record_rollout_jobs(%s)", json.dumps([{**job, "success": False}] * 10 + [job] * 90))
    assert percentage(early) == 0


def test_r8_in_the_line_is_who_holds_its_own_lock_and_no_other(beside):
    line = "select l.holder, l.remedy from rollout_configuration c, rollout.holder_of_line(rollout.line(c)) l"
    line = f"{line} where c.feature_name = '{OURS}'"
    for other in (
        "select pg_advisory_xact_lock(1)",
        LINE.replace(OURS, OTHER),
        "select pg_advisory_xact_lock((n >> 32)::integer, (n << 32 >> 32)::integer) from ("
        f" select rollout.line(c) as n from rollout_configuration c where feature_name = '{OURS}') l",
    ):
        beside.sql(other)
        assert beside.sql(line) == []
    beside.sql(LINE)
    pid = beside.value("select pg_backend_pid()")
    ((holder, remedy),) = beside.sql(line)
    assert f"process {pid} (" in holder
    assert "active since 20" in holder
    assert remedy == f"select pg_terminate_backend({pid})"


@pytest.mark.commits
def test_r8_a_success_leaves_what_is_to_be_judged_again_to_whoever_is_in_the_line(running):
    running.client.disable_auto_rollback()
    running.report(bad=12)
    running.sql("select rollout.fold_deltas()")
    running.client.enable_auto_rollback()
    running.sql("insert into rollout.unjudged (rollout_config_id) select id from rollout_configuration")
    with psycopg.connect(running.url) as session:
        session.execute(LINE)
        running.report(good=1)
        record(running, success=True)
        assert percentage(running) == 50
    running.report(good=1)
    assert percentage(running) == 0


@pytest.mark.commits
def test_r8_an_operator_who_switches_auto_rollback_off_is_faster_than_a_trip_that_waits_for_him(running):
    running.report(bad=9)
    with psycopg.connect(running.url) as operator, psycopg.connect(running.url, autocommit=True) as reporting:
        operator.execute("update rollout_configuration set breaker_enabled = false")
        with in_background(reporting, "select record_rollout_job(null, 'github_actions', false)") as report:
            waits(operator, reporting, report)
            operator.commit()
    assert percentage(running) == 50
    assert running.client.status().health.errors == 10


@pytest.mark.parametrize("on_breach", ["zero", "step_back", "hold"])
def test_r18_a_trip_whose_evidence_fails_falls_to_zero_and_a_hold_waits_for_the_next_report(early, on_breach):
    early.client.configure(on_breach=on_breach)
    whole = early.value("select pg_get_functiondef('rollout.main_errors(rollout_configuration)'::regprocedure)")
    early.sql(
        "create or replace function rollout.main_errors(config rollout_configuration) returns jsonb"
        " language plpgsql as $$ begin raise exception 'broken'; end $$"
    )
    early.report(bad=12)
    status = early.client.status()
    assert (status.emergency_stop, status.held_reason) == (False, None)
    if on_breach != "hold":
        entry = early.client.history(1).entries[0]
        assert (status.rollout_percentage, entry.action, entry.triggered_by) == (0, "rollback", "auto_rollback")
        assert "the evidence can't be read: broken" in entry.reason
        return
    assert status.rollout_percentage == 50
    early.sql(whole)
    early.report(good=1)
    assert early.client.status().held_by == "auto-rollback"


def test_r17_a_breach_that_steps_back_to_one_percent_holds_there(early):
    early.client.set_plan([1, 50])
    early.client.configure(on_breach="step_back")
    early.report(bad=12)
    status = early.client.status()
    assert (status.rollout_percentage, status.held_by, status.health.jobs) == (1, "auto-rollback", 0)


@pytest.mark.commits
@pytest.mark.parametrize(("isolation", "left"), [("repeatable read", 0), ("serializable", 50)])
def test_r8_a_report_under_a_kept_snapshot_is_judged_by_what_it_sees_unless_it_is_serializable(
    running, isolation, left
):
    running.client.disable_auto_rollback()
    running.report(bad=12)
    running.sql("select rollout.fold_deltas()")
    running.client.enable_auto_rollback()
    with psycopg.connect(running.url) as session:
        session.execute(f"set transaction isolation level {isolation}")
        session.execute("select record_rollout_job(null, 'github_actions', false)")
    assert percentage(running) == left
    running.report(good=1)
    assert percentage(running) == 0


@pytest.mark.commits
@pytest.mark.parametrize("kind", ["embedded"])
def test_r8_nobody_waits_in_line_for_ten_seconds_after_another_has_waited_in_vain(running):
    report = "select record_rollout_job(null, 'github_actions', false)"
    with psycopg.connect(running.url) as holder, psycopg.connect(running.url, autocommit=True) as reporting:
        for waited_for, ago, is_waited in (("x", 9, False), ("x", 11, True), (None, 9, True)):
            running.sql("delete from rollout.unjudged")
            running.sql(
                "insert into rollout.unjudged (rollout_config_id, waited_for, reported_at)"
                " select id, %s, clock_timestamp() - %s * interval '1 s' from rollout_configuration",
                waited_for, ago,
            )  # fmt: skip
            holder.execute(LINE)
            with in_background(reporting, report) as reported:
                assert waits(holder, reporting, reported, "advisory") is is_waited
                holder.rollback()


def test_r8_of_rows_that_the_application_writes_a_failure_of_the_treatment_is_judged(in_breach):
    def write(processor: str, success: int) -> None:
        in_breach.sql(
            "insert into rollout_metrics (rollout_config_id, processor_type, success_count, error_count, total_jobs)"
            " select id, %s, %s, 1 - %s, 1 from rollout_configuration", processor, success, success,
        )  # fmt: skip

    write("inngest", 0)
    write("github_actions", 1)
    in_breach.sql("insert into rollout.unjudged (rollout_config_id) select id from rollout_configuration")
    in_breach.sql("update rollout_metrics set average_processing_time = 5 where processor_type = 'github_actions'")
    assert percentage(in_breach) == 50
    in_breach.sql("delete from rollout.unjudged")
    in_breach.sql("update rollout_metrics set success_count = 0, error_count = 1"
                  " where processor_type = 'github_actions'")  # fmt: skip
    assert percentage(in_breach) == 0


FAILURES = {
    "report": "select record_rollout_job(null, 'github_actions', false)",
    "batch": """select record_rollout_jobs('[{"processor": "github_actions", "success": false}]')""",
    "row": "insert into rollout_metrics (rollout_config_id, processor_type, error_count, total_jobs)"
    " select id, 'github_actions', 1, 1 from rollout_configuration",
}


@pytest.mark.commits
@pytest.mark.parametrize("kind", ["embedded"])
@pytest.mark.parametrize("failure", FAILURES)
def test_r8_a_trip_waits_a_moment_for_whoever_holds_the_configuration_whichever_failure_it_is(running, failure):
    running.report(bad=9)
    limits = running.value("select pg_get_functiondef('rollout.report_limits()'::regprocedure)")
    with psycopg.connect(running.url) as holder, psycopg.connect(running.url) as reporting:
        reporting.execute(limits.replace("trip_wait := '200ms'", "trip_wait := '1min'"))
        holder.execute("select from rollout_configuration for no key update")
        with in_background(reporting, FAILURES[failure]) as report:
            assert waits(holder, reporting, report)
            time.sleep(0.05)  # far longer than one that does not wait
            holder.rollback()
        left = reporting.execute("select rollout_percentage from rollout_configuration")
        assert left.fetchone() == (0,)
        reporting.rollback()


def test_r8_and_r18_a_prepared_transaction_in_the_way_is_named_and_no_other():
    """One that has locked nothing of ours, one that has read the configuration, one that changes it, one that reports."""
    with servers.cluster(18, durable=False, settings={"max_prepared_transactions": 6}) as server:
        url = servers.create_database(server.url, "prepared")
        rollout = rollout_on(url)
        with psycopg.connect(url, autocommit=True) as session:
            for name, statement in (
                ("before", "select pg_current_xact_id()"),
                ("reader", "select pg_current_xact_id() from rollout_configuration"),
                ("other", "lock table repositories in row exclusive mode; select pg_current_xact_id()"),
                ("line", FAILURES["report"]),
                ("change", "update rollout_configuration set updated_at = now()"),
                ("after", "select pg_current_xact_id()"),
            ):
                if name == "change":
                    session.execute("rollback prepared 'line'")
                session.execute(f"begin; {statement}")
                session.execute(f"prepare transaction '{name}'")
                found = session.execute(
                    "select l.holder, l.remedy from rollout_configuration c, rollout.holder_of_line(rollout.line(c)) l"
                ).fetchall()
                assert found == [("the prepared transaction line", "rollback prepared 'line'")] * (name == "line")
            blocking = session.execute("select gid from rollout.prepared_blockers()").fetchall()
            assert blocking == [("change",)]
            for name in ("before", "reader", "other", "change", "after"):
                session.execute(f"rollback prepared '{name}'")
        rollout.client.close()


@pytest.mark.parametrize(("rate", "jobs"), [(8.15, 1), (8.16, None)])
def test_r8_a_breach_has_a_stretch_with_a_290th_of_the_evidence_that_their_sum_needs(running, rate, jobs):
    """Four of ten are evidence of 19.89 and of 19.81; there are 288 stretches, one since the restart and one that begins."""
    missing = "select rollout.missing_jobs(jsonb_populate_record(c, %s), '{10}', '{4}', 0) from rollout_configuration c"
    assert running.value(missing, Jsonb({"max_error_rate": rate})) == jobs
