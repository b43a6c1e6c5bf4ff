"""R8: reports are counted by adding, so a success waits for nobody and a failure for a moment; none is refused, none is
lost, and one that was judged past the line is judged again."""

from __future__ import annotations

import json
import random
import threading
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.support.jobs import add_jobs, finish
from tests.support.rollouts import RolloutUnderTest
from tests.support.rows import one_row
from tests.support.sessions import in_background, waits

REPORT = "select record_rollout_job(%s, 'github_actions', %s)"
LINE = "select pg_advisory_xact_lock(rollout.line(c)) from rollout_configuration c"
PATIENCE = 3  # seconds: a report waits for less than one, and not for another session to end


def batch(amount: int, **more: object) -> str:
    return json.dumps([{"processor": "github_actions", **more}] * amount)


def tripped(rollout: RolloutUnderTest) -> bool:
    return bool(rollout.value("select rollout_percentage from rollout_configuration") == 0)


def warned(rollout: RolloutUnderTest) -> dict[str, str]:
    return {w.name: f"{w.message}; {w.command}" for w in rollout.client.status().warnings}


def test_r8_reports_beside_one_that_is_idle_in_its_transaction(running):
    """Of one repository: no row, no slot, no kind of error and no lock of the idle one is waited for."""
    repo = running.repository_id("acme/repo-1")
    with (
        psycopg.connect(running.url, application_name="runner") as idle,
        psycopg.connect(running.url, autocommit=True) as other,
    ):
        idle.execute(REPORT, [repo, False])
        slowest = 0.0
        for success in (True, False, False, True, *[False] * 9):
            begun = time.monotonic()
            other.execute(REPORT, [repo, success])
            slowest = max(slowest, time.monotonic() - begun)
        assert slowest < PATIENCE
        assert tripped(running), "judged on what is visible"
        running.client.set_rollout(50)
        begun = time.monotonic()
        other.execute(REPORT, [repo, False])
        assert time.monotonic() - begun < PATIENCE
        message = warned(running)["reports_waited"]
        assert f"waited for process {idle.info.backend_pid} (runner), idle in transaction since" in message
        assert f"select pg_terminate_backend({idle.info.backend_pid})" in message
        idle.commit()
    running.report(good=1)
    assert "reports_waited" not in warned(running), "judged again by the next report, a success"
    assert running.value("select sum(jobs)::integer from rollout.counts") == 16
    assert running.differences() == {}


def test_r8_what_was_judged_past_the_line_is_judged_by_the_next_report_whatever_it_is(running):
    running.report(bad=8)
    repo = running.repository_id("acme/repo-1")
    with psycopg.connect(running.url) as first, psycopg.connect(running.url, autocommit=True) as second:
        first.execute(REPORT, [repo, False])
        second.execute(REPORT, [repo, False])
        assert not tripped(running), "neither saw the other"
        first.commit()
    running.report(good=1)
    assert tripped(running)


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_r8_reports_under_a_kept_snapshot_are_judged_by_the_next(running, isolation):
    running.report(bad=8)
    repo = running.repository_id("acme/repo-1")
    with psycopg.connect(running.url) as first, psycopg.connect(running.url) as second:
        for session in (first, second):
            session.execute(f"set transaction isolation level {isolation}")
            session.execute(REPORT, [repo, False])
        first.commit()
        second.commit()
    assert not tripped(running)
    running.report(good=1)
    assert tripped(running)
    assert running.differences() == {}


@pytest.mark.parametrize("held", ["update rollout_configuration set updated_at = now()", LINE])
def test_r8_a_trip_that_somebody_is_in_the_way_of_is_handed_on(running, held):
    running.report(bad=9)
    with psycopg.connect(running.url, application_name="editor") as session:
        session.execute(held)
        begun = time.monotonic()
        running.report(bad=1)
        assert time.monotonic() - begun < PATIENCE + 0.5
        if held != LINE:
            assert not tripped(running)
        assert f"process {session.info.backend_pid} (editor)" in warned(running)["reports_waited"]
    running.report(good=1)
    assert tripped(running)
    assert running.value("select sum(jobs)::integer from rollout.counts") == 11


def test_r8_while_somebody_holds_the_configuration_for_a_deletion_reports_count_and_he_is_named(running):
    with psycopg.connect(running.url, application_name="editor") as session:
        session.execute("select from rollout_configuration for update")
        for success in (True, *[False] * 9):  # each would begin a row, which refers to the configuration
            running.sql(REPORT, None, success)
        running.sql("select record_rollout_jobs(%s)", batch(2, success=False))
        assert f"process {session.info.backend_pid} (editor)" in warned(running)["reports_waited"]
    assert running.value("select sum(jobs)::integer from rollout.counts") == 12
    running.report(good=1)
    assert tripped(running)
    assert "reports_waited" not in warned(running)


