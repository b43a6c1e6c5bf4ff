"""Reporters at once: beside the same of an earlier commit, beside one that is idle, failing in a batch of 10,000."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import psycopg

from benchmarks.earlier import COMMIT, earlier
from benchmarks.ground import Database, Ground
from benchmarks.jobs import REPORT
from benchmarks.measure import Row, in_turn, seconds

ALL_OF_ONE_OUTCOME = """
select record_rollout_jobs((
    select jsonb_agg(jsonb_build_object('processor', 'github_actions', 'success', {success}, 'error_message', 'boom'))
    from generate_series(1, 10000) n))
"""
FAILURE = "select record_rollout_job(null, 'github_actions', false, 30, 'boom')"
ALONE = "insert into jobs_alone values (md5(random()::text)::uuid, random() > 0.01)"  # what the flush of the log leaves
JOBS = 1_000_000  # reports in the window


def run(ground: Ground, quick: bool) -> list[Row]:
    length, rounds, jobs = (2, 3, JOBS // 50) if quick else (8, 5, JOBS)
    present = ground.database()
    with earlier() as before:
        for database in (present, before):
            database.fill(1_000, jobs=jobs)
            database.run("select rollout_categorize_batch(100000)")
        present.run("create table jobs_alone (repository uuid, success boolean)")
        rows = [
            _status(present, before, jobs),
            _against_earlier(present, before, 8, 1.5, length, rounds),
            _against_earlier(present, before, 50, 2.5, length, rounds),
        ]
    rows += [_batch_of_failures(ground, rounds), _beside_an_idle_one(present)]
    ground.drop(present)
    return rows


def _status(present: Database, before: Database, jobs: int) -> Row:
    ours, theirs = in_turn(lambda: _milliseconds(present), lambda: _milliseconds(before), 5)
    return Row(f"status with {jobs:,} reports in the window", f"at {COMMIT}", ours, theirs, "ms", ours / theirs, 1.1)


def _milliseconds(database: Database) -> float:
    with psycopg.connect(database.url, autocommit=True) as session:
        read: Callable[[], object] = lambda: session.execute("select rollout_status()", prepare=True)  # noqa: E731
        for _ in range(7):  # plans and caches are warm in a console that is open
            read()
        return 1000 * statistics.median(seconds(read) for _ in range(15))


def _against_earlier(present: Database, before: Database, clients: int, goal: float, length: int, rounds: int) -> Row:
    ours, theirs = in_turn(
        lambda: present.pgbench(REPORT, length, clients), lambda: before.pgbench(REPORT, length, clients), rounds
    )
    alone = present.pgbench(ALONE, length, clients)
    return Row(f"record_rollout_job, {clients} clients", f"at {COMMIT}", ours, theirs, "jobs/s", ours / theirs, goal,
               at_least=True, note=f"an insert alone: {alone:,.0f} a second")  # fmt: skip


def _batch_of_failures(ground: Ground, rounds: int) -> Row:
    """Each time on a database in which nothing has tripped."""
    template = ground.database()
    template.fill(10)

    def takes(success: str) -> float:
        database = ground.database(template)
        with psycopg.connect(database.url, autocommit=True) as session:
            taken = seconds(lambda: session.execute(ALL_OF_ONE_OUTCOME.format(success=success)))
        ground.drop(database)
        return taken

    failing, succeeding = in_turn(lambda: takes("false"), lambda: takes("true"), rounds)
    ground.drop(template)
    return Row("a batch of 10,000 failures", "of 10,000 successes", failing, succeeding, "s", failing / succeeding, 1.5)


def _beside_an_idle_one(database: Database) -> Row:
    with (
        psycopg.connect(database.url) as idle,
        psycopg.connect(database.url, autocommit=True) as reporting,
    ):
        idle.execute(FAILURE)
        slowest = max(seconds(lambda: reporting.execute(FAILURE)) for _ in range(20))
    return Row(
        "the slowest of 20 failures beside one idle in its transaction", "a second", slowest, 1, "s", slowest, 1.2
    )
