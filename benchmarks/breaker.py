"""The breaker: jobs that still run at the old percentage after the one that crosses the threshold.

Real SQL, logical time: eight clients ask is_repository_eligible_for_rollout for each job and report it with
record_rollout_job as fast as the machine allows. The rate of jobs decides how many healthy ones of the last
minute are in the window when every second job begins to fail, how many follow the crossing one, and how many a
check every 15 minutes would let through.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from dataclasses import dataclass

import psycopg

from benchmarks.ground import Database, Ground
from benchmarks.measure import Row
from tests.support.rows import one_row

CLIENTS = 8
INTERVAL = 15 * 60  # seconds between two checks of the yardstick
REPOSITORIES = 1_000
HEALTHY = """
    insert into rollout_metrics (rollout_config_id, repository_id, processor_type, treated, success_count,
                                 error_count, total_jobs, metrics_window_start, metrics_window_end, timed_jobs,
                                 processing_seconds)
    select c.id, md5('acme/repo-1')::uuid, 'inngest', true, {jobs}, 0, {jobs}, now() - interval '1 minute', now(),
           {jobs}, 1
    from rollout_configuration c
"""
REPORT = "select record_rollout_job(md5('acme/repo-' || %s)::uuid, 'inngest', %s, 30, 'boom', treated => true)"
TRIPPED = "select rollout_percentage = 0 from rollout_configuration where is_active"


@dataclass(frozen=True)
class Job:
    """A job as its client saw it: when it asked, whether it was let in, and whether its report made or met the trip."""

    asked: float
    admitted: bool
    reported: float = 0.0
    tripped: bool = False


def run(ground: Ground, quick: bool) -> list[Row]:
    return [_at(ground, rate) for rate in ((10, 100) if quick else (10, 100, 1_000))]


def _at(ground: Ground, rate: int) -> Row:
    database = ground.database()
    database.fill(REPOSITORIES)
    database.run("select rollout_categorize_batch(100000)", HEALTHY.format(jobs=rate * 60))
    jobs = Simulation(database, jobs_after=max(100, 2 * rate)).run()
    ground.drop(database)
    # Whoever else finds the trip sees it once it is committed.
    crossing = min(job.reported for job in jobs if job.tripped)
    after = [job for job in jobs if job.asked > crossing]
    on_the_way = sum(job.admitted and job.asked <= crossing < job.reported for job in jobs)
    return Row(
        f"jobs at the old percentage after the breaker, {rate:,} jobs/s", "a check every 15 minutes",
        sum(job.admitted for job in after), INTERVAL * rate, "jobs", sum(job.admitted for job in after), 0.0,
        note=f"{len(after):,} jobs asked after the crossing one; {on_the_way} were under way",
    )  # fmt: skip


class Simulation:
    """Eight clients that ask and report, until so many jobs have come after the rollback."""

    def __init__(self, database: Database, jobs_after: int) -> None:
        self.database = database
        self.jobs_after = jobs_after
        self.jobs: list[Job] = []
        self.numbers = itertools.count()
        self.left_out_in_a_row = 0

    def run(self) -> list[Job]:
        clients = [threading.Thread(target=self._work, args=(seed,)) for seed in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        return sorted(self.jobs, key=lambda job: job.asked)

    def _work(self, seed: int) -> None:
        chance = random.Random(seed)
        with psycopg.connect(self.database.url, autocommit=True) as connection:
            # At 40 % a hundred that are left out one after the other do not happen while the rollout is on.
            while self.left_out_in_a_row < self.jobs_after:
                job = self._job(connection, chance.randint(1, REPOSITORIES), next(self.numbers))
                self.jobs.append(job)
                self.left_out_in_a_row = 0 if job.admitted else self.left_out_in_a_row + 1

    def _job(self, connection: psycopg.Connection, repository: int, number: int) -> Job:
        asked = time.monotonic()
        question = "select is_repository_eligible_for_rollout(md5('acme/repo-' || %s)::uuid)"
        if not one_row(connection.execute(question, (repository,)))[0]:
            return Job(asked, admitted=False)
        with connection.transaction():
            connection.execute(REPORT, (repository, number % 2 == 0))
            (tripped,) = one_row(connection.execute(TRIPPED))
        return Job(asked, True, time.monotonic(), tripped)