@pytest.mark.parametrize("kind", ["embedded"])
def test_r8_neither_a_success_nor_a_job_that_is_followed_waits_in_line(running):
    running.client.configure(follow_jobs=True)
    (job,) = add_jobs(running, status="processing")
    try:
        for report in (lambda: running.report(good=1), lambda: finish(running, job, "failed")):
            with psycopg.connect(running.url) as session:
                session.execute(LINE)
                report()
                assert running.sql("select waited_for from rollout.unjudged") == [(None,)]
            running.report(good=1)
            assert running.sql("select waited_for from rollout.unjudged") == [], "judged by the next report"
    finally:
        running.client.configure(follow_jobs=False)
    assert running.client.status().health.jobs == 4


@pytest.mark.parametrize(
    "failure",
    [
        'select record_rollout_jobs(\'[{"processor": "github_actions", "success": false}]\')',
        "insert into rollout_metrics (rollout_config_id, processor_type, error_count, total_jobs)"
        " select id, 'github_actions', 1, 1 from rollout_configuration",
    ],
    ids=["batch", "row of the application"],
)
def test_r8_a_failure_waits_in_line_whoever_writes_it(running, failure):
    with psycopg.connect(running.url, application_name="editor") as session:
        session.execute(LINE)
        running.sql(failure)
        assert f"process {session.info.backend_pid} (editor)" in warned(running)["reports_waited"]


def test_r8_jobs_that_began_before_a_lowering_are_judged_on_every_connection(running):
    """One session long: an answer that it found earlier must not speak for other slots."""
    began = running.value("select clock_timestamp()")
    running.client.set_rollout(25)
    running.sql("select record_rollout_jobs(%s)", batch(3000, success=True))
    for _ in range(400):
        running.sql("select record_rollout_job(null, 'github_actions', false, started_at => %s)", began)
        if tripped(running):
            break
    else:
        raise AssertionError("400 of 3,400 failed and none tripped")


def test_r7_a_job_that_began_after_a_restart_counts_in_a_transaction_that_began_before_it(running):
    with psycopg.connect(running.url) as session:
        session.execute("select 1")
        running.client.emergency_stop("x")
        running.client.resume()
        for _ in range(10):
            session.execute("select record_rollout_job(null, 'github_actions', false, started_at => clock_timestamp())")
    assert running.client.status().health.errors == 10
    assert tripped(running)


def test_r8_failures_of_two_features_in_one_transaction_are_both_judged(running):
    running.sql("select rollout_create(50, feature_name => 'second')")
    with psycopg.connect(running.url) as session:
        for _ in range(10):
            for feature in ("hybrid_progressive_capture", "second"):
                session.execute(
                    "select record_rollout_job(null, 'github_actions', false, feature_name => %s)", [feature]
                )
    assert running.sql("select rollout_percentage from rollout_configuration") == [(0,), (0,)]


def test_r8_a_batch_of_failures_is_linear(running):
    """The first that are too many trip; the rest is only counted."""
    took = {}
    for success in (True, False):
        begun = time.monotonic()
        running.sql("select record_rollout_jobs(%s)", batch(10_000, success=success))
        took[success] = time.monotonic() - begun
    assert tripped(running)
    assert took[False] < 3 * took[True] + 1, took
    assert running.value("select sum(errors)::integer from rollout.counts") == 10_000


@pytest.mark.parametrize("on_breach", ["zero", "step_back", "hold"])
@pytest.mark.parametrize("seed", range(2))
def test_r8_a_batch_is_judged_as_its_jobs_one_by_one(running, on_breach, seed):
    """Arms are decided and moments found by what the trips before a job left."""
    chance = random.Random(seed)
    jobs = [
        {"processor": chance.choice(["inngest", "github_actions"]), "success": chance.random() < 0.5,
         "repo_id": running.repository_id(f"acme/repo-{chance.randint(1, 20)}")}
        for _ in range(60)
    ]  # fmt: skip
    seen = []
    for together in (True, False):
        running.sql(
            "update rollout_configuration set rollout_percentage = 75, held_reason = null, on_breach = %s", on_breach
        )
        running.sql("delete from rollout_metrics; delete from rollout.job_counts; delete from rollout.job_deltas")
        running.sql("update rollout_configuration set restarted_at = clock_timestamp()")
        rows = running.history_rows()
        for part in [jobs] if together else [[job] for job in jobs]:
            running.sql("select record_rollout_jobs(%s)", json.dumps(part))
        seen.append((
            running.sql("select rollout_percentage, held_by from rollout_configuration"), running.history_rows() - rows,
            running.sql("select processor_type, treated, sum(jobs), sum(errors) from rollout.counts group by 1, 2"
                        " order by 1, 2"),
        ))  # fmt: skip
    assert seen[0] == seen[1]


