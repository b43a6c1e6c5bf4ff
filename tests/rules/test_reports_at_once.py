"""R8: reports of failures wait for each other only where one could be the crossing one, and none slips through."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from tests.support.rollouts import RolloutUnderTest
from tests.support.rows import one_row
from tests.support.sessions import in_background, waits

FAIL = "select record_rollout_job(%s, 'inngest', false, treated => true)"
JUDGE_NOW = "set constraints all immediate"  # as at its commit; the locks stay
HEALTHY = """
    select record_rollout_jobs((
        select jsonb_agg(jsonb_build_object('processor', 'inngest', 'success', true, 'treated', true))
        from generate_series(1, %s)))
"""


@pytest.fixture
def busy(running: RolloutUnderTest) -> RolloutUnderTest:
    """So many jobs succeeded that a failure of every session would not be a breach."""
    running.client.configure(monitoring_window_hours=8760)  # no slot of time ends meanwhile
    for _ in range(running.value("select ceil(current_setting('max_connections')::integer / 100.0)::integer")):
        running.sql(HEALTHY, 5000)
    return running


def waits_in_line(rollout: RolloutUnderTest, session: psycopg.Connection, thread: threading.Thread) -> bool:
    """Return once a statement is over, or waits for an advisory lock: whether it waits."""
    with psycopg.connect(rollout.url, autocommit=True) as observer:
        return waits(observer, session, thread, lock="advisory")


def shard(session: psycopg.Connection) -> int:
    with session.transaction():
        return int(one_row(session.execute("select rollout.shard()"))[0])


@contextmanager
def two_sessions(url: str) -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    """Open two that add to different rows of counters, where else one would wait for the other."""
    with ExitStack() as stack:
        one, two = (stack.enter_context(psycopg.connect(url)) for _ in range(2))
        while shard(one) == shard(two):
            two = stack.enter_context(psycopg.connect(url))
        yield one, two


def test_r8_failures_that_can_be_no_breach_do_not_wait_for_each_other(busy):
    with two_sessions(busy.url) as (one, two):
        for session, name in ((one, "acme/repo-1"), (two, "acme/repo-2")):
            session.execute("set lock_timeout = '10s'")
            session.execute(FAIL, [busy.repository_id(name)])
            session.execute(JUDGE_NOW)
        two.commit()
        one.commit()
    assert busy.client.check_health().health.errors == 2
    assert busy.differences() == {}


def test_r8_a_stop_does_not_wait_for_reports_in_line(running):
    with psycopg.connect(running.url) as reporting:
        reporting.execute(FAIL, [running.repository_id("acme/repo-1")])  # the first job of all may lead to a breach
        assert running.client.emergency_stop("errors in the logs").status.emergency_stop
    assert running.client.status().health.errors == 1


def test_r8_whoever_could_cross_waits_for_those_who_passed(busy):
    """One has passed without a lock and is not committed; the next ones count it."""
    repo, rate = busy.repository_id("acme/repo-2"), 0.01
    with two_sessions(busy.url) as (passed, crossing):
        passed.execute(FAIL, [busy.repository_id("acme/repo-1")])
        passed.execute(JUDGE_NOW)
        busy.client.configure(max_error_rate=rate)
        with in_background(crossing, FAIL, repo) as thread:
            assert waits_in_line(busy, crossing, thread)
            passed.commit()
        while one_row(crossing.execute("select rollout_percentage from rollout_configuration"))[0] == 50:
            crossing.execute(FAIL, [repo])
        crossing.commit()
    evidence = busy.client.history(1).entries[0].evidence
    enough = "select min(k) from generate_series(1, 100) k where rollout.evidence(k, %s + k, %s::numeric) >= 20"
    assert evidence["errors"] == busy.value(enough, evidence["jobs"] - evidence["errors"], rate)


def test_r8_the_second_failure_of_one_transaction_is_judged_in_line(busy):
    """Of each session one failure may be unseen: of a second, others would not know."""
    with two_sessions(busy.url) as (several, other):
        for name in ("acme/repo-1", "acme/repo-2"):
            several.execute(FAIL, [busy.repository_id(name)])
        other.execute(FAIL, [busy.repository_id("acme/repo-3")])
        with in_background(other, JUDGE_NOW) as thread:
            assert waits_in_line(busy, other, thread)
            several.commit()
        other.commit()
    assert busy.client.check_health().health.errors == 3


@pytest.mark.parametrize("seed", range(3))
def test_r8_among_many_at_once_the_crossing_job_is_the_first_that_makes_a_breach(busy, effort, seed):
    """From the first failures, which pass without a lock, to the trip: without the last job there was none."""
    names = [busy.repository_id(f"acme/repo-{n}") for n in range(1, 9)]
    tripped = threading.Event()
    failures: list[BaseException] = []

    def report(number: int) -> None:
        chance = random.Random(f"{seed} {number}")
        try:
            with psycopg.connect(busy.url, autocommit=True) as session:
                while not tripped.is_set():
                    session.execute(FAIL, [chance.choice(names[number::4])])
                    if busy.value("select rollout_percentage from rollout_configuration") == 0:
                        tripped.set()
        except BaseException as failure:
            failures.append(failure)
            tripped.set()

    threads = [threading.Thread(target=report, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert busy.value("select count(*) from rollout_history where action = 'rollback'") == 1
    evidence = busy.client.history(1).entries[0].evidence
    judged = evidence.get("recent") or evidence
    made = "select rollout.evidence(%s, %s, 5)"
    assert busy.value(made, judged["errors"], judged["jobs"]) >= judged["evidence_limit"]
    before = busy.value(made, judged["errors"] - 1, judged["jobs"] - 1)
    assert before < judged["evidence_limit"] or judged["jobs"] == 10, "the job before it had made it already"
    assert busy.differences() == {}
