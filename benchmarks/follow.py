"""What following the host's table of jobs costs: a job that ends, with and without the trigger."""

from __future__ import annotations

from benchmarks.ground import Database, Ground
from benchmarks.measure import Row, in_turn

JOBS = """
    insert into progressive_capture_jobs (
        id, job_type, repository_id, processor_type, status, metadata, created_at, started_at)
    select md5('job-' || n)::uuid, 'recent', md5('acme/repo-' || (n % 1000 + 1))::uuid, 'github_actions', 'processing',
           '{"rollout_applied": true}', now(), now()
    from generate_series(1, 100000) n
"""
# The two updates of a job: it begins, and ends; one in a hundred fails.
LIFE = """\\set n random(1, 100000)
update progressive_capture_jobs set status = 'processing', started_at = now() where id = md5('job-' || :n)::uuid;
update progressive_capture_jobs
set completed_at = now(), status = case when random() < 0.01 then 'failed' else 'completed' end
where id = md5('job-' || :n)::uuid;
"""


def run(ground: Ground, quick: bool) -> list[Row]:
    length, rounds = (2, 3) if quick else (8, 5)
    followed, bare = _database(ground), _database(ground)
    followed.run("""select rollout_configure('{"follow_jobs": true, "max_error_rate": 100}')""")
    ours, theirs = in_turn(lambda: followed.pgbench(LIFE, length), lambda: bare.pgbench(LIFE, length), rounds)
    ground.drop(followed, bare)
    return [
        Row("a job that begins and ends, followed", "the two bare updates", ours, theirs, "jobs/s", theirs / ours, 1.6,
            note="each ends in a report with its breaker: another row of metrics, of counters, and an id"),
    ]  # fmt: skip


def _database(ground: Ground) -> Database:
    database = ground.database()
    database.fill(1_000)
    database.run("select rollout_categorize_batch(100000)", JOBS, "vacuum analyze progressive_capture_jobs")
    return database