def test_r7_counts_that_no_job_can_have_are_kept_and_not_judged(running):
    """Whoever may insert must not blind the breaker by them; the role is named."""
    row = (
        "insert into rollout_metrics (rollout_config_id, processor_type, success_count, error_count, total_jobs)"
        " select id, 'github_actions', %s, %s, %s from rollout_configuration"
    )
    odd = ((0, -100_000, 1), (2_000_000_000, 0, 2_000_000_000), (-5, 0, -5), (0, 9, 3), (90_000_000, 0, 1))
    for counts in odd:
        running.sql(row, *counts)
    assert running.client.status().health.jobs == 0
    said = warned(running)["odd_counts"]
    assert "the role " in said
    advised = said.rpartition("; ")[2].removesuffix(", at an SQL prompt")
    assert len(running.sql(advised)) == len(odd)
    assert running.differences() == {}
    running.sql("update rollout_metrics set error_count = 0, success_count = 1, total_jobs = 1 where error_count = 9")
    assert running.client.status().health.jobs == 1
    assert running.differences() == {}
    running.report(bad=12)
    assert tripped(running)


def test_r16_a_job_that_somebody_lowered_before_it_was_counted_is_kept_in_the_arm_that_it_counts_for(running):
    repo = next(running.repository_id(f"acme/repo-{n}") for n in range(1, 21) if running.is_eligible(f"acme/repo-{n}"))
    running.sql(
        "insert into rollout.reported_jobs (rollout_config_id, job_id, counted_at, arm)"
        " select id, 'other', now(), true from rollout_configuration"
    )
    limits = running.value("select pg_get_functiondef('rollout.report_limits()'::regprocedure)")
    with psycopg.connect(running.url) as operator, psycopg.connect(running.url) as reporting:
        reporting.execute(limits.replace("line_wait := '800ms'", "line_wait := '1min'"))
        operator.execute(LINE)
        report = "select record_rollout_job(%s, 'inngest', false, job_id => 'a')"
        with in_background(reporting, report, repo) as thread:
            assert waits(operator, reporting, thread, "advisory")
            operator.execute("update rollout_configuration set rollout_percentage = 0")
            operator.commit()
        assert reporting.execute("select treated from rollout.job_deltas").fetchall() == [(False,)]
        jobs = reporting.execute("select job_id, arm from rollout.reported_jobs order by 1").fetchall()
        assert jobs == [("a", False), ("other", True)]
        reporting.rollback()


def test_r7_a_row_without_a_configuration_is_the_hosts_to_write(running):
    running.sql("insert into rollout_metrics (rollout_config_id, processor_type, total_jobs)"
                " values (null, 'github_actions', 1)")  # fmt: skip
    running.sql(
        "insert into rollout_metrics (rollout_config_id, processor_type, success_count, total_jobs, metrics_window_end)"
        " select id, 'github_actions', 1, 1, 'infinity' from rollout_configuration"
    )
    running.sql("update rollout_metrics set rollout_config_id = null")
    assert running.value("select count(*) from rollout_metrics") == 2


def test_r7_a_repository_that_is_being_deleted_holds_up_no_report(running):
    repo = running.repository_id("acme/repo-20")
    with psycopg.connect(running.url) as deleting:
        deleting.execute("delete from repositories where id = %s", [repo])
        begun = time.monotonic()
        running.sql(REPORT, repo, True)
        assert time.monotonic() - begun < PATIENCE
    assert running.client.status().health.jobs == 1


