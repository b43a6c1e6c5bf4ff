"""record_rollout_jobs: many jobs in one call count, and trip, as one by one."""

from __future__ import annotations

import json
import math
import random
import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from rollout_console import JobReport
from rollout_console.errors import Refused
from tests.support.sessions import in_background, waits

pytestmark = pytest.mark.asked

Job = dict[str, Any]


def job(repository: str | None, *, success: bool = True, **more: Any) -> Job:
    return {"repo_id": repository, "processor": "github_actions", "success": success, **more}


def record(rollout, jobs: list[Any]) -> dict[str, int]:
    answer: dict[str, int] = rollout.value("select record_rollout_jobs(%s)", json.dumps(jobs))
    return answer


def any_jobs(rollout, chance: random.Random, amount: int) -> list[Job]:
    names = [f"acme/repo-{n}" for n in range(1, 21)]
    ids = [*map(rollout.repository_id, names), None, "00000000-0000-0000-0000-000000000001"]
    return [
        {
            "repo_id": chance.choice(ids),
            "processor": chance.choice(["inngest", "github_actions"]),
            "success": chance.random() > 0.1,
            "processing_seconds": chance.choice([None, 20, 61.5]),
            "error_message": chance.choice([None, "rate limit at 12:30", "timeout after 30 s"]),
            "job_id": chance.choice([None, f"job-{chance.randint(1, amount)}"]),
            "treated": chance.choice([None, True, False]),
        }
        for _ in range(amount)
    ]


COUNTED = {
    "metrics": "select repository_id, processor_type, treated, sum(success_count), sum(error_count), sum(total_jobs),"
    " sum(timed_jobs), sum(processing_seconds) from rollout_metrics group by 1, 2, 3",
    "slots": "select processor_type, treated, sum(jobs), sum(errors), sum(successes), sum(timed_jobs),"
    " sum(processing_seconds), sum(leaks), sum(recorded) from rollout.counts group by 1, 2",
    "kinds": "select kind, processor_type, treated, sum(errors), sum(judged_errors) from rollout.counted_errors"
    " group by 1, 2, 3",
    "ids": "select job_id from rollout.reported_jobs",
    "rollbacks": "select new_percentage, metadata #> '{evidence,jobs}', metadata #> '{evidence,errors}'"
    " from rollout_history where triggered_by = 'auto_rollback'",
}


def counted(rollout) -> dict[str, set[str]]:
    return {name: set(map(str, rollout.sql(query))) for name, query in COUNTED.items()}


def forget(rollout) -> None:
    rollout.sql(
        "delete from rollout_metrics; delete from rollout.job_counts; delete from rollout.job_deltas; delete from rollout.error_kinds;"
        " delete from rollout.error_deltas"
    )
    rollout.sql("delete from rollout.reported_jobs")


@pytest.mark.parametrize("seed", range(6))
def test_r7_a_batch_counts_as_its_jobs_one_by_one(running, seed):
    running.client.disable_auto_rollback()
    jobs = any_jobs(running, random.Random(seed), 150)
    for one in jobs:
        running.sql(
            "select record_rollout_job(r.repo_id, r.processor, r.success, r.processing_seconds, r.error_message,"
            " started_at => r.started_at, job_id => r.job_id, treated => r.treated)"
            " from jsonb_populate_record(null::rollout.report, %s) r",
            json.dumps(one),
        )
    one_by_one = counted(running)
    forget(running)
    assert record(running, jobs)["reported"] == 150
    assert counted(running) == one_by_one
    assert running.differences() == {}


def test_r7_an_id_counts_once_within_a_batch_and_beside_earlier_reports(running):
    repository = running.repository_id("acme/repo-1")
    jobs = [job(repository, job_id=name) for name in ("a", "b", "a", "c")] + [job(repository)]
    assert record(running, jobs) == {"reported": 5, "counted": 4}
    assert record(running, [*jobs[:2], job(repository, job_id="d")]) == {"reported": 3, "counted": 1}
    assert running.client.check_health().health.jobs == 5


@pytest.mark.parametrize("last", ["success", "control"])
def test_r8_the_crossing_job_in_the_middle_of_a_batch_trips_in_its_transaction(running, last):
    running.client.configure(guardrail="rate", max_error_rate=20, minimum_sample=10)
    repository = running.repository_id("acme/repo-1")
    good, bad = job(repository), job(repository, success=False, error_message="boom")
    record(running, [*[good] * 8, *[bad] * 3, *[{**good, "treated": last != "control"}] * 80])
    (rolled_back,) = [e for e in running.client.history(50).entries if e.triggered_by == "auto_rollback"]
    assert "(3 of 11 jobs)" in str(rolled_back.reason)
    assert running.client.status().rollout_percentage == 0


def test_r8_a_success_that_completes_the_minimum_sample_can_be_the_crossing_job(running):
    running.client.configure(guardrail="rate", max_error_rate=20, minimum_sample=10)
    repository = running.repository_id("acme/repo-1")
    record(running, [*[job(repository, success=False)] * 3, *[job(repository)] * 30])
    (rolled_back,) = [e for e in running.client.history(50).entries if e.triggered_by == "auto_rollback"]
    assert "(3 of 10 jobs)" in str(rolled_back.reason)


