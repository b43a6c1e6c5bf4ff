"""Many who report at once: in batches, failing, fifty and two hundred of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.ground import Database, Ground
from benchmarks.jobs import REPORT
from benchmarks.measure import Row, in_turn
from tests.support.pgbouncer import pgbouncer

SUCCEEDING, FAILING = (REPORT.replace("random() > 0.01", success) for success in ("true", "false"))
BATCH = """
select record_rollout_jobs((
    select jsonb_agg(jsonb_build_object(
        'repo_id', md5('acme/repo-' || 1 + (random() * 999)::integer)::uuid,
        'processor', case when n % 2 = 0 then 'inngest' else 'github_actions' end,
        'success', random() > 0.01, 'processing_seconds', 30, 'error_message', 'boom'))
    from generate_series(1, 100) n))
"""
NEVER_IN_BREACH = "update rollout_configuration set max_error_rate = 99.99"


def run(ground: Ground, quick: bool) -> list[Row]:
    length, rounds = (2, 3) if quick else (6, 5)
    database = ground.database()
    database.fill(1_000, jobs=100_000)
    database.run("select rollout_categorize_batch(100000)", NEVER_IN_BREACH)
    rows = [
        _batches(database, length, rounds),
        *_crowds(database, length, rounds),
        *(_failing(database, clients, "the breaker armed", length, rounds) for clients in (8, 50)),
    ]
    database.run("select rollout_emergency_stop('measured')")
    rows += [_failing(database, clients, "after a stop", length, rounds) for clients in (8, 50)]
    ground.drop(database)
    return rows


def _batches(database: Database, length: int, rounds: int) -> Row:
    ours, theirs = in_turn(
        lambda: 100 * database.pgbench(BATCH, length), lambda: database.pgbench(REPORT, length), rounds
    )
    return Row("record_rollout_jobs, batches of 100", "record_rollout_job", ours, theirs, "jobs/s",
               ours / theirs, 15, at_least=True)  # fmt: skip


def _crowds(database: Database, length: int, rounds: int) -> Iterator[Row]:
    many, few = in_turn(
        lambda: database.pgbench(REPORT, length, clients=50), lambda: database.pgbench(REPORT, length), rounds
    )
    yield Row("record_rollout_job, 50 clients", "8 clients", many, few, "jobs/s", many / few, 0.95, at_least=True)
    with pgbouncer(database.url, sessions=8) as through:
        pooled = Database(through)
        many, few = in_turn(
            lambda: pooled.pgbench(REPORT, length, clients=200, mode="simple"),
            lambda: database.pgbench(REPORT, length, mode="simple"),
            rounds,
        )
    yield Row("record_rollout_job, 200 clients through a pooler", "8 clients", many, few, "jobs/s",
              many / few, 1.0, at_least=True, note="pgbouncer, 8 sessions; nothing prepared")  # fmt: skip


def _failing(database: Database, clients: int, state: str, length: int, rounds: int) -> Row:
    ours, theirs = in_turn(
        lambda: database.pgbench(FAILING, length, clients),
        lambda: database.pgbench(SUCCEEDING, length, clients),
        rounds,
    )
    return Row(f"all jobs fail, {clients} clients, {state}", "all succeed", ours, theirs, "jobs/s",
               ours / theirs, 0.95, at_least=True)  # fmt: skip


@contextmanager
def reporting(database: Database, script: str, clients: int) -> Iterator[None]:
    """Have clients report until the end of the block."""
    over = threading.Event()

    def report() -> None:
        while not over.is_set():
            database.pgbench(script, 2, clients)

    reporters = threading.Thread(target=report)
    reporters.start()
    try:
        yield
    finally:
        over.set()
        reporters.join()