@pytest.mark.parametrize("seed", range(2))
def test_r8_among_many_at_once_the_crossing_job_is_the_first_that_makes_a_breach(running, seed):
    """From the first failures to the trip: without the last job there was none."""
    running.sql("select record_rollout_jobs(%s)", batch(200, success=True))
    names = [running.repository_id(f"acme/repo-{n}") for n in range(1, 9)]
    over = threading.Event()
    failures: list[BaseException] = []

    def report(number: int) -> None:
        chance = random.Random(f"{seed} {number}")
        try:
            with psycopg.connect(running.url, autocommit=True) as session:
                while not over.is_set():
                    session.execute(REPORT, [chance.choice(names), False])
                    if one_row(session.execute("select rollout_percentage from rollout_configuration"))[0] == 0:
                        over.set()
        except BaseException as failure:
            failures.append(failure)
            over.set()

    threads = [threading.Thread(target=report, args=[n]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert running.value("select count(*) from rollout_history where action = 'rollback'") == 1
    evidence = running.client.history(1).entries[0].evidence
    judged = evidence.get("recent") or evidence
    made = "select rollout.evidence(%s, %s, 5)"
    assert running.value(made, judged["errors"], judged["jobs"]) >= judged["evidence_limit"]
    assert running.value(made, judged["errors"] - 1, judged["jobs"] - 1) < judged["evidence_limit"]
    assert running.differences() == {}


def test_r8_a_stop_does_not_wait_for_reports_in_line(running):
    with psycopg.connect(running.url) as reporting:
        reporting.execute(REPORT, [running.repository_id("acme/repo-1"), False])
        assert running.client.emergency_stop("errors in the logs").status.emergency_stop
    assert running.client.status().health.errors == 1


def test_what_is_in_the_future_counts_now(running):
    ahead = datetime.now(UTC) + timedelta(hours=1)
    running.sql("select record_rollout_job(null, 'github_actions', false, started_at => %s)", ahead)
    assert running.client.status().health.errors == 1


def test_r11_how_long_a_report_waits_in_line_outlives_no_transaction(running):
    waiting = "select count(*) from pg_locks where pid = %s and locktype = 'advisory' and not granted"
    with psycopg.connect(running.url) as before, psycopg.connect(running.url) as session:
        before.execute(LINE)
        (patience,) = one_row(session.execute("show lock_timeout"))
        session.execute("set local lock_timeout = '7s'")
        reporting = threading.Thread(target=session.execute, args=(REPORT, [None, False]))
        reporting.start()
        while reporting.is_alive() and not running.value(waiting, session.info.backend_pid):
            time.sleep(0.01)
        before.commit()
        reporting.join()
        assert one_row(session.execute("show lock_timeout")) == ("7s",)
        session.commit()
        assert one_row(session.execute("show lock_timeout")) == (patience,)


def test_r11_no_setting_outlives_its_transaction(running):
    """What a pooler hands on to the next client says who changes nothing, is no report, and waits for locks as before."""
    names = ["lock_timeout", "rollout.change", "rollout.reporting", "role", "transaction_read_only"]
    report = "select record_rollout_job(null, 'github_actions', false)"

    def settings(session: psycopg.Connection) -> list[str]:
        asked = session.execute("select coalesce(current_setting(s, true), '') from unnest(%s::text[]) s", [names])
        return [value for (value,) in asked]

    with psycopg.connect(running.url, autocommit=True) as session:
        before = settings(session)
        session.execute(report)
        assert settings(session) == before
        session.execute(
            "update rollout_configuration set rollout_percentage = 60, held_reason = 'x', held_until = now()"
        )
        assert settings(session) == before
        with session.transaction():
            session.execute('select rollout.open_change(\'{"command": "checkHealth"}\')')
            opened = settings(session)
            session.execute("select rollout.write_ends(c) from rollout_configuration c")  # as before a trip
            assert settings(session) == opened
        assert settings(session) == before
        with session.transaction():
            session.execute("set local lock_timeout = '7s'")
            session.execute("select record_rollout_jobs(%s)", [batch(20, success=False)])
            assert settings(session)[0] == "7s"
        assert tripped(running)
        assert settings(session) == before
        running.client.set_rollout(50)
        session.execute("insert into rollout_metrics (rollout_config_id, processor_type, error_count, total_jobs)"
                        " select id, 'github_actions', 1, 1 from rollout_configuration, generate_series(1, 20)")  # fmt: skip
        assert tripped(running)
        assert settings(session) == before
        session.execute("select rollout_emergency_stop('errors')")
        assert settings(session) == before


def test_r11_no_setting_outlives_the_transaction_in_which_an_outcome_takes_the_place_of_another(running):
    running.client.configure(follow_jobs=True)
    add_jobs(running, status="processing")
    try:
        with psycopg.connect(running.url, autocommit=True) as session:
            for status in ("failed", "completed"):
                session.execute("update progressive_capture_jobs set status = %s, completed_at = now()", [status])
                told = session.execute("select coalesce(current_setting('rollout.reporting', true), '')")
                assert one_row(told) == ("",)
        assert running.value("select sum(jobs)::integer from rollout.counts") == 1
    finally:
        running.client.configure(follow_jobs=False)