def test_r13_a_batch_with_faults_counts_nothing_and_says_what_is_wrong_with_each(running):
    jobs = [
        job(None),
        job(None, processing_seconds=-1),
        {"processor": "lambda", "success": True},
        {"processor": "inngest"},
        job("not-an-id"),
        {**job(None), "repository": "acme/repo-1"},
        7,
    ]
    with pytest.raises(
        psycopg.Error, match=r"^no job was counted, 6 of 7 can't be: jobs\[1\]: processing_s"
    ) as failure:
        record(running, jobs)
    assert failure.value.sqlstate == "RC001"
    reasons = str(failure.value.diag.message_detail).splitlines()
    assert [reason.split(":")[0] for reason in reasons] == [f"jobs[{n}]" for n in range(1, 7)]
    assert "inngest or github_actions, not 'lambda'" in reasons[1]
    assert "true or false" in reasons[2]
    assert "uuid" in reasons[3]
    assert "unknown: 'repository'" in reasons[4]
    assert reasons[5].endswith("not an object")
    assert running.value("select count(*) from rollout_metrics") == 0


@pytest.mark.parametrize("amount", [10, 11])
def test_r13_the_first_ten_faults_are_in_the_message(running, amount):
    with pytest.raises(psycopg.Error) as failure:
        record(running, [7] * amount)
    message = str(failure.value.diag.message_primary)
    assert message.count("jobs[") == 10
    assert message.endswith("; …") == (amount > 10)


def test_r13_a_batch_has_up_to_ten_thousand_jobs(running):
    record(running, [job(None)] * 10_000)
    assert running.client.status().health.jobs == 10_000


@pytest.mark.parametrize(
    "jobs", ["null", "{}", '"job"', json.dumps([job(None)] * 10_001)], ids=["null", "object", "text", "too many"]
)
def test_r13_what_is_no_batch_is_refused(running, jobs):
    with pytest.raises(psycopg.Error, match=r"array of at most 10,000 objects|is a JSON array, not"):
        running.sql("select record_rollout_jobs(%s)", jobs)


def test_a_worker_in_python_reports_jobs(running):
    repository = running.repository_id("acme/repo-1")
    began = datetime.now(UTC) - timedelta(minutes=5)
    jobs = [
        JobReport(processor="github_actions", success=True, repo_id=UUID(repository), processing_seconds=2.5),
        JobReport(processor="inngest", success=False, error_message="boom", started_at=began, treated=False),
        JobReport(processor="inngest", success=True, job_id="known"),
        JobReport(processor="inngest", success=True, job_id="known"),
    ]
    recorded = running.client.record_jobs(jobs)
    assert (recorded.reported, recorded.counted) == (4, 3)
    assert running.client.record_jobs([]).reported == 0
    with pytest.raises(Refused, match=r"jobs\[1\]: processor must be inngest"):
        running.client.record_jobs([jobs[0], JobReport(processor="lambda", success=True)])
    assert running.value("select sum(jobs)::integer from rollout.counts") == 3


def test_what_a_failing_job_says_costs_no_batch(running):
    def failed(**said: Any) -> JobReport:
        return JobReport(processor="inngest", success=False, **said)

    messages = [failed(error_message="nul\x00 byte"), failed(error_message="half \ud800")]
    assert running.client.record_jobs(messages).counted == 2
    assert sorted(kind.sample for kind in running.client.errors().kinds) == ["half ?", "nul byte"]
    for seconds in (math.nan, math.inf):
        with pytest.raises(
            Refused, match=r"^no job was counted, 1 of 3 can't be: jobs\[1\]: processing_seconds must be"
        ):
            running.client.record_jobs([messages[0], failed(processing_seconds=seconds), messages[1]])


def test_an_empty_batch_is_none(running):
    assert record(running, []) == {"reported": 0, "counted": 0}


@pytest.mark.commits
def test_batches_in_any_order_at_once_wait_for_each_other_and_lose_nothing(running):
    running.client.disable_auto_rollback()
    failures: list[BaseException] = []

    def report(seed: int) -> None:
        chance = random.Random(seed)
        try:
            with psycopg.connect(running.url, autocommit=True) as session:
                for _ in range(15):
                    jobs = [{**one, "job_id": None} for one in any_jobs(running, chance, 40)]
                    session.execute("select record_rollout_jobs(%s)", [json.dumps(jobs)])
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=report, args=[seed]) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert running.value("select sum(jobs)::integer from rollout.counts") == 6 * 15 * 40
    assert running.differences() == {}


@pytest.mark.commits
@pytest.mark.parametrize("call", ["record_rollout_job(%s, 'inngest', false)", "record_rollout_jobs(%s::jsonb)"])
def test_r7_a_job_whose_repository_is_deleted_as_it_is_reported_counts_without_it(running, call):
    repository = running.repository_id("acme/repo-20")
    argument = json.dumps([job(repository, success=False)]) if "jobs" in call else repository
    with psycopg.connect(running.url) as deleting, psycopg.connect(running.url, autocommit=True) as reporting:
        deleting.execute("delete from repositories where id = %s", [repository])
        with in_background(reporting, f"select {call}", argument) as report:
            waits(deleting, reporting, report)
            deleting.commit()
    assert running.sql("select repository_id, error_count from rollout_metrics") == [(None, 1)]
    assert running.value("select sum(errors)::integer from rollout.counts") == 1
